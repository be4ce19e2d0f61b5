"""Who loses a session when one too many begins, and how long a browser's is reused (cognito.md 1.13)."""

from dataclasses import replace
from typing import Any

import pytest

from idp.model import Client, Family, Pool
from idp.signin.session_settings import choose_evicted, kept_seconds, may_reuse, pool_settings

CLIENT = Client("app", "local_000000001", "web")
FAMILY = Family("f0", "local_000000001", "app", "sub", "e0", (), 0, None, 100.0, 1e9)
ALIVE = (
    FAMILY,
    replace(FAMILY, id="f1", event_id="e1", created_at=50.0, active_at=300.0),
    replace(FAMILY, id="f2", event_id="e2", created_at=200.0),
)


def pool(**kept: Any) -> Pool:
    return Pool("local_000000001", "staff", kept=kept)


def tracking(most: int = 3) -> Pool:
    return pool(UserSessionTracking="ENABLED", TokenSession={"MaxPerUser": most})


@pytest.mark.parametrize(
    ("most", "gone"),
    [(4, ()), (3, ("f0",)), (2, ("f0", "f2")), (1, ("f0", "f2", "f1"))],
    ids=["room", "the least recently used", "lowered since", "one only"],
)
def test_the_least_recently_used_make_room(most: int, gone: tuple[str, ...]) -> None:
    assert tuple(family.id for family in choose_evicted(tracking(most), ALIVE)) == gone


def test_nobody_makes_room_where_nobody_counts() -> None:
    assert choose_evicted(replace(tracking(1), kept={"TokenSession": {"MaxPerUser": 1}}), ALIVE) == ()


def test_the_defaults_are_told() -> None:
    told = {"UserSessionTracking": "DISABLED", "TokenSession": {"MaxPerUser": 20}}
    assert pool_settings(pool()) == told


@pytest.mark.parametrize(
    ("where", "minutes", "age", "may"),
    [
        (pool(), 600, 3599, True),
        (pool(), 600, 3600, False),
        (tracking(), None, 3599, True),
        (tracking(), None, 3600, False),
        (tracking(), 600, 35_999, True),
        (tracking(), 600, 36_000, False),
        (tracking(), 0, 0, False),
    ],
    ids=["off", "off: dormant", "default", "default is over", "longer", "longer is over", "never"],
)
def test_a_client_reuses_a_session_for_as_long_as_it_says(
    where: Pool, minutes: int | None, age: int, may: bool
) -> None:
    kept = {} if minutes is None else {"SSOSession": {"MaxValidityMinutes": minutes}}
    assert may_reuse(where, replace(CLIENT, kept=kept), 1000, now=1000 + age) is may


def test_no_client_in_particular_reuses_a_session_for_an_hour() -> None:
    assert may_reuse(tracking(), None, 1000, now=4599)
    assert not may_reuse(tracking(), None, 1000, now=4600)


def test_a_session_is_kept_for_whoever_reuses_it_longest() -> None:
    assert (kept_seconds(pool()), kept_seconds(tracking())) == (3600, 90 * 86400)
