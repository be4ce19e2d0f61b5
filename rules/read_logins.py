"""Read the pre-actions: authenticate-cognito, authenticate-oidc and jwt-validation.

Source: elbv2 `AuthenticateCognitoActionConfig`, `AuthenticateOidcActionConfig`,
`JwtValidationActionConfig`. Two things are wider than AWS: the three OIDC endpoints may be left to
discovery, and plain http is accepted towards this machine.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from rules.actions import (
    AdditionalClaim,
    AuthenticateCognito,
    AuthenticateOidc,
    ClaimFormat,
    JwtValidation,
    OnUnauthenticatedRequest,
    SessionPolicy,
)
from rules.authority import find_endpoint_fault
from rules.reading import Section, suggest

_SESSION = (
    "SessionCookieName",
    "Scope",
    "SessionTimeout",
    "OnUnauthenticatedRequest",
    "AuthenticationRequestExtraParams",
)
COGNITO = ("UserPoolArn", "UserPoolClientId", "UserPoolDomain", *_SESSION)
_ENDPOINTS = ("AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint")
OIDC = ("Issuer", *_ENDPOINTS, "ClientId", "ClientSecret", "UseExistingClientSecret", *_SESSION)
JWT = ("JwksEndpoint", "Issuer", "AdditionalClaims")

_COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_RESERVED_COOKIES = re.compile(r"AWSALB.*", re.IGNORECASE)
"""The cookies of stickiness and of logins under way."""
_SECURE_COOKIES = re.compile(r"__(?:Host|Secure)-.*", re.IGNORECASE)
_SCOPE = re.compile(r"[!#-\[\]-~]+(?: +[!#-\[\]-~]+)*")
# The login would break, or lose its protection, if a rule could set these itself.
_RESERVED_PARAMS = frozenset(
    {
        "client_id",
        "client_secret",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)
_RESERVED_CLAIMS = frozenset({"exp", "iss", "nbf", "iat"})
_POOL_ARN = re.compile(r"arn:[^:]+:cognito-idp:[^:]*:[^:]*:userpool/([^/\s]+)")


def read_cognito(config: Section) -> AuthenticateCognito | None:
    """Return the authenticate-cognito action that `config` describes."""
    pool = config.text("UserPoolArn", required=True)
    client = config.text("UserPoolClientId", required=True)
    domain = config.text("UserPoolDomain")
    session = _read_session(config)
    if pool is None or client is None:
        return None
    name = _pool_name(config, pool)
    if domain is not None and not re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", domain):
        config.report(
            "ValidationError", "must be a domain prefix or a host, without https://", "UserPoolDomain"
        )
    return AuthenticateCognito(name, client, domain or "", session)


def _pool_name(config: Section, text: str) -> str:
    name = text
    if text.startswith("arn:"):
        match = _POOL_ARN.fullmatch(text)
        if match is None:
            config.report("ValidationError", "is not the ARN of a user pool", "UserPoolArn")
            return text
        name = match[1]
    check_known(config, name, config.scope.known_user_pools, "UserPoolArn")
    return name


def check_known(section: Section, name: str, known: Collection[str] | None, member: str) -> None:
    """Report a target group or user pool that is not among `known`."""
    if known is None or name in known:
        return
    kind = "UserPool" if member == "UserPoolArn" else "TargetGroup"
    words = "user pool" if kind == "UserPool" else "target group"
    section.report(f"{kind}NotFound", f"there is no {words} {name!r}{suggest(name, known)}", member)


def read_oidc(config: Section) -> AuthenticateOidc | None:
    """Return the authenticate-oidc action that `config` describes."""
    issuer = _read_url(config, "Issuer", required=True)
    authorization, token, user_info = (_read_url(config, name) or "" for name in _ENDPOINTS)
    client = config.text("ClientId", required=True)
    if config.flag("UseExistingClientSecret"):
        message = "there is no earlier version to take the secret from; give ClientSecret"
        config.report("ValidationError", message, "UseExistingClientSecret")
    secret = config.text("ClientSecret", required=True)
    session = _read_session(config)
    if issuer is None or client is None or secret is None:
        return None
    return AuthenticateOidc(
        issuer,
        client,
        secret,
        authorization_endpoint=authorization,
        token_endpoint=token,
        user_info_endpoint=user_info,
        session=session,
    )


def read_jwt(config: Section) -> JwtValidation | None:
    """Return the jwt-validation action that `config` describes."""
    limits = config.scope.limits
    jwks = _read_url(config, "JwksEndpoint", required=True, longest=limits.url)
    issuer = config.text("Issuer", required=True, longest=limits.url)
    sections = config.sections("AdditionalClaims", ("Format", "Name", "Values"))
    if len(sections) > limits.additional_claims:
        message = f"at most {limits.additional_claims} additional claims; these are {len(sections)}"
        config.report("ValidationError", message, "AdditionalClaims")
    claims = tuple(claim for claim in map(_read_claim, sections) if claim is not None)
    return None if jwks is None or issuer is None else JwtValidation(jwks, issuer, claims)


def _read_claim(section: Section) -> AdditionalClaim | None:
    limits = section.scope.limits
    formats = {member.value: member for member in ClaimFormat}
    shape = section.choice("Format", tuple(formats), required=True)
    name = section.text("Name", required=True)
    values = section.texts("Values", required=True, longest=limits.claim_value)
    if name in _RESERVED_CLAIMS:
        section.report(
            "ValidationError", f"{name} is always checked; it cannot be an additional claim", "Name"
        )
    if len(values) > limits.claim_values:
        section.report(
            "ValidationError", f"at most {limits.claim_values} values; these are {len(values)}", "Values"
        )
    for at, value in values:
        if shape == "space-separated-values" and " " in value:
            section.report(
                "ValidationError", "must not hold a space: the claim is split at spaces", "Values", at
            )
    if shape is None or name is None:
        return None
    return AdditionalClaim(name, formats[shape], tuple(value for _, value in values))


def _read_url(config: Section, name: str, *, required: bool = False, longest: int = 0) -> str | None:
    url = config.text(name, required=required, longest=longest)
    fault = find_endpoint_fault(url) if url is not None else None
    if fault is None and url is not None and name == "Issuer" and "?" in url:
        # OpenID Connect Core, 2: an issuer has no query; it is compared byte by byte with the token's.
        fault = "must not have a query"
    if fault:
        config.report("ValidationError", fault, name)
    return url


def _read_session(config: Section) -> SessionPolicy:
    plain = SessionPolicy()
    modes: Mapping[str, OnUnauthenticatedRequest] = {
        member.value: member for member in OnUnauthenticatedRequest
    }
    cookie = config.text("SessionCookieName")
    scope = config.text("Scope")
    timeout = config.integer("SessionTimeout", 1, config.scope.limits.session_timeout)
    mode = config.choice("OnUnauthenticatedRequest", tuple(modes))
    params = _read_params(config)
    if cookie is not None:
        _check_cookie_name(config, cookie)
    if scope is not None:
        _check_scope(config, scope)
    return SessionPolicy(
        session_cookie_name=cookie or plain.session_cookie_name,
        scope=scope or plain.scope,
        session_timeout=timeout or plain.session_timeout,
        on_unauthenticated_request=modes[mode] if mode else plain.on_unauthenticated_request,
        authentication_request_extra_params=params,
    )


def _check_cookie_name(config: Section, name: str) -> None:
    if not _COOKIE_NAME.fullmatch(name) or len(name) > 64:
        message = "a cookie name may hold letters, digits and !#$%&'*+-.^_`|~, at most 64 of them"
        config.report("ValidationError", message, "SessionCookieName")
    elif _RESERVED_COOKIES.fullmatch(name):
        config.report("ValidationError", f"the cookie name {name} is reserved", "SessionCookieName")
    elif _SECURE_COOKIES.fullmatch(name) and config.scope.listener_protocol != "HTTPS":
        message = f"browsers keep a cookie called {name} on HTTPS listeners only"
        config.report("ValidationError", message, "SessionCookieName")


def _check_scope(config: Section, scope: str) -> None:
    if not _SCOPE.fullmatch(scope):
        config.report("ValidationError", "must be scopes separated by single spaces (RFC 6749, 3.3)", "Scope")
    elif "openid" not in scope.split():
        message = "without the scope openid the provider gives no ID token, and every login fails"
        config.warn("ScopeWithoutOpenid", message, "Scope")


def _read_params(config: Section) -> tuple[tuple[str, str], ...]:
    member = "AuthenticationRequestExtraParams"
    found = config.value(member)
    if found is None:
        return ()
    if not isinstance(found, Mapping):
        config.report("ValidationError", "must be a mapping of parameter names to texts", member)
        return ()
    limit = config.scope.limits.extra_params
    if len(found) > limit:
        config.report("ValidationError", f"at most {limit} parameters; these are {len(found)}", member)
    for name, value in found.items():
        if not isinstance(name, str) or not name:
            config.report("ValidationError", f"{name!r} is not a parameter name", member)
        elif name in _RESERVED_PARAMS:
            config.report("ValidationError", f"{name} is set by the load balancer itself", member, name)
        config.check_text(value, member, str(name), empty=True)
    return tuple(
        (name, value) for name, value in found.items() if isinstance(name, str) and isinstance(value, str)
    )
