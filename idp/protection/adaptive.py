"""How much a sign-in looks like an account takeover: adaptive authentication's rules (cognito.md 9). Pure.

Cognito names what it looks at (address, device, distance from other sign-ins, attempts) and keeps its rules
to itself; these are ours. A sign-in is held against earlier ones of the same user that were theirs: those
that passed and were not disowned, and those the user vouched for. Who has none is new, and nothing about
them is unusual.

    new device        1
    new network       1
    failures before   2 from a new device or network, else 1 (only those of that same network count there:
                      strangers who guess must not lock an owner out at home)
    too far, too soon 3 only from a new network
    disowned          3 the user said of a sign-in from this network that it was not theirs

One point is Low, two are Medium, three or more are High.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from idp.protection.origins import Origin, network_of
from idp.protection.records import AuthEvent, EventAction, RiskConfiguration, RiskLevel

BURST: Final = 5
BURST_SECONDS: Final = 3600.0
FASTEST_KM_PER_HOUR: Final = 1000.0
NEAR_KM: Final = 300.0
"""Databases of locations err by that much."""
EARTH_KM: Final = 6371.0
VALID: Final = "Valid"
INVALID: Final = "Invalid"


class Signal(StrEnum):
    """What is unusual about a sign-in; the value is the word in the log."""

    NEW_DEVICE = "new-device"
    NEW_NETWORK = "new-network"
    FAILURES_ELSEWHERE = "failures-before-somewhere-new"
    FAILURES_HERE = "failures-before"
    TOO_FAST = "impossible-speed"
    DISOWNED = "disowned-network"


WEIGHTS: Final[Mapping[Signal, int]] = {
    Signal.NEW_DEVICE: 1,
    Signal.NEW_NETWORK: 1,
    Signal.FAILURES_ELSEWHERE: 2,
    Signal.FAILURES_HERE: 1,
    Signal.TOO_FAST: 3,
    Signal.DISOWNED: 3,
}
_LEVELS: Final = ((3, RiskLevel.HIGH), (2, RiskLevel.MEDIUM), (1, RiskLevel.LOW))


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a configuration does about a level."""

    action: EventAction = EventAction.NO_ACTION
    notifies: bool = False


NOTHING: Final = Reaction()


def find_signals(
    origin: Origin, past: Sequence[AuthEvent], *, now: float, proves_device: bool = False
) -> frozenset[Signal]:
    """Say what is unusual; `past`: the user's events, the newest first, in any case the last that passed.

    `proves_device`: a confirmed device will have to prove itself before this sign-in is through.
    """
    known = [event for event in past if is_theirs(event)]
    signals = set(_find_new(origin, known, proves_device=proves_device))
    if Signal.NEW_NETWORK in signals and _is_too_fast(origin, known, now):
        signals.add(Signal.TOO_FAST)
    if _is_disowned(origin, past, known):
        signals.add(Signal.DISOWNED)
    since = max((event.at for event in known), default=0.0)
    recent = [event for event in past if event.at > max(since, now - BURST_SECONDS)]
    if signals & {Signal.NEW_DEVICE, Signal.NEW_NETWORK} or not known:
        is_burst, signal = _count_failures(recent) >= BURST, Signal.FAILURES_ELSEWHERE
    else:
        here = [event for event in recent if _network(event) == network_of(origin.address)]
        is_burst, signal = _count_failures(here) >= BURST, Signal.FAILURES_HERE
    return frozenset(signals | {signal} if is_burst else signals)


def rate(signals: Collection[Signal]) -> RiskLevel | None:
    """Return the level that signals add up to."""
    points = sum(WEIGHTS[signal] for signal in signals)
    return next((level for least, level in _LEVELS if points >= least), None)


def find_reaction(configuration: RiskConfiguration | None, level: RiskLevel | None) -> Reaction:
    """Return what is to be done; nothing where nothing was set."""
    actions = configuration.takeover.get("Actions", {}) if configuration is not None else {}
    chosen = actions.get(f"{level}Action") if level is not None else None
    return Reaction(EventAction(chosen["EventAction"]), bool(chosen["Notify"])) if chosen else NOTHING


def is_theirs(event: AuthEvent) -> bool:
    """Whether a sign-in was the user's own: they said so, or it passed and they did not say otherwise."""
    said = event.feedback.get("FeedbackValue")
    return said == VALID or (said != INVALID and event.response == "Pass")


def distance_km(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Return the distance over ground between two `latitude`, `longitude` (haversine)."""
    phi, psi = math.radians(one["latitude"]), math.radians(other["latitude"])
    turn = math.radians(other["longitude"] - one["longitude"])
    half = math.sin((psi - phi) / 2) ** 2 + math.cos(phi) * math.cos(psi) * math.sin(turn / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def _find_new(origin: Origin, known: Sequence[AuthEvent], *, proves_device: bool) -> Iterator[Signal]:
    networks, devices = {_network(event) for event in known}, {_device(event) for event in known}
    network = network_of(origin.address)
    if network and networks - {""} and network not in networks:
        yield Signal.NEW_NETWORK
    # Who leaves out what tells devices apart is no known device.
    if not proves_device and network and devices - {""} and origin.device not in devices:
        yield Signal.NEW_DEVICE


def _is_too_fast(origin: Origin, known: Sequence[AuthEvent], now: float) -> bool:
    last = next((event for event in known if "latitude" in event.traits), None)
    if origin.place is None or last is None:
        return False
    away = distance_km(last.traits, origin.traits)
    hours = max(now - last.at, 1.0) / 3600
    return away > NEAR_KM and away / hours > FASTEST_KM_PER_HOUR


def _is_disowned(origin: Origin, past: Sequence[AuthEvent], known: Sequence[AuthEvent]) -> bool:
    network = network_of(origin.address)
    said = [
        float(event.feedback.get("FeedbackDate", 0.0))
        for event in past
        if event.feedback.get("FeedbackValue") == INVALID and network and _network(event) == network
    ]
    since = max((event.at for event in known if _network(event) == network), default=0.0)
    return bool(said) and max(said) >= since


def _count_failures(events: Sequence[AuthEvent]) -> int:
    answers = (answer for event in events for answer in event.challenges)
    return sum(answer.get("ChallengeResponse") == "Failure" for answer in answers)


def _network(event: AuthEvent) -> str:
    return str(event.traits.get("network", ""))


def _device(event: AuthEvent) -> str:
    return str(event.traits.get("device", ""))
