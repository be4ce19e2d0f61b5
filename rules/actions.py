"""The actions of a rule, as data.

Names and values are those of the elbv2 API (`Actions[].Type` and its `*Config` members), with names in
place of ARNs. What an action *does* is the business of `lb`; a rule holds at most one pre-action
(authenticate-*, jwt-validation) and exactly one routing action (forward, redirect, fixed-response).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class OnUnauthenticatedRequest(Enum):
    """What an authenticate action does with a request that carries no valid session."""

    AUTHENTICATE = "authenticate"
    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class WeightedTargetGroup:
    """A target group by name and its weight, 0 to 999; weight 0 receives nothing."""

    name: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class TargetGroupStickiness:
    """Keep a client on the target group it was first sent to, for `duration_seconds` (1 to 604800)."""

    enabled: bool = False
    duration_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Forward:
    """`forward`: send the request to one of up to five weighted target groups."""

    target_groups: tuple[WeightedTargetGroup, ...]
    stickiness: TargetGroupStickiness = TargetGroupStickiness()


@dataclass(frozen=True, slots=True)
class Redirect:
    """`redirect`: answer 301 or 302; the members may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}`,
    `#{query}`.
    """

    status_code: int
    protocol: str = "#{protocol}"
    port: str = "#{port}"
    host: str = "#{host}"
    path: str = "/#{path}"
    query: str = "#{query}"


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """`fixed-response`: answer a status 2xx, 4xx or 5xx with a short body."""

    status_code: int
    content_type: str = "text/plain"
    message_body: str = ""


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """What authenticate-cognito and authenticate-oidc have in common."""

    session_cookie_name: str = "AWSELBAuthSessionCookie"
    scope: str = "openid"
    session_timeout: int = 604800
    """Seconds from login, absolute."""
    on_unauthenticated_request: OnUnauthenticatedRequest = OnUnauthenticatedRequest.AUTHENTICATE
    authentication_request_extra_params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AuthenticateCognito:
    """`authenticate-cognito`: log in at a user pool.

    `user_pool` is the pool's name, id or ARN; `user_pool_client_id` an app client's id or name;
    `user_pool_domain` the domain prefix or a whole host (empty: the pool's own).
    """

    user_pool: str
    user_pool_client_id: str
    user_pool_domain: str = ""
    session: SessionPolicy = SessionPolicy()


@dataclass(frozen=True, slots=True, repr=False)
class AuthenticateOidc:
    """`authenticate-oidc`: log in at an OpenID provider.

    ALB wants the three endpoints spelt out; here they may be empty, and discovery at `issuer` fills them.
    """

    issuer: str
    client_id: str
    client_secret: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    user_info_endpoint: str = ""
    session: SessionPolicy = SessionPolicy()

    def __repr__(self) -> str:
        # The secret must never reach a log through a repr.
        return f"AuthenticateOidc(issuer={self.issuer!r}, client_id={self.client_id!r})"


class ClaimFormat(Enum):
    """How a claim of a bearer token is shaped (`AdditionalClaims[].Format`)."""

    SINGLE_STRING = "single-string"
    STRING_ARRAY = "string-array"
    SPACE_SEPARATED_VALUES = "space-separated-values"


@dataclass(frozen=True, slots=True)
class AdditionalClaim:
    """A claim that must be present and hold one of `values`."""

    name: str
    format: ClaimFormat
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JwtValidation:
    """`jwt-validation`: let only requests pass that carry a valid bearer token."""

    jwks_endpoint: str
    issuer: str
    additional_claims: tuple[AdditionalClaim, ...] = ()


PreAction = AuthenticateCognito | AuthenticateOidc | JwtValidation
RoutingAction = Forward | Redirect | FixedResponse
Action = PreAction | RoutingAction
