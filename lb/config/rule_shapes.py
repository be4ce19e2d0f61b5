"""The shape of rules and actions for editors: JSON Schema only.

`rules.parse_ruleset` is what checks rules. These models exist so that an editor can complete
`AuthenticateOidcConfig` and show what it holds; a test keeps the two in step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_pascal


class Shape(BaseModel):
    """A mapping inside a rule."""

    model_config = ConfigDict(
        alias_generator=to_pascal, extra="forbid", use_attribute_docstrings=True, defer_build=True
    )


class WeightedGroup(Shape):
    """A target group and its share."""

    target_group_arn: str
    """Name or ARN of a target group."""
    weight: Annotated[int, Field(ge=0, le=999)] = 1
    """Share among the groups of the action; 0 receives nothing."""


class Stickiness(Shape):
    """Keeps a client on the group it was first sent to."""

    enabled: bool = False
    """On or off."""
    duration_seconds: Annotated[int, Field(ge=1, le=604800)] = 3600
    """How long."""


class ForwardConfig(Shape):
    """Several weighted target groups."""

    target_groups: Annotated[list[WeightedGroup], Field(min_length=1, max_length=5)]
    """One to five groups."""
    target_group_stickiness_config: Stickiness | None = None
    """Stickiness of the choice of group."""


class RedirectConfig(Shape):
    """Members may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}`."""

    protocol: str = "#{protocol}"
    """`HTTP`, `HTTPS` or `#{protocol}`."""
    port: str | int = "#{port}"
    """1 to 65535 or `#{port}`."""
    host: str = "#{host}"
    """Host name."""
    path: str = "/#{path}"
    """Path, beginning with `/`."""
    query: str = "#{query}"
    """Query without `?`."""
    status_code: Literal["HTTP_301", "HTTP_302"]
    """Permanent or temporary."""


class FixedResponseConfig(Shape):
    """A short answer of the load balancer."""

    status_code: str | int
    """2xx, 4xx or 5xx."""
    content_type: Literal[
        "text/plain", "text/css", "text/html", "application/javascript", "application/json"
    ] = "text/plain"
    """Content type."""
    message_body: Annotated[str, Field(max_length=1024)] = ""
    """Body, up to 1024 bytes."""


class SessionShape(Shape):
    """What both authenticating actions have in common."""

    session_cookie_name: str = "AWSELBAuthSessionCookie"
    """Name of the session cookie; `-0`, `-1`... are added."""
    scope: str = "openid"
    """Scopes, separated by spaces; `openid` is needed."""
    session_timeout: Annotated[int | str, Field()] = 604800
    """Seconds from login, 1 to 604800."""
    on_unauthenticated_request: Literal["authenticate", "allow", "deny"] = "authenticate"
    """Log in, let pass without identity, or answer 401."""
    authentication_request_extra_params: Annotated[dict[str, str], Field(max_length=10)] = {}
    """Parameters for the provider's authorization endpoint."""


class AuthenticateCognitoConfig(SessionShape):
    """Log in at a user pool."""

    user_pool_arn: str
    """Name, id or ARN of a pool in this file."""
    user_pool_client_id: str
    """Id or name of an app client of the pool."""
    user_pool_domain: str = ""
    """Domain prefix; default: the pool's own."""


class AuthenticateOidcConfig(SessionShape):
    """Log in at an OpenID provider."""

    issuer: str
    """Issuer, as in the provider's id tokens."""
    client_id: str
    """Client id at the provider."""
    client_secret: str
    """Client secret; best a reference such as `${OIDC_CLIENT_SECRET}`."""
    authorization_endpoint: str = ""
    """Absent: discovered at the issuer."""
    token_endpoint: str = ""
    """Absent: discovered at the issuer."""
    user_info_endpoint: str = ""
    """Absent: discovered at the issuer."""
    use_existing_client_secret: bool = False
    """Has no meaning here; accepted for pasted documents."""


class AdditionalClaim(Shape):
    """A claim that the token must hold."""

    format: Literal["single-string", "string-array", "space-separated-values"]
    """How the claim is shaped."""
    name: str
    """Name of the claim."""
    values: list[str]
    """One of these must be there."""


class JwtValidationConfig(Shape):
    """Let only requests with a valid bearer token pass."""

    jwks_endpoint: str
    """URL of the issuer's key set."""
    issuer: str
    """The token's `iss`."""
    additional_claims: Annotated[list[AdditionalClaim], Field(max_length=10)] = []
    """Further claims."""


class Action(Shape):
    """One action."""

    type: Literal[
        "authenticate-cognito", "authenticate-oidc", "jwt-validation", "forward", "redirect", "fixed-response"
    ]
    """Kind of action."""
    order: int | None = None
    """Order among the actions of the rule, 1 to 50000."""
    target_group_arn: str | None = None
    """forward: name or ARN of a single target group."""
    forward_config: ForwardConfig | None = None
    """forward: several weighted groups."""
    redirect_config: RedirectConfig | None = None
    """redirect: where to."""
    fixed_response_config: FixedResponseConfig | None = None
    """fixed-response: what to answer."""
    authenticate_cognito_config: AuthenticateCognitoConfig | None = None
    """authenticate-cognito: which pool and client."""
    authenticate_oidc_config: AuthenticateOidcConfig | None = None
    """authenticate-oidc: which provider."""
    jwt_validation_config: JwtValidationConfig | None = None
    """jwt-validation: which issuer and claims."""


class PatternValues(Shape):
    """Patterns with `*` and `?`."""

    values: list[str] = []
    """Wildcard patterns."""
    regex_values: list[str] = []
    """Regular expressions."""


class HttpHeaderConfig(PatternValues):
    """A request header."""

    http_header_name: str
    """Name of the header."""


class MethodConfig(Shape):
    """Request methods."""

    values: list[str]
    """Methods, case-sensitive."""


class QueryPair(Shape):
    """A query parameter."""

    key: str | None = None
    """Name; absent: any parameter."""
    value: str
    """Pattern of the value."""


class QueryStringConfig(Shape):
    """Query parameters."""

    values: list[QueryPair]
    """Pairs of name and value."""


class SourceIpConfig(Shape):
    """Addresses of the TCP peer."""

    values: list[str]
    """CIDR blocks."""


class Condition(Shape):
    """One condition."""

    field: Literal[
        "host-header", "path-pattern", "http-header", "http-request-method", "query-string", "source-ip"
    ]
    """What is looked at."""
    values: list[str] | None = None
    """Short form for host-header and path-pattern."""
    host_header_config: PatternValues | None = None
    """host-header: patterns of the host."""
    path_pattern_config: PatternValues | None = None
    """path-pattern: patterns of the path."""
    http_header_config: HttpHeaderConfig | None = None
    """http-header: name and patterns."""
    http_request_method_config: MethodConfig | None = None
    """http-request-method: methods."""
    query_string_config: QueryStringConfig | None = None
    """query-string: parameters."""
    source_ip_config: SourceIpConfig | None = None
    """source-ip: CIDR blocks."""


class Rewrite(Shape):
    """A replacement."""

    regex: str
    """What is found."""
    replace: str
    """What takes its place; `$1` is the first group."""


class RewriteConfig(Shape):
    """The replacement of a transform."""

    rewrites: Annotated[list[Rewrite], Field(min_length=1, max_length=1)]
    """Exactly one."""


class Transform(Shape):
    """Rewrites the request before it goes to a target."""

    type: Literal["host-header-rewrite", "url-rewrite"]
    """What is rewritten."""
    host_header_rewrite_config: RewriteConfig | None = None
    """host-header-rewrite: the replacement."""
    url_rewrite_config: RewriteConfig | None = None
    """url-rewrite: the replacement."""


class Rule(Shape):
    """One rule."""

    priority: Annotated[int, Field(ge=1, le=50000)]
    """Place in the order; unique in the listener."""
    conditions: Annotated[list[Condition], Field(min_length=1)]
    """All must hold."""
    actions: Annotated[list[Action], Field(min_length=1)]
    """What to do."""
    transforms: list[Transform] = []
    """How to rewrite the request."""


@dataclass(frozen=True, slots=True)
class ShownAs:
    """Annotation of a field that is checked elsewhere: a list of `shape` in the JSON Schema, made when
    asked for.
    """

    shape: type[Shape]

    def __get_pydantic_json_schema__(self, _: object, handler: object) -> dict[str, Any]:
        return {"type": "array", "items": schema_of(self.shape)}


def schema_of(shape: type[Shape]) -> dict[str, Any]:
    """Return the JSON Schema of `shape` without references, so that it can stand inside another schema."""
    schema = TypeAdapter(shape).json_schema(by_alias=True)
    definitions = schema.pop("$defs", {})
    inlined: dict[str, Any] = _inline(schema, definitions)
    return inlined


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            target = definitions[node["$ref"].rsplit("/", 1)[1]]
            return _inline(target | {key: value for key, value in node.items() if key != "$ref"}, definitions)
        return {key: _inline(value, definitions) for key, value in node.items()}
    if isinstance(node, list):
        return [_inline(item, definitions) for item in node]
    return node
