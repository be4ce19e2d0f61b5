"""The rules of adaptive authentication."""

from __future__ import annotations

from typing import Any

import pytest

from idp.protection.adaptive import NOTHING, Reaction, Signal, distance_km, find_reaction, find_signals, rate
from idp.protection.origins import NOWHERE, Origin, Place, describe_origin
from idp.protection.records import AuthEvent, EventAction, RiskConfiguration, RiskLevel

NOW = 1_800_000_000.0
HOME, AWAY, OTHER = "192.0.2.7", "198.51.100.7", "203.0.113.7"
BERLIN, SEOUL = Place(52.5, 13.4), Place(37.6, 127.0)
S = Signal


def at(address: str = HOME, agent: str = "Chrome", place: Place | None = None) -> Origin:
    return describe_origin(address, user_agent=agent, place=place)


def event(origin: Origin, *, ago: float = 86_400.0, response: str = "Pass", **members: Any) -> AuthEvent:
    told = "Success" if response == "Pass" else "Failure"
    answers = ({"ChallengeName": "Password", "ChallengeResponse": told},)
    values = {"challenges": answers, "traits": origin.traits, **members}
    return AuthEvent("pool", f"{ago}", "sub", "client", NOW - ago, "SignIn", response, **values)


def said(value: str, *, ago: float = 60.0) -> dict[str, Any]:
    return {"feedback": {"FeedbackValue": value, "Provider": "User", "FeedbackDate": NOW - ago}}


def failures(origin: Origin, count: int = 5, *, ago: float = 60.0) -> list[AuthEvent]:
    return [event(origin, ago=ago + number, response="Fail") for number in range(count)]


@pytest.mark.parametrize(
    ("origin", "past", "signals"),
    [
        (at(), [event(at())], set()),
        (at("192.0.2.99"), [event(at())], set()),
        (at(agent="CHROME"), [event(at())], set()),
        (at("::ffff:192.0.2.8"), [event(at())], set()),
        (at(AWAY, "Firefox"), [], set()),
        (at(agent="Firefox"), [event(at())], {S.NEW_DEVICE}),
        (at(agent=""), [event(at())], {S.NEW_DEVICE}),
        (at(AWAY), [event(at())], {S.NEW_NETWORK}),
        (at(AWAY, "Firefox"), [event(at())], {S.NEW_NETWORK, S.NEW_DEVICE}),
        (at(AWAY), [event(at(AWAY)), event(at())], set()),
        (at(AWAY), [event(at(AWAY), response="Fail"), event(at())], {S.NEW_NETWORK}),
        (NOWHERE, [event(at())], set()),
        (at(), [event(NOWHERE)], set()),
    ],
    ids=[
        "as ever",
        "same network",
        "other letter case",
        "IPv4 within IPv6",
        "a newcomer",
        "new device",
        "no device told",
        "new network",
        "both",
        "known network",
        "seen but never passed",
        "nothing is known now",
        "nothing was known then",
    ],
)
def test_new_places_and_devices_are_told(origin: Origin, past: list[AuthEvent], signals: set[Signal]) -> None:
    assert find_signals(origin, past, now=NOW) == signals


def test_a_device_that_has_to_prove_itself_is_not_new() -> None:
    assert find_signals(at(agent="Firefox"), [event(at())], now=NOW, proves_device=True) == set()


@pytest.mark.parametrize(
    ("origin", "past", "signals"),
    [
        (at(), failures(at(OTHER)), set()),
        (at(), failures(at()), {S.FAILURES_HERE}),
        (at(AWAY), failures(at(OTHER)), {S.NEW_NETWORK, S.FAILURES_ELSEWHERE}),
        (at(AWAY), failures(at(AWAY), 4), {S.NEW_NETWORK}),
        (at(AWAY), failures(at(AWAY), ago=3600.0), {S.NEW_NETWORK}),
        (at(AWAY), [event(at(), ago=1.0), *failures(at(AWAY))], {S.NEW_NETWORK}),
    ],
    ids=[
        "strangers do not lock the owner out at home",
        "at home",
        "strangers, then somewhere new",
        "too few",
        "long ago",
        "before the owner came in",
    ],
)
def test_bursts_of_failures_are_told(origin: Origin, past: list[AuthEvent], signals: set[Signal]) -> None:
    assert find_signals(origin, [*past, event(at())], now=NOW) == signals


def test_many_failures_within_one_sign_in_are_a_burst_for_a_newcomer_too() -> None:
    answers = tuple({"ChallengeName": "Mfa", "ChallengeResponse": "Failure"} for _ in range(5))
    past = [event(at(), ago=1.0, response="InProgress", challenges=answers)]
    assert find_signals(at(), past, now=NOW) == {S.FAILURES_ELSEWHERE}


@pytest.mark.parametrize(
    ("origin", "ago", "is_told"),
    [
        (at(AWAY, place=SEOUL), 3600.0, True),
        (at(AWAY, place=SEOUL), 86_400.0, False),
        (at(HOME, place=SEOUL), 3600.0, False),
        (at(AWAY), 3600.0, False),
        (at(AWAY, place=Place(52.6, 13.5)), 1.0, False),
        (at(AWAY, place=SEOUL), -5.0, True),
    ],
    ids=["in an hour", "in a day", "on a known network", "nowhere known", "next door", "a clock put back"],
)
def test_nobody_travels_so_fast(origin: Origin, ago: float, is_told: bool) -> None:
    past = [event(at(place=BERLIN), ago=ago)]
    assert (S.TOO_FAST in find_signals(origin, past, now=NOW)) is is_told


def test_distances_over_ground() -> None:
    berlin, seoul = ({"latitude": p.latitude, "longitude": p.longitude} for p in (BERLIN, SEOUL))
    assert 8000 < distance_km(berlin, seoul) < 8300
    assert distance_km(berlin, berlin) == 0
    antipodes = {"latitude": -52.5, "longitude": -166.6}
    assert distance_km(berlin, antipodes) == pytest.approx(20_015, abs=5)


@pytest.mark.parametrize(
    ("past", "signals"),
    [
        ([event(at(AWAY), response="Fail", **said("Valid"))], set()),
        ([event(at(AWAY), **said("Invalid"))], {S.NEW_NETWORK, S.DISOWNED}),
        ([event(at(AWAY), ago=10.0), event(at(AWAY), **said("Invalid"))], set()),
        ([event(at(AWAY), **said("Valid"))], set()),
    ],
    ids=["vouched for", "disowned", "passed since", "changed one's mind"],
)
def test_the_users_word_counts(past: list[AuthEvent], signals: set[Signal]) -> None:
    assert find_signals(at(AWAY), [*past, event(at())], now=NOW) == signals


@pytest.mark.parametrize(
    ("signals", "level"),
    [
        ([], None),
        ([S.NEW_DEVICE], RiskLevel.LOW),
        ([S.FAILURES_HERE], RiskLevel.LOW),
        ([S.NEW_DEVICE, S.NEW_NETWORK], RiskLevel.MEDIUM),
        ([S.NEW_NETWORK, S.FAILURES_ELSEWHERE], RiskLevel.HIGH),
        ([S.NEW_NETWORK, S.TOO_FAST], RiskLevel.HIGH),
        ([S.DISOWNED], RiskLevel.HIGH),
    ],
    ids=str,
)
def test_signals_add_up_to_a_level(signals: list[Signal], level: RiskLevel | None) -> None:
    assert rate(signals) is level


def test_a_configuration_says_what_is_done_about_a_level() -> None:
    takeover = {"Actions": {"HighAction": {"EventAction": "BLOCK", "Notify": True}}}
    configuration = RiskConfiguration("pool", "", 0.0, takeover=takeover)
    assert find_reaction(configuration, RiskLevel.HIGH) == Reaction(EventAction.BLOCK, notifies=True)
    for other, level in ((configuration, RiskLevel.LOW), (configuration, None), (None, RiskLevel.HIGH)):
        assert find_reaction(other, level) == NOTHING
