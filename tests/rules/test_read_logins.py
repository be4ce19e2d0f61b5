"""The pre-actions in documents."""

from typing import Any

import pytest

from rules import (
    AdditionalClaim,
    AuthenticateCognito,
    AuthenticateOidc,
    ClaimFormat,
    InvalidRules,
    JwtValidation,
    OnUnauthenticatedRequest,
    SessionPolicy,
    parse_ruleset,
)
from tests.support.rules_heads import FORWARD, places_of, problems_of

COGNITO: dict[str, Any] = {"UserPoolArn": "demo", "UserPoolClientId": "web"}
OIDC: dict[str, Any] = {"Issuer": "https://idp.example.com", "ClientId": "id", "ClientSecret": "hunter2"}
JWT: dict[str, Any] = {"JwksEndpoint": "https://idp.example.com/jwks", "Issuer": "https://idp.example.com"}


def document(kind: str, config: object) -> dict[str, Any]:
    member = "".join(map(str.title, kind.split("-"))) + "Config"
    pre = {"Type": kind, "Order": 1, member: config}
    return {"DefaultActions": [pre, {**FORWARD[0], "Order": 2}]}


def cognito(**members: Any) -> dict[str, Any]:
    return document("authenticate-cognito", {**COGNITO, **members})


def oidc(**members: Any) -> dict[str, Any]:
    return document("authenticate-oidc", {**OIDC, **members})


def jwt(**members: Any) -> dict[str, Any]:
    return document("jwt-validation", {**JWT, **members})


def claim(**members: Any) -> dict[str, Any]:
    return {"Format": "single-string", "Name": "team", "Values": ["a"], **members}


def test_cognito_is_read_with_the_defaults_of_aws() -> None:
    assert parse_ruleset(cognito()).default.pre_action == AuthenticateCognito(
        "demo", "web", "", SessionPolicy()
    )


def test_pool_id_is_taken_from_an_arn() -> None:
    action = parse_ruleset(
        cognito(
            UserPoolArn="arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Ab",
            UserPoolDomain="demo",
        )
    ).default.pre_action
    assert action == AuthenticateCognito("eu-west-1_Ab", "web", "demo")


def test_session_policy_is_read_whole() -> None:
    action = parse_ruleset(
        cognito(
            SessionCookieName="mine",
            Scope="openid email",
            SessionTimeout="60",
            OnUnauthenticatedRequest="deny",
            AuthenticationRequestExtraParams={"prompt": "login", "display": ""},
        )
    ).default.pre_action
    assert isinstance(action, AuthenticateCognito)
    assert action.session == SessionPolicy(
        "mine", "openid email", 60, OnUnauthenticatedRequest.DENY, (("prompt", "login"), ("display", ""))
    )


def test_oidc_endpoints_may_be_left_to_discovery() -> None:
    plain = parse_ruleset(oidc()).default.pre_action
    assert plain == AuthenticateOidc("https://idp.example.com", "id", "hunter2")
    full = parse_ruleset(
        oidc(
            AuthorizationEndpoint="https://idp.example.com/a",
            TokenEndpoint="https://idp.example.com/t",
            UserInfoEndpoint="https://idp.example.com/u",
            UseExistingClientSecret=False,
        )
    ).default.pre_action
    assert isinstance(full, AuthenticateOidc)
    assert (full.authorization_endpoint, full.token_endpoint, full.user_info_endpoint) == (
        "https://idp.example.com/a",
        "https://idp.example.com/t",
        "https://idp.example.com/u",
    )


def test_jwt_is_read_with_its_claims() -> None:
    ruleset = parse_ruleset(
        jwt(
            AdditionalClaims=[
                claim(),
                claim(Format="space-separated-values", Name="scope", Values=["r", "w"]),
            ]
        )
    )
    assert ruleset.default.pre_action == JwtValidation(
        JWT["JwksEndpoint"],
        JWT["Issuer"],
        (
            AdditionalClaim("team", ClaimFormat.SINGLE_STRING, ("a",)),
            AdditionalClaim("scope", ClaimFormat.SPACE_SEPARATED_VALUES, ("r", "w")),
        ),
    )


def test_a_session_cookie_that_no_sibling_domain_can_plant_is_allowed_over_https() -> None:
    source = cognito(SessionCookieName="__Host-session")
    action = parse_ruleset(source, listener_protocol="HTTPS").default.pre_action
    assert isinstance(action, AuthenticateCognito)
    assert action.session.session_cookie_name == "__Host-session"
    with pytest.raises(InvalidRules, match="HTTPS listeners only"):
        parse_ruleset(source, listener_protocol="HTTP")


COGNITO_AT = "DefaultActions[0].AuthenticateCognitoConfig"
OIDC_AT = "DefaultActions[0].AuthenticateOidcConfig"
JWT_AT = "DefaultActions[0].JwtValidationConfig"
PARAMS = f"{COGNITO_AT}.AuthenticationRequestExtraParams"


@pytest.mark.parametrize(
    ("source", "place", "code"),
    [
        (cognito(UserPoolArn=None), COGNITO_AT, "MissingMember"),
        (cognito(UserPoolClientId=None), COGNITO_AT, "MissingMember"),
        (cognito(UserPoolArn="arn:aws:iam::1:role/x"), f"{COGNITO_AT}.UserPoolArn", "ValidationError"),
        (cognito(UserPoolDomain="https://x"), f"{COGNITO_AT}.UserPoolDomain", "ValidationError"),
        (cognito(UserPoolId="x"), f"{COGNITO_AT}.UserPoolId", "UnknownMember"),
        (cognito(SessionCookieName="a b"), f"{COGNITO_AT}.SessionCookieName", "ValidationError"),
        (cognito(SessionCookieName="a" * 65), f"{COGNITO_AT}.SessionCookieName", "ValidationError"),
        (cognito(SessionCookieName="AWSALBTG"), f"{COGNITO_AT}.SessionCookieName", "ValidationError"),
        (cognito(SessionCookieName="__Host-x"), f"{COGNITO_AT}.SessionCookieName", "ValidationError"),
        (cognito(Scope="openid\temail"), f"{COGNITO_AT}.Scope", "ValidationError"),
        (cognito(SessionTimeout=0), f"{COGNITO_AT}.SessionTimeout", "ValidationError"),
        (cognito(SessionTimeout=604_801), f"{COGNITO_AT}.SessionTimeout", "ValidationError"),
        (
            cognito(OnUnauthenticatedRequest="Deny"),
            f"{COGNITO_AT}.OnUnauthenticatedRequest",
            "ValidationError",
        ),
        (cognito(AuthenticationRequestExtraParams=["x"]), PARAMS, "ValidationError"),
        (
            cognito(AuthenticationRequestExtraParams={f"p{at}": "x" for at in range(11)}),
            PARAMS,
            "ValidationError",
        ),
        (cognito(AuthenticationRequestExtraParams={"state": "x"}), f"{PARAMS}.state", "ValidationError"),
        (
            cognito(AuthenticationRequestExtraParams={"redirect_uri": "x"}),
            f"{PARAMS}.redirect_uri",
            "ValidationError",
        ),
        (cognito(AuthenticationRequestExtraParams={"max_age": 60}), f"{PARAMS}.max_age", "ValidationError"),
        (cognito(AuthenticationRequestExtraParams={"": "x"}), PARAMS, "ValidationError"),
        (oidc(Issuer=None), OIDC_AT, "MissingMember"),
        (oidc(ClientId=None), OIDC_AT, "MissingMember"),
        (oidc(ClientSecret=None), OIDC_AT, "MissingMember"),
        (oidc(UseExistingClientSecret=True), f"{OIDC_AT}.UseExistingClientSecret", "ValidationError"),
        (oidc(Issuer="http://idp.example.com"), f"{OIDC_AT}.Issuer", "ValidationError"),
        (oidc(Issuer="https://idp.example.com?x"), f"{OIDC_AT}.Issuer", "ValidationError"),
        (oidc(TokenEndpoint="http://idp.example.com/t"), f"{OIDC_AT}.TokenEndpoint", "ValidationError"),
        (oidc(UserInfoEndpoint="/userinfo"), f"{OIDC_AT}.UserInfoEndpoint", "ValidationError"),
        (jwt(JwksEndpoint=None), JWT_AT, "MissingMember"),
        (jwt(Issuer=None), JWT_AT, "MissingMember"),
        (jwt(JwksEndpoint="http://idp.example.com/k"), f"{JWT_AT}.JwksEndpoint", "ValidationError"),
        (jwt(JwksEndpoint="https://i/" + "k" * 250), f"{JWT_AT}.JwksEndpoint", "ValidationError"),
        (jwt(Issuer="i" * 257), f"{JWT_AT}.Issuer", "ValidationError"),
        (jwt(AdditionalClaims=[claim()] * 11), f"{JWT_AT}.AdditionalClaims", "ValidationError"),
        (jwt(AdditionalClaims=[claim(Name="exp")]), f"{JWT_AT}.AdditionalClaims[0].Name", "ValidationError"),
        (jwt(AdditionalClaims=[claim(Name=None)]), f"{JWT_AT}.AdditionalClaims[0]", "MissingMember"),
        (
            jwt(AdditionalClaims=[claim(Format="list")]),
            f"{JWT_AT}.AdditionalClaims[0].Format",
            "ValidationError",
        ),
        (
            jwt(AdditionalClaims=[claim(Values=["v"] * 11)]),
            f"{JWT_AT}.AdditionalClaims[0].Values",
            "ValidationError",
        ),
        (jwt(AdditionalClaims=[claim(Values=[])]), f"{JWT_AT}.AdditionalClaims[0].Values", "MissingMember"),
        (
            jwt(AdditionalClaims=[claim(Values=["v" * 257])]),
            f"{JWT_AT}.AdditionalClaims[0].Values[0]",
            "ValidationError",
        ),
        (
            jwt(AdditionalClaims=[claim(Format="space-separated-values", Values=["a b"])]),
            f"{JWT_AT}.AdditionalClaims[0].Values[0]",
            "ValidationError",
        ),
        (document("jwt-validation", None), "DefaultActions[0]", "MissingMember"),
    ],
)
def test_every_fault_is_reported_at_its_place(source: dict[str, Any], place: str, code: str) -> None:
    assert places_of(source) == {place: code}


@pytest.mark.parametrize(
    "url", ["http://localhost:9000/jwks", "http://127.0.0.1/jwks", "http://[::1]:9000/jwks"]
)
def test_plain_http_is_for_this_machine(url: str) -> None:
    assert not problems_of(jwt(JwksEndpoint=url))


def test_scope_without_openid_is_doubtful() -> None:
    assert [(problem.code, problem.severity) for problem in problems_of(cognito(Scope="email"))] == [
        ("ScopeWithoutOpenid", "warning")
    ]


def test_unknown_pools_are_reported_when_the_known_ones_are_told() -> None:
    assert not problems_of(cognito(), known_user_pools={"demo"})
    (problem,) = problems_of(cognito(UserPoolArn="dmo"), known_user_pools={"demo"})
    assert problem.code == "UserPoolNotFound"
    assert problem.message == "there is no user pool 'dmo'; did you mean demo?"


def test_no_problem_tells_the_secret() -> None:
    problems = problems_of(oidc(ClientSecret="hunter2", Issuer="http://x.org", Secret="hunter2"))
    assert problems
    assert "hunter2" not in "".join(map(str, problems))
    assert "hunter2" not in "".join(map(str, problems_of(oidc(ClientSecret=["hunter2"]))))
