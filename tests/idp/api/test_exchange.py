"""GetDerivedToken with boto3: what is derived is never more than what it comes from (cognito.md 2.3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_server import ADMIN_SCOPE, ApiServer, api_server
from tests.support.pools import CLIENT_ID, CLIENT_SECRET, POOL_ID, read_claims
from tests.support.sign_in_pool import APP, EVERYTHING, MACHINE, sign_in_document

GATE, AGENT = "gate1", "agent1"
SECRET = CLIENT_SECRET.replace("-", "_")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """Beside the usual clients: one that derives for a user, and one that derives for an actor."""
    document = sign_in_document()
    document["UserPoolClients"][0]["AllowedOAuthScopes"] = [
        "openid",
        "email",
        "profile",
        ADMIN_SCOPE,
        "things/read",
    ]
    common = {"ClientSecret": SECRET, "AllowedOAuthScopes": ["openid", "email", "things/read", ADMIN_SCOPE]}
    flow = "ALLOW_TOKEN_EXCHANGE_"
    document["UserPoolClients"] += [
        {"ClientName": GATE, "ClientId": GATE, "ExplicitAuthFlows": [f"{flow}IMPERSONATION"], **common},
        {"ClientName": AGENT, "ClientId": AGENT, "ExplicitAuthFlows": [f"{flow}DELEGATION"], **common},
        {
            "ClientName": "open1",
            "ClientId": "open1",
            "ExplicitAuthFlows": [*EVERYTHING, f"{flow}IMPERSONATION"],
        },
    ]
    with api_server(tmp_path_factory.mktemp("exchange") / "data", prepared_directory, document) as server:
        for name in ("ann", "bob"):
            server.add_user(name)
        yield server


def derive(public: Any, subject: str, client_id: str = GATE, **members: Any) -> Any:
    given = {"ClientId": client_id, "ClientSecret": SECRET, "SubjectTokenType": "ACCESS_TOKEN", **members}
    return public.get_derived_token(SubjectToken=subject, **given)


def scopes(*names: str) -> dict[str, tuple[str, ...]]:
    return {"scopes": names}


def test_a_token_for_one_service_has_its_scopes_alone_and_its_audience(api: ApiServer, public: Any) -> None:
    subject = api.tokens("ann", **scopes("openid", "profile", "things/read", ADMIN_SCOPE)).access_token
    answer = derive(public, subject, Scopes=["things/read", "profile", "things/write"], Resources=["things"])
    assert (answer["IssuedTokenType"], answer["TokenType"]) == ("ACCESS_TOKEN", "Bearer")
    assert answer["Scopes"] == ["things/read"], "asked for, held, and allowed to the client"
    before, said = read_claims(subject), read_claims(answer["IssuedToken"])
    assert (said["client_id"], said["aud"], said["scope"]) == (GATE, "things", "things/read")
    assert "act" not in said
    for claim in ("sub", "iss", "auth_time", "origin_jti", "event_id", "username", "exp"):
        assert said[claim] == before[claim], claim
    assert said["jti"] != before["jti"]
    assert 0 < answer["ExpiresIn"] <= 3600
    everything = derive(public, subject)
    assert set(everything["Scopes"]) == {"openid", "things/read", ADMIN_SCOPE}


def test_an_actor_is_named_and_so_is_who_acted_before(api: ApiServer, public: Any) -> None:
    subject = api.tokens("ann", **scopes("openid", "things/read")).access_token
    machine = public.get_client_token(ClientId=MACHINE, Secret=SECRET)
    machine = machine["ClientAuthenticationResult"]["AccessToken"]
    actor = {"ActorToken": machine, "ActorTokenType": "ACCESS_TOKEN"}
    once = derive(public, subject, AGENT, Audiences=["billing"], **actor)["IssuedToken"]
    said = read_claims(once)
    assert (said["act"]["sub"], said["aud"]) == (MACHINE, "billing")
    by_person = {"ActorToken": api.access_token("bob"), "ActorTokenType": "ACCESS_TOKEN"}
    twice = read_claims(derive(public, once, AGENT, **by_person)["IssuedToken"])
    assert twice["act"]["act"] == said["act"]
    assert twice["sub"] == said["sub"] != twice["act"]["sub"]
    assert twice["aud"] == "billing", "for one service does not become for all"
    with pytest.raises(public.exceptions.InvalidParameterException, match="ActorTokenType is required"):
        derive(public, subject, AGENT, ActorToken=machine)


def test_an_id_token_gives_no_more_than_who_somebody_is(api: ApiServer, public: Any) -> None:
    tokens = api.tokens("ann", **scopes("openid", "email", "things/read", ADMIN_SCOPE))
    given = {"SubjectTokenType": "ID_TOKEN"}
    access = derive(public, tokens.id_token or "", **given)
    assert access["Scopes"] == ["openid", "email"]
    answer = derive(public, tokens.id_token or "", RequestedTokenType="ID_TOKEN", **given)
    said = read_claims(answer["IssuedToken"])
    assert (answer["TokenType"], said["aud"], said["token_use"]) == ("N_A", GATE, "id")
    assert said["email"] == "ann@example.com"
    with pytest.raises(public.exceptions.NotAuthorizedException):
        derive(public, tokens.id_token or "")
    with pytest.raises(public.exceptions.NotAuthorizedException):
        derive(public, tokens.access_token, **given)


def test_what_was_derived_ends_with_its_session_and_opens_no_door_of_ours(
    api: ApiServer, public: Any, cognito: Any
) -> None:
    subject = api.tokens("bob", **scopes("openid", ADMIN_SCOPE)).access_token
    plain = derive(public, subject)["IssuedToken"]
    assert public.get_user(AccessToken=plain)["Username"] == "bob"
    bound = derive(public, subject, Audiences=["billing"])["IssuedToken"]
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid Access Token"):
        public.get_user(AccessToken=bound)
    cognito.admin_user_global_sign_out(UserPoolId=POOL_ID, Username="bob")
    for token in (subject, bound):
        with pytest.raises(public.exceptions.NotAuthorizedException, match="revoked"):
            derive(public, token)
    with pytest.raises(public.exceptions.NotAuthorizedException, match="revoked"):
        public.get_user(AccessToken=plain)


@pytest.mark.parametrize(
    ("members", "error", "text"),
    [
        ({"ClientId": APP}, "NotAuthorizedException", "not configured with a secret"),
        ({"ClientId": AGENT}, "InvalidParameterException", "Auth flow not enabled"),
        ({"ClientSecret": "x" * 30}, "NotAuthorizedException", "Unable to verify the secret"),
        ({"SubjectTokenType": "SAML2"}, "InvalidParameterException", "SAML"),
        ({"SubjectTokenProviderName": "Other"}, "ResourceNotFoundException", "Other"),
        ({"Audiences": ["a"], "Resources": ["things"]}, "InvalidParameterException", "both"),
        ({"Resources": ["else"]}, "ResourceNotFoundException", "Resource server"),
        ({"Audiences": [CLIENT_ID]}, "InvalidParameterException", "another app client"),
        (
            {"RequestedTokenType": "ID_TOKEN", "Audiences": ["a"]},
            "InvalidParameterException",
            "Only an access",
        ),
        ({"RequestedTokenType": "ID_TOKEN", "Scopes": ["email"]}, "InvalidParameterException", "openid"),
        (
            {"ActorToken": "e30.e30.e30", "ActorTokenType": "ACCESS_TOKEN", "ClientId": AGENT},
            "NotAuthorizedException",
            "Invalid",
        ),
        (
            {"ActorToken": "e30.e30.e30", "ActorTokenType": "ACCESS_TOKEN"},
            "InvalidParameterException",
            "Auth flow not enabled",
        ),
    ],
    ids=[
        "secret of a public client",
        "delegation only",
        "wrong secret",
        "SAML",
        "other provider",
        "two audiences",
        "unknown resource",
        "another app's tokens",
        "bound ID token",
        "no openid",
        "made-up actor",
        "impersonation only",
    ],
)
def test_what_makes_no_sense_is_refused(
    api: ApiServer, public: Any, members: dict[str, Any], error: str, text: str
) -> None:
    subject = api.tokens("ann", **scopes("openid", "email")).access_token
    with pytest.raises(getattr(public.exceptions, error), match=text):
        derive(public, subject, members.pop("ClientId", GATE), **members)


def test_a_public_client_derives_without_a_secret(api: ApiServer, public: Any) -> None:
    subject = api.tokens("ann", **scopes("openid")).access_token
    answer = public.get_derived_token(
        ClientId="open1", SubjectToken=subject, SubjectTokenType="ACCESS_TOKEN", Scopes=["openid"]
    )
    assert read_claims(answer["IssuedToken"])["client_id"] == "open1"


def test_a_machines_token_is_nobody_to_act_for(api: ApiServer, public: Any) -> None:
    machine = public.get_client_token(ClientId=MACHINE, Secret=SECRET)
    with pytest.raises(public.exceptions.UserNotFoundException):
        derive(public, machine["ClientAuthenticationResult"]["AccessToken"])
