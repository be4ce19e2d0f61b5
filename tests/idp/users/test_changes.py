"""What a change of attributes makes of a user, as values."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from idp.model import Client, Pool, SchemaAttribute, User, UserStatus
from idp.outcomes import UserReason
from idp.users.aliases import derive_logins
from idp.users.changes import change_attributes, find_refusal, lose_address, verify_address
from idp.users.schema import build_schema

NOW = 1_800_000_000.0
POOL = Pool(
    id="local_000000001",
    name="staff",
    auto_verified=("email",),
    alias_attributes=("email",),
    schema=build_schema([SchemaAttribute("custom:badge", mutable=False)]),
)
CAREFUL = replace(POOL, verify_before_update=("email",))
ANN = User(
    POOL.id,
    "1",
    "ann",
    UserStatus.CONFIRMED,
    0,
    0,
    attributes={"email": "ann@example.com", "email_verified": "true", "custom:badge": "7"},
)
ANN = replace(ANN, logins=derive_logins(POOL, ANN))
CLIENT = Client("app", POOL.id, "app")


def change(pool: Pool, changes: Mapping[str, str], *, trusted: bool = False, user: User = ANN) -> User:
    return change_attributes(pool, user, changes, trusted=trusted, now=NOW).user


def test_a_new_address_is_neither_verified_nor_an_alias() -> None:
    outcome = change_attributes(POOL, ANN, {"email": "new@example.com"}, trusted=False, now=NOW)
    assert outcome.to_verify == ("email",)
    assert outcome.user.attributes == {"email": "new@example.com", "custom:badge": "7"}
    assert outcome.user.logins == ("ann",)
    assert outcome.user.updated_at == NOW


def test_an_administrator_says_that_an_address_is_verified() -> None:
    changes = {"email": "new@example.com", "email_verified": "true"}
    for pool in (POOL, CAREFUL):
        outcome = change_attributes(pool, ANN, changes, trusted=True, now=NOW)
        assert outcome.to_verify == ()
        assert outcome.user.logins == ("ann", "new@example.com")


def test_an_address_waits_where_the_pool_verifies_first() -> None:
    outcome = change_attributes(CAREFUL, ANN, {"email": "new@example.com"}, trusted=False, now=NOW)
    assert outcome.to_verify == ("email",)
    assert outcome.user.attributes == ANN.attributes
    assert outcome.user.logins == ANN.logins
    assert outcome.user.pending == {"email": "new@example.com"}


@pytest.mark.parametrize("value", ["ann@example.com", ""], ids=["the present one", "none"])
def test_what_waits_is_given_up_by_the_next_change(value: str) -> None:
    waiting = change(CAREFUL, {"email": "new@example.com"})
    assert change(CAREFUL, {"email": value}, user=waiting).pending == {}


def test_other_changes_leave_what_waits_alone() -> None:
    waiting = change(CAREFUL, {"email": "new@example.com"})
    assert change(CAREFUL, {"name": "Ann"}, user=waiting).pending == {"email": "new@example.com"}


def test_verifying_puts_the_waiting_address_in_place() -> None:
    waiting = change(CAREFUL, {"email": "new@example.com"})
    verified = verify_address(CAREFUL, waiting, "email", now=NOW)
    assert verified.attributes["email"] == "new@example.com"
    assert verified.attributes["email_verified"] == "true"
    assert verified.pending == {}
    assert verified.logins == ("ann", "new@example.com")


def test_who_loses_an_address_keeps_it_unverified() -> None:
    lost = lose_address(POOL, ANN, "email", now=NOW)
    assert lost.attributes["email_verified"] == "false"
    assert lost.logins == ("ann",)


@pytest.mark.parametrize(
    ("changes", "client", "reason"),
    [
        ({"custom:badge": "8"}, None, UserReason.INVALID_PARAMETER),
        ({"custom:badge": ""}, None, UserReason.INVALID_PARAMETER),
        ({"custom:badge": "7"}, None, None),
        ({"sub": "2"}, None, UserReason.INVALID_PARAMETER),
        ({"email_verified": "true"}, None, None),
        ({"email_verified": "true"}, CLIENT, UserReason.INVALID_PARAMETER),
        ({"name": "Ann"}, replace(CLIENT, write_attributes=("email",)), UserReason.NOT_AUTHORIZED),
        ({"identities": "[]"}, CLIENT, UserReason.INVALID_PARAMETER),
    ],
    ids=["fixed", "fixed removed", "fixed kept", "sub", "admin", "user", "unwritable", "identities"],
)
def test_what_may_not_change(
    changes: dict[str, str], client: Client | None, reason: UserReason | None
) -> None:
    refusal = find_refusal(POOL, ANN, changes, client=client)
    assert (refusal and refusal.reason) == reason
