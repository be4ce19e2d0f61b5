"""Claims, exactly as Cognito spells them."""

import pytest

from idp.model import Client, Group, User, UserStatus
from idp.tokens.claims import (
    Grant,
    build_access_claims,
    build_id_claims,
    build_user_info,
    find_unreadable,
    hash_access_token,
    select_attributes,
)

CLIENT = Client("client", "pool", "web")
USER = User(
    "pool",
    "the-sub",
    "ann",
    UserStatus.CONFIRMED,
    0,
    0,
    attributes={
        "name": "Ann",
        "email": "ann@example.com",
        "email_verified": "true",
        "phone_number": "+15550100",
        "phone_number_verified": "false",
        "address": "1 Road",
        "custom:team": "7",
    },
)


def grant(**changes: object) -> Grant:
    values = {
        "issuer": "https://issuer/pool",
        "client": CLIENT,
        "user": USER,
        "groups": (),
        "scopes": ("openid",),
        "auth_time": 100,
        "issued_at": 200,
        "origin_jti": "the-family",
        "event_id": "the-event",
        "nonce": "the-nonce",
        **changes,
    }
    return Grant(**values)  # type: ignore[arg-type]


def test_the_whole_access_token() -> None:
    assert build_access_claims(grant(scopes=("openid", "email")), jti="the-jti") == {
        "sub": "the-sub",
        "iss": "https://issuer/pool",
        "version": 2,
        "client_id": "client",
        "origin_jti": "the-family",
        "jti": "the-jti",
        "event_id": "the-event",
        "token_use": "access",
        "scope": "openid email",
        "auth_time": 100,
        "exp": 3800,
        "iat": 200,
        "username": "ann",
    }


def test_the_whole_id_token() -> None:
    assert build_id_claims(grant(), jti="the-jti", access_token="a.b.c") == {
        "name": "Ann",
        "email": "ann@example.com",
        "email_verified": True,
        "phone_number": "+15550100",
        "phone_number_verified": False,
        "address": {"formatted": "1 Road"},
        "custom:team": "7",
        "sub": "the-sub",
        "iss": "https://issuer/pool",
        "cognito:username": "ann",
        "nonce": "the-nonce",
        "at_hash": hash_access_token("a.b.c"),
        "origin_jti": "the-family",
        "jti": "the-jti",
        "event_id": "the-event",
        "aud": "client",
        "token_use": "id",
        "auth_time": 100,
        "exp": 3800,
        "iat": 200,
    }


def test_at_hash_is_that_of_the_standard() -> None:
    """The access token and its hash of OpenID Connect Core, appendix A.4."""
    assert hash_access_token("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


EMAIL, PHONE, REST = (
    {"email", "email_verified"},
    {"phone_number", "phone_number_verified"},
    {"name", "address"},
)


@pytest.mark.parametrize(
    ("scopes", "names"),
    [
        (("openid",), EMAIL | PHONE | REST | {"custom:team"}),
        (("openid", "email"), EMAIL),
        (("openid", "phone"), PHONE),
        (("openid", "email", "phone"), EMAIL | PHONE),
        (("openid", "profile"), REST | {"custom:team"}),
        (("openid", "profile", "email"), EMAIL | REST | {"custom:team"}),
        (("openid", "api/read"), EMAIL | PHONE | REST | {"custom:team"}),
    ],
    ids=lambda value: " ".join(sorted(value)),
)
def test_scopes_choose_attributes(scopes: tuple[str, ...], names: set[str]) -> None:
    assert set(select_attributes(CLIENT, USER, scopes)) == names


def test_the_client_reads_only_what_it_may() -> None:
    client = Client("client", "pool", "web", read_attributes=("name", "email"))
    assert set(select_attributes(client, USER, ("openid",))) == {"name", "email"}
    assert find_unreadable(client, ("openid", "email")) == "email_verified"
    assert find_unreadable(client, ("openid", "phone")) == "phone_number"
    assert find_unreadable(client, ("openid", "profile")) is None
    assert find_unreadable(CLIENT, ("openid", "email", "phone")) is None


def test_user_info_is_texts() -> None:
    assert build_user_info(CLIENT, USER, ("openid", "phone")) == {
        "sub": "the-sub",
        "phone_number": "+15550100",
        "phone_number_verified": "false",
        "username": "ann",
    }


def group(name: str, precedence: int | None, role: str | None) -> Group:
    return Group("pool", name, precedence=precedence, role_arn=role)


@pytest.mark.parametrize(
    ("groups", "roles", "preferred"),
    [
        ((group("a", 2, "arn:2"), group("b", 1, "arn:1")), ["arn:2", "arn:1"], "arn:1"),
        ((group("a", 1, "arn:2"), group("b", 1, "arn:1")), ["arn:2", "arn:1"], None),
        ((group("a", 1, "arn:1"), group("b", 1, "arn:1")), ["arn:1"], "arn:1"),
        ((group("a", 0, None), group("b", 5, "arn:1")), ["arn:1"], "arn:1"),
        ((group("a", None, "arn:1"),), ["arn:1"], None),
        ((group("a", 1, None),), None, None),
    ],
    ids=["strongest", "tie", "same role", "stronger without role", "no precedence", "no role"],
)
def test_roles_of_groups(groups: tuple[Group, ...], roles: list[str] | None, preferred: str | None) -> None:
    claims = build_id_claims(grant(groups=groups), jti="j", access_token="t")
    assert claims["cognito:groups"] == [each.name for each in groups]
    assert claims.get("cognito:roles") == roles
    assert claims.get("cognito:preferred_role") == preferred
    assert "cognito:roles" not in build_access_claims(grant(groups=groups), jti="j")


def test_an_attribute_cannot_pose_as_a_claim_of_the_pool() -> None:
    posing = User(
        "pool", "the-sub", "ann", UserStatus.CONFIRMED, 0, 0, attributes={"sub": "other", "aud": "x"}
    )
    claims = build_id_claims(grant(user=posing), jti="j", access_token="t")
    assert (claims["sub"], claims["aud"]) == ("the-sub", "client")
