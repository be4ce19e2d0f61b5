"""What a trigger may change in tokens: nothing that says who, for whom, by whom and until when."""

from __future__ import annotations

from typing import Any

import pytest

from idp.tokens.changes import (
    LOCKED,
    ClaimChanges,
    GroupOverride,
    TokenChanges,
    change_access,
    change_id,
)

ID: dict[str, Any] = {
    "sub": "s",
    "aud": "client",
    "email": "a@b.c",
    "cognito:groups": ["own"],
    "cognito:roles": ["arn:r"],
    "cognito:preferred_role": "arn:r",
}
ACCESS: dict[str, Any] = {"sub": "s", "client_id": "client", "scope": "a b", "cognito:groups": ["own"]}


@pytest.mark.parametrize("name", sorted({*LOCKED, "cognito:username", "cognito:groups", "cognito:anything"}))
def test_a_locked_claim_is_neither_set_nor_removed(name: str) -> None:
    claims = {"other": 1, **({name: "true"} if not name.startswith("cognito:groups") else {})}
    changes = TokenChanges({name: "forged"}, frozenset() if name == "cognito:groups" else frozenset({name}))
    both = ClaimChanges(id=changes, access=changes)
    assert change_id(claims, both) == claims
    assert change_access(claims, both) == claims


def test_suppressing_wins_over_adding() -> None:
    changes = ClaimChanges(id=TokenChanges({"x": 1, "y": 2}, frozenset({"x", "email"})))
    changed = change_id(ID, changes)
    assert "x" not in changed
    assert "email" not in changed
    assert changed["y"] == 2


def test_groups_of_the_function_stand_in_both_tokens() -> None:
    changes = ClaimChanges(groups=GroupOverride(("g",), ("arn:x",), "arn:x"))
    assert change_access(ACCESS, changes)["cognito:groups"] == ["g"]
    changed = change_id(ID, changes)
    assert changed["cognito:groups"] == ["g"]
    assert (changed["cognito:roles"], changed["cognito:preferred_role"]) == (["arn:x"], "arn:x")


def test_an_empty_override_and_suppressing_take_groups_and_roles_away() -> None:
    suppressed = ClaimChanges(id=TokenChanges(suppress=frozenset({"cognito:groups"})))
    for changes in (ClaimChanges(groups=GroupOverride()), suppressed):
        assert not [name for name in change_id(ID, changes) if name.startswith("cognito:")]


@pytest.mark.parametrize(("audience", "stands"), [("client", True), ("another", False)])
def test_an_access_token_may_have_its_own_client_as_audience(audience: str, stands: bool) -> None:
    changed = change_access(ACCESS, ClaimChanges(access=TokenChanges({"aud": audience})))
    assert changed.get("aud") == (audience if stands else None)


def test_scopes_are_added_and_suppressed_and_blanks_are_none() -> None:
    changes = ClaimChanges(scopes_to_add=("c", "d e", "", "a"), scopes_to_suppress=frozenset({"b"}))
    assert change_access(ACCESS, changes)["scope"] == "a c"


@pytest.mark.parametrize("name", ["email_verified", "address"])
def test_a_plain_claim_takes_no_document(name: str) -> None:
    assert change_id({}, ClaimChanges(id=TokenChanges({name: {"a": 1}}))) == {}
