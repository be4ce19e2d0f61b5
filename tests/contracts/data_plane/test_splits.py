"""TCP has no messages: however a conversation is cut into pieces, it says the same.

Whole, byte by byte, at random cuts and with junk behind it: what targets receive and what clients get is
what it was with the whole. Most of it without sockets (`tests.support.memory`), some with.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.conversations import (
    BAD,
    BROKEN_ANSWERS,
    CONVERSATIONS,
    ENDED_ANSWERS,
    GOOD,
    LATER,
    PLAIN,
    WHOLE_ANSWERS,
)
from tests.support.data_plane import Conversation, ScriptedTarget, serving
from tests.support.memory import MemoryPlane, Wire, drive, memory_plane
from tests.support.strict import Answered, Heard, StrictTarget, describe, read_answers

CHANGING = {b"x-amzn-trace-id", b"date"}
JUNK = {
    "text": b"junk",
    "zeros": b"\0" * 40,
    "half a request": b"GET /half HTTP/1.1\r\nHo",
    "a bad request": b"GET / HTTP/9.9\r\n\r\n",
    "line ends": b"\r\n\r\n",
}
cheap = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


@pytest.fixture(scope="module")
def plane() -> Iterator[MemoryPlane]:
    """One plane for the module: every conversation asserts that it left nothing behind."""
    with memory_plane() as plane:
        yield plane


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that can be seen of a conversation."""

    heard: tuple[Heard, ...]
    answered: tuple[Answered, ...]
    end: str


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """Cut `data` at `cuts`."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


def lasting(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(pair for pair in headers if pair[0] not in CHANGING)


async def converse(plane: MemoryPlane, parts: Sequence[bytes], *, direct: bool, haste: int = 0) -> Outcome:
    """Send `parts`, each when the one before has had its effect (not so where `haste` has a bit set)."""
    target = StrictTarget(plane)
    wire = plane.client(direct=direct)
    for number, part in enumerate(parts):
        wire.receive(part)
        if not haste >> number & 1:
            await plane.loop.settle()
    await plane.loop.settle()
    outcome = look(plane, wire, target)
    await plane.rest()
    return outcome


def look(plane: MemoryPlane, wire: Wire, target: StrictTarget) -> Outcome:
    methods = [record.method for record in plane.records]
    answers = read_answers(bytes(wire.sent), methods, ended=wire.end in ("closed", "half"))
    assert [answer.status for answer in answers] == [record.status for record in plane.records]
    return Outcome(
        tuple(replace(each, headers=lasting(each.headers)) for each in target.heard),
        tuple(replace(each, headers=lasting(each.headers)) for each in answers),
        wire.end,
    )


@pytest.mark.parametrize("data", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
def test_a_conversation_in_single_bytes_says_what_it_says_whole(
    plane: MemoryPlane, direct: bool, data: bytes
) -> None:
    whole = drive(plane, converse(plane, [data], direct=direct))
    assert whole.answered
    if len(data) < 5000:
        single = [data[place : place + 1] for place in range(len(data))]
        assert drive(plane, converse(plane, single, direct=direct)) == whole
    twos = [data[place : place + 997] for place in range(0, len(data), 997)]
    assert drive(plane, converse(plane, twos, direct=direct)) == whole
    assert drive(plane, converse(plane, twos, direct=direct, haste=-1)) == whole


@pytest.mark.parametrize("data", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
@cheap
@given(cuts=st.lists(st.integers(0, 2**20), max_size=12), haste=st.integers(0, 2**12), direct=st.booleans())
def test_a_conversation_says_the_same_at_any_cuts(
    plane: MemoryPlane, data: bytes, cuts: list[int], haste: int, direct: bool
) -> None:
    whole = drive(plane, converse(plane, [data], direct=direct))
    assert drive(plane, converse(plane, pieces(data, cuts), direct=direct, haste=haste)) == whole


@pytest.mark.parametrize("name", GOOD)
def test_what_is_sound_is_served(plane: MemoryPlane, direct: bool, name: str) -> None:
    outcome = drive(plane, converse(plane, [GOOD[name]], direct=direct))
    assert {each.status for each in outcome.answered} == {200}
    assert len(outcome.heard) == len(outcome.answered)
    assert not any(b"smuggled" in each.target for each in outcome.heard)
    for heard, answer in zip(outcome.heard, outcome.answered, strict=True):
        assert answer.body == (b"" if heard.method == b"HEAD" else describe(heard))


@pytest.mark.parametrize("name", BAD)
def test_nothing_behind_a_refused_request_is_one(plane: MemoryPlane, direct: bool, name: str) -> None:
    outcome = drive(
        plane, converse(plane, [CONVERSATIONS[f"{name}, refused behind a good one"]], direct=direct)
    )
    assert [each.target for each in outcome.heard] == [b"/plain?a=b"]
    assert [each.status for each in outcome.answered][:1] == [200]
    assert [each.status // 100 for each in outcome.answered][1:] in ([4], [5])
    assert outcome.end == "half"


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD.keys())
@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK.keys())
def test_junk_behind_a_conversation_changes_nothing_before_it(
    plane: MemoryPlane, data: bytes, junk: bytes
) -> None:
    whole = drive(plane, converse(plane, [data], direct=True))
    for parts in ([data + junk], [data, junk], [data[:-1], data[-1:] + junk]):
        with_junk = drive(plane, converse(plane, parts, direct=True))
        assert with_junk.heard == whole.heard
        assert [each.body for each in with_junk.answered[: len(whole.answered)]] == [
            each.body for each in whole.answered
        ]
        assert [each.status for each in with_junk.answered[len(whole.answered) :]] in ([], [400], [505])


class Sender:
    """A target that answers the first request with given pieces, and the rest with `LATER`."""

    def __init__(self, plane: MemoryPlane, parts: Sequence[bytes], *, close: bool) -> None:
        self._plane, self._parts, self._close = plane, list(parts), close
        self.requests = 0
        plane.on_dialled = self.accept

    def accept(self, wire: Wire) -> None:
        wire.on_sent = lambda data: self._answer(wire)

    def _answer(self, wire: Wire) -> None:
        self.requests += 1
        parts, close = ([LATER], False) if self.requests > 1 else (self._parts, self._close)
        asyncio.ensure_future(self._send(wire, parts, close=close))  # noqa: RUF006 -- the loop settles

    async def _send(self, wire: Wire, parts: Sequence[bytes], *, close: bool) -> None:
        for part in parts:
            wire.receive(part)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        if close:
            wire.finish()


async def hear(
    plane: MemoryPlane, parts: Sequence[bytes], *, direct: bool, close: bool = False, request: bytes = PLAIN
) -> tuple[Answered, str, int]:
    """Ask for an answer in `parts`; return it, the end of the connection, and the second request's way."""
    Sender(plane, parts, close=close)
    wire = plane.client(direct=direct)
    wire.receive(request)
    await plane.loop.settle()
    end = wire.end
    if not end:
        wire.receive(PLAIN)
        await plane.loop.settle()
        assert bytes(wire.sent).endswith(b"later")
    methods = [record.method for record in plane.records]
    answers = read_answers(bytes(wire.sent), methods, ended=end in ("closed", "half"))
    connections = len(plane.upstream)
    await plane.rest()
    (first, *_) = answers
    return replace(first, headers=lasting(first.headers)), end, connections


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize("data", WHOLE_ANSWERS.values(), ids=WHOLE_ANSWERS.keys())
@cheap
@given(cuts=st.lists(st.integers(0, 2**20), max_size=12), direct=st.booleans())
def test_an_answer_is_the_same_at_any_cuts(
    plane: MemoryPlane, method: bytes, data: bytes, cuts: list[int], direct: bool
) -> None:
    request = PLAIN.replace(b"GET", method)
    if method == b"HEAD":
        data = data[: data.rindex(b"\r\n\r\n") + 4] if b"chunked" not in data else data
        data = data.split(b"\r\n\r\n5\r\n")[0].split(b"\r\n\r\n0\r\n")[0].split(b"\r\n\r\n1\r\n")[0]
        data = data if data.endswith(b"\r\n\r\n") else data + b"\r\n\r\n"
    whole = drive(plane, hear(plane, [data], direct=direct, request=request))
    assert whole[0].status
    assert whole[1] == ""
    assert drive(plane, hear(plane, pieces(data, cuts), direct=direct, request=request)) == whole
    if len(data) < 1000:
        single = [bytes([byte]) for byte in data]
        assert drive(plane, hear(plane, single, direct=direct, request=request)) == whole


@pytest.mark.parametrize("junk", [*JUNK.values(), LATER], ids=[*JUNK, "an answer"])
@pytest.mark.parametrize("name", [name for name in WHOLE_ANSWERS if name != "last one"])
def test_junk_behind_an_answer_answers_nobody(
    plane: MemoryPlane, direct: bool, name: str, junk: bytes
) -> None:
    data = WHOLE_ANSWERS[name]
    whole = drive(plane, hear(plane, [data], direct=direct))
    for parts in ([data + junk], [data[:-1], data[-1:] + junk], [*(bytes([b]) for b in data[-200:])]):
        parts = parts if len(parts) < 3 else [data[:-200], *parts[:-1], parts[-1] + junk]
        answer, end, connections = drive(plane, hear(plane, parts, direct=direct))
        assert (answer, end) == whole[:2]
        # The parser passes over line ends.
        assert connections == 2 or not junk.strip(), "what has junk on it carries no other request"


@pytest.mark.parametrize("data", ENDED_ANSWERS.values(), ids=ENDED_ANSWERS.keys())
@cheap
@given(cuts=st.lists(st.integers(0, 2**20), max_size=12), direct=st.booleans())
def test_an_answer_that_ends_with_the_connection_is_the_same_at_any_cuts(
    plane: MemoryPlane, data: bytes, cuts: list[int], direct: bool
) -> None:
    whole = drive(plane, hear(plane, [data], direct=direct, close=True))
    assert whole[0].body == data.partition(b"\r\n\r\n")[2]
    assert drive(plane, hear(plane, pieces(data, cuts), direct=direct, close=True)) == whole


@pytest.mark.parametrize("data", BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS.keys())
@cheap
@given(cuts=st.lists(st.integers(0, 2**20), max_size=12), direct=st.booleans())
def test_a_broken_answer_never_looks_whole(
    plane: MemoryPlane, data: bytes, cuts: list[int], direct: bool
) -> None:
    single = [bytes([byte]) for byte in data] if len(data) < 1000 else [data]
    for parts in ([data], pieces(data, cuts), single):
        answer, end, _ = drive(plane, hear(plane, parts, direct=direct, close=True))
        if answer.status:
            assert (answer.status, end) == (502, "")
        else:
            assert end == "aborted"
            assert (
                data.partition(b"\r\n\r\n")[2]
                .replace(b"5\r\n", b"")
                .replace(b"3\r\n", b"")
                .startswith(answer.body)
            )


SOME = ["length", "chunk extensions", "trailers", "all kinds", "h2c", "length and coding, refused"]


@pytest.mark.parametrize("name", SOME)
async def test_single_bytes_on_real_sockets(direct: bool, name: str) -> None:
    """The same once more with everything real; what a target heard is compared as text."""
    data = CONVERSATIONS[name]
    heard: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            await answer(conversation)

    async def answer(conversation: Conversation) -> None:
        while True:
            head = await conversation.head()
            body = b""
            if b"Transfer-Encoding: chunked" in head:
                body = await conversation.chunks()
            elif b"Content-Length: " in head:
                size = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
                body = await conversation.exactly(size)
            heard.append(head.partition(b"\r\n")[0] + body)
            await conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def ask(parts: Sequence[bytes]) -> tuple[list[bytes], list[int]]:
        heard.clear()
        done = len(lb.records)
        client = await lb.connect()
        for part in parts:
            await client.send(part)
            await asyncio.sleep(0)
        await client.send(PLAIN.replace(b"/plain", b"/end"))
        async with asyncio.timeout(5):
            while not (len(lb.records) > done and lb.records[-1].status >= 400) and not any(
                b"/end" in each for each in heard
            ):
                await asyncio.sleep(0.005)
        await lb.idle()
        client.close()
        return heard.copy(), [record.status for record in lb.records[done:]]

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        whole = await ask([data])
        assert await ask([bytes([byte]) for byte in data]) == whole
