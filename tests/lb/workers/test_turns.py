"""Turns at refreshing a session: one at a time, in order, and no balancer can keep the others out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lb.workers import turns
from lb.workers.turns import LinkedDesk, RefreshTurns

KEY = "k" * 64


def begin(desk: RefreshTurns, taker: str, key: str = KEY) -> asyncio.Task[dict[str, Any] | None]:
    """Ask for a turn."""
    return asyncio.create_task(desk.take(taker, {"key": key}))


def settle(desk: RefreshTurns, taker: str, text: str | None = None, seconds: object = 120) -> None:
    desk.settle(taker, {"key": KEY, "text": text, "seconds": seconds})


async def test_one_at_a_time_and_the_next_knows_what_the_first_got() -> None:
    desk = RefreshTurns()
    assert await desk.take("a", {"key": KEY}) == {"known": None}
    second, third = begin(desk, "b"), begin(desk, "c")
    await asyncio.sleep(0)
    assert not second.done()
    settle(desk, "a", "sealed")
    assert await second == {"known": "sealed"}
    assert not third.done()
    settle(desk, "b")
    assert await third == {"known": "sealed"}, "a turn without news leaves what was known"


async def test_sessions_do_not_wait_for_each_other() -> None:
    desk = RefreshTurns()
    await desk.take("a", {"key": KEY})
    assert await desk.take("b", {"key": "other"}) == {"known": None}


async def test_what_is_known_is_forgotten_in_time() -> None:
    now = 1000.0
    desk = RefreshTurns(clock=lambda: now)
    await desk.take("a", {"key": KEY})
    settle(desk, "a", "sealed", seconds=10)
    now += 11
    assert await desk.take("b", {"key": KEY}) == {"known": None}


async def test_the_turn_of_a_balancer_that_died_goes_on() -> None:
    desk = RefreshTurns()
    await desk.take("a", {"key": KEY})
    waiting, patient = begin(desk, "b"), begin(desk, "c")
    await asyncio.sleep(0)
    desk.forget("b")
    desk.forget("a")
    assert await patient == {"known": None}
    assert await waiting is not None, "its question ends, too"
    settle(desk, "c")
    assert repr(desk) == "RefreshTurns(0 taken, 0 remembered)"


async def test_whoever_waits_no_longer_is_passed_over() -> None:
    desk = RefreshTurns()
    await desk.take("a", {"key": KEY})
    impatient, patient = begin(desk, "b"), begin(desk, "c")
    await asyncio.sleep(0)
    settle(desk, "b", "forged")
    await impatient
    assert not patient.done()
    settle(desk, "a")
    assert await patient == {"known": None}, "only who has the turn leaves something"


async def test_a_turn_that_is_never_given_back_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "HOLD_SECONDS", 0.01)
    desk = RefreshTurns()
    await desk.take("a", {"key": KEY})
    assert await asyncio.wait_for(desk.take("b", {"key": KEY}), 10) == {"known": None}
    settle(desk, "a", "late")
    assert not desk._known.get(KEY, desk._clock())


@pytest.mark.parametrize(
    "message",
    [
        pytest.param({}, id="no key"),
        pytest.param({"key": 7}, id="a number"),
        pytest.param({"key": "k" * 129}, id="too long"),
    ],
)
async def test_what_is_no_question_takes_no_turn(message: dict[str, Any]) -> None:
    desk = RefreshTurns()
    assert await desk.take("a", message) is None
    desk.settle("a", message)
    assert repr(desk) == "RefreshTurns(0 taken, 0 remembered)"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("x" * 65_537, 60, id="too long"),
        pytest.param(7, 60, id="no text"),
        pytest.param("x", "for ever", id="no time"),
    ],
)
async def test_what_is_no_outcome_is_not_kept(text: Any, seconds: object) -> None:
    desk = RefreshTurns()
    await desk.take("a", {"key": KEY})
    settle(desk, "a", text, seconds)
    assert await desk.take("b", {"key": KEY}) == {"known": None}


class Line:
    """A way to the supervisor."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.said: list[dict[str, Any]] = []

    async def ask(self, what: str, *, seconds: float, **members: Any) -> Any:
        return self.answer

    def say(self, what: str, **members: Any) -> None:
        self.said.append({"type": what, **members})


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        pytest.param({"known": "sealed"}, "sealed", id="known"),
        pytest.param({"known": None}, None, id="nothing known"),
        pytest.param(None, None, id="no answer"),
        pytest.param("what", None, id="no sense"),
    ],
)
async def test_a_balancer_goes_on_whatever_the_supervisor_says(answer: Any, known: str | None) -> None:
    line = Line(answer)
    desk = LinkedDesk(line)
    assert await desk.take(KEY) == known
    desk.settle(KEY, "sealed", 120)
    assert line.said == [{"type": "settle", "key": KEY, "text": "sealed", "seconds": 120}]
