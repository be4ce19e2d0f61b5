"""Codes, refresh tokens and families against the clock, and against clocks that disagree."""

from dataclasses import replace

import pytest

from idp.model import AuthorizationCode, Client, Family, RefreshRotation, RefreshToken
from idp.tokens.ageing import CodeState, RefreshState, is_alive, judge_code, judge_refresh

NOW = 1_000_000.0
FAMILY = Family("f", "pool", "app", "sub", "event", ("openid",), int(NOW), None, NOW - 50, NOW + 100)
TOKEN = RefreshToken("hash", "f", NOW - 50, NOW + 100)
CODE = AuthorizationCode(
    "hash", "pool", "app", "sub", "https://a/", (), None, None, int(NOW), NOW + 300, family_id="f"
)


def client(grace: int = 0) -> Client:
    return Client("app", "pool", "web", rotation=RefreshRotation(enabled=True, grace_seconds=grace))


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, CodeState.GOOD),
        ({"expires_at": NOW}, CodeState.EXPIRED),
        ({"redeemed_at": NOW - 1}, CodeState.REUSED),
        ({"redeemed_at": NOW - 1, "expires_at": NOW - 1}, CodeState.REUSED),
    ],
    ids=["good", "at its end", "used", "used and old"],
)
def test_codes(changes: dict[str, float], state: CodeState) -> None:
    assert judge_code(replace(CODE, **changes), NOW) is state  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("superseded", "grace", "state"),
    [
        (None, 0, RefreshState.GOOD),
        (NOW - 10, 11, RefreshState.GOOD),
        (NOW - 10, 10, RefreshState.REUSED),
        (NOW, 0, RefreshState.REUSED),
        (NOW + 0.5, 0, RefreshState.REUSED),
        (NOW + 0.5, 5, RefreshState.GOOD),
    ],
    ids=["in use", "in grace", "grace over", "no grace", "no grace, node ahead", "in grace, node ahead"],
)
def test_rotated_tokens(superseded: float | None, grace: int, state: RefreshState) -> None:
    """Whichever of two nodes rotated: its clock may be half a second ahead of the one that is asked now."""
    assert judge_refresh(replace(TOKEN, superseded_at=superseded), FAMILY, client(grace), NOW) is state


@pytest.mark.parametrize(
    "ended",
    [
        replace(FAMILY, revoked_at=NOW - 1),
        replace(FAMILY, expires_at=NOW),
    ],
    ids=["revoked", "run out"],
)
def test_tokens_end_with_their_family(ended: Family) -> None:
    assert not is_alive(ended, NOW)
    expected = RefreshState.REVOKED if ended.revoked_at else RefreshState.ENDED
    assert judge_refresh(TOKEN, ended, client(), NOW) is expected


def test_a_token_ends_by_itself() -> None:
    assert judge_refresh(replace(TOKEN, expires_at=NOW), FAMILY, client(), NOW) is RefreshState.ENDED
