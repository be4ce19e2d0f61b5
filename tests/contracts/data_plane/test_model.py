"""Exchanges in any order of events: clients and targets speak, pause, break off and leave as they like.

Hypothesis plays every part against the real protocols in memory. Whatever the order: no request is answered
twice, nobody gets bytes of another's, every answer has one row of the access log, and when all have gone
nothing is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

import h11
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lb.observe.record import AccessRecord
from tests.support.memory import MemoryPlane, Wire, memory_plane
from tests.support.strict import BUFFER, Answered, read_answers

LATE = 1000.0
"""Seconds after which every timeout is over."""
T = TypeVar("T")


@dataclass
class Asked:
    """A request as its client knows it."""

    number: int
    method: str
    left: int = 0
    """Bytes of the body that its length still promises."""
    chunked: bool = False
    whole: bool = False
    body: bytes = b""
    """What was sent of it."""


@dataclass
class Client:
    """A client's side: what it asked on its connection, in order."""

    wire: Wire
    asked: list[Asked] = field(default_factory=list)
    broken: bool = False
    """It sent what is no request."""

    @property
    def is_there(self) -> bool:
        return not self.wire.is_closing() and not self.broken

    @property
    def is_asking(self) -> bool:
        return bool(self.asked) and not self.asked[-1].whole


class Peer:
    """A target's side of one connection."""

    def __init__(self, wire: Wire, heard: Callable[[int, bytes, bool], None]) -> None:
        self.wire = wire
        self._heard = heard
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=BUFFER)
        self.number = 0
        """The request that it has to answer; 0: none."""
        self._reading = 0
        self.method = b""
        self._body = b""
        self.framing = ""
        """How the answer that was begun is framed; empty: none was begun."""
        self.left = self.sent = 0
        self.spent = False
        """It answered before the request was complete: there may be no other."""
        wire.on_sent = self.read

    @property
    def is_there(self) -> bool:
        return not self.wire.is_closing()

    def read(self, data: bytes) -> None:
        self._h11.receive_data(data)
        while (event := self._h11.next_event()) is not h11.NEED_DATA:
            assert event is not h11.PAUSED, "a request before the last one was answered"
            if isinstance(event, h11.Request):
                self.number = self._reading = int(event.target[1:])
                self.method, self._body = event.method, b""
            elif isinstance(event, h11.Data):
                self._body += bytes(event.data)
            self._heard(self._reading, self._body, isinstance(event, h11.EndOfMessage))
            if self.spent and isinstance(event, h11.EndOfMessage):
                self._end()

    def begin(self, framing: str, size: int) -> None:
        lines = {
            "length": b"Content-Length: %d" % size,
            "chunked": b"Transfer-Encoding: chunked",
            "end": b"Connection: close",
        }
        self.framing, self.left, self.sent = framing, size, 0
        head = b"HTTP/1.1 200 OK\r\nX-Number: %d\r\n%b\r\n\r\n" % (self.number, lines[framing])
        self._say(head, last=self.method == b"HEAD" or (framing == "length" and not size))

    def go_on(self, size: int) -> None:
        size = min(size, self.left) if self.framing == "length" else size
        data = repeat(self.number, self.sent + size)[self.sent :]
        self.sent, self.left = self.sent + size, self.left - size
        self._say(
            chunk(data) if self.framing == "chunked" else data,
            last=self.framing == "length" and not self.left,
        )

    def finish(self) -> None:
        if self.framing == "chunked":
            self._say(b"0\r\n\r\n", last=True)
        elif self.framing == "length":
            self.go_on(self.left)
        else:
            self.wire.finish()

    def answer(self, framing: str, size: int) -> None:
        self.begin(framing, size)
        if self.framing:
            self.finish()

    def _say(self, data: bytes, *, last: bool) -> None:
        if last:
            # First: the next request may come before this returns.
            self._end()
        self.wire.receive(data)

    def _end(self) -> None:
        self.framing, self.number = "", 0
        self.spent = self._h11.their_state is not h11.DONE
        if not self.spent:
            self._h11.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
            self._h11.send(h11.EndOfMessage())
            self._h11.start_next_cycle()


def repeat(number: int, size: int) -> bytes:
    """Return bytes that say whose they are."""
    return (b"<%d>" % number * size)[:size]


def chunk(data: bytes) -> bytes:
    """Return bytes as a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


FRAMINGS = st.sampled_from(["length", "chunked", "end"])
SIZES = st.integers(0, 40)
COMMON = 6
"""How often what is common is chosen for once of what is rare."""


class Exchanges(RuleBasedStateMachine):
    """Two clients, one target with as many connections as are opened."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.plane: MemoryPlane = self._stack.enter_context(memory_plane())
        self.plane.before_dialling = self._wait
        self.plane.on_dialled = lambda wire: self.peers.append(Peer(wire, self._hear))
        self.clients: list[Client] = []
        self.peers: list[Peer] = []
        self.dialling: list[asyncio.Future[None]] = []
        self.finished: Counter[int] = Counter()
        self.asked: dict[int, Asked] = {}
        self._draw: Callable[[st.SearchStrategy[Any]], Any] = lambda strategy: None

    def _wait(self) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self.plane.loop.create_future()
        self.dialling.append(future)
        return future

    def _hear(self, number: int, body: bytes, whole: bool) -> None:
        asked = self.asked[number]
        assert asked.body.startswith(body), "bytes of another request, or not all"
        if whole:
            assert asked.whole
            assert body == asked.body
            self.finished[number] += 1

    def _do(self, act: Callable[..., object], *arguments: Any) -> None:
        """Act inside the loop, and let all effects happen."""

        async def story() -> None:
            act(*arguments)
            await self.plane.loop.settle()

        self.plane.loop.run_until_complete(story())

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """One event, of those that can happen now."""
        # Not a rule for each: hypothesis would leave most of them out of most examples.
        self._draw = data.draw
        events = [event for weight, event, possible in self._events() if possible for _ in range(weight)]
        event: Callable[[], None] = data.draw(st.sampled_from(events))
        event()

    def _events(self) -> list[tuple[int, Callable[[], None], Any]]:
        talking = [client for client in self.clients if client.is_there]
        return [
            (COMMON, self.a_client_comes, len(talking) < 2),
            (COMMON, self.a_client_asks, [each for each in talking if not each.is_asking]),
            (COMMON, self.a_client_goes_on, [each for each in talking if each.is_asking]),
            (1, self.a_client_breaks_the_protocol, talking),
            (1, self.a_client_is_stuck, talking),
            (2, self.a_client_takes_all, [each for each in self.clients if each.wire.stuck]),
            (1, self.a_client_leaves, talking),
            (COMMON, self.a_connection_is_made, self.dialling),
            (1, self.a_connection_is_refused, self.dialling),
            (COMMON, self.a_target_answers, self._answering(begun=False)),
            (2, self.a_target_begins_to_answer, self._answering(begun=False)),
            (2, self.a_target_goes_on, self._answering(begun=True)),
            (2, self.a_target_finishes, self._answering(begun=True)),
            (1, self.a_target_says_what_nobody_asked_for, self._there()),
            (1, self.a_target_leaves, self._there()),
            (1, self.a_target_is_stuck, self._there()),
            (2, self.a_target_takes_all, [each for each in self.peers if each.wire.stuck]),
            (1, self.time_passes, True),
        ]

    def _there(self) -> list[Peer]:
        return [peer for peer in self.peers if peer.is_there]

    def _answering(self, *, begun: bool) -> list[Peer]:
        return [peer for peer in self._there() if peer.number and bool(peer.framing) is begun]

    def _one(self, some: list[T]) -> T:
        return some[self._draw(st.integers(0, len(some) - 1))]

    # What clients do.

    def a_client_comes(self) -> None:
        direct = self._draw(st.booleans())
        self._do(lambda: self.clients.append(Client(self.plane.client(direct=direct))))

    def a_client_asks(self) -> None:
        client = self._one([each for each in self.clients if each.is_there and not each.is_asking])
        method = self._draw(st.sampled_from(["GET", "GET", "HEAD", "POST", "PUT"]))
        asked = Asked(len(self.asked) + 1, method)
        head = b"%b /%d HTTP/1.1\r\nHost: h\r\n" % (method.encode(), asked.number)
        if method in ("POST", "PUT"):
            asked.left = self._draw(SIZES)
            asked.chunked = self._draw(st.booleans())
            head += b"Expect: 100-continue\r\n" if self._draw(st.integers(0, 4)) == 1 else b""
            framing = (b"Transfer-Encoding: chunked", b"Content-Length: %d" % asked.left)
            head += framing[not asked.chunked] + b"\r\n"
        asked.whole = not asked.chunked and not asked.left
        self.asked[asked.number] = asked
        client.asked.append(asked)
        self._do(client.wire.receive, head + b"\r\n")

    def a_client_goes_on(self) -> None:
        client = self._one([each for each in self.clients if each.is_there and each.is_asking])
        asked = client.asked[-1]
        size = min(asked.left, self._draw(SIZES))
        data = repeat(asked.number, size + len(asked.body))[len(asked.body) :]
        asked.left -= size
        asked.body += data
        asked.whole = not asked.left
        if asked.chunked:
            data = (chunk(data) if data else b"") + (b"0\r\n\r\n" if asked.whole else b"")
        if data:
            self._do(client.wire.receive, data)

    def a_client_breaks_the_protocol(self) -> None:
        client = self._one([each for each in self.clients if each.is_there])
        if not client.is_asking:
            client.asked.append(Asked(0, "GET"))
        elif not client.asked[-1].chunked:
            return
        client.broken = True
        self._do(client.wire.receive, b"\x01\x02\r\n\r\n")

    def a_client_is_stuck(self) -> None:
        self._stick(self._one([each for each in self.clients if each.is_there]).wire)

    def a_client_takes_all(self) -> None:
        self._do(self._one([each for each in self.clients if each.wire.stuck]).wire.unstick)

    def a_client_leaves(self) -> None:
        wire = self._one([each for each in self.clients if each.is_there]).wire
        self._do(wire.reset if self._draw(st.booleans()) else wire.finish)

    # What targets do.

    def a_connection_is_made(self) -> None:
        future = self.dialling.pop(0)
        if not future.done():
            self._do(future.set_result, None)

    def a_connection_is_refused(self) -> None:
        future = self.dialling.pop(0)
        if not future.done():
            self._do(future.set_exception, ConnectionRefusedError())

    def a_target_answers(self) -> None:
        self._do(self._one(self._answering(begun=False)).answer, self._draw(FRAMINGS), self._draw(SIZES))

    def a_target_begins_to_answer(self) -> None:
        self._do(self._one(self._answering(begun=False)).begin, self._draw(FRAMINGS), self._draw(SIZES))

    def a_target_goes_on(self) -> None:
        self._do(self._one(self._answering(begun=True)).go_on, self._draw(SIZES) + 1)

    def a_target_finishes(self) -> None:
        self._do(self._one(self._answering(begun=True)).finish)

    def a_target_says_what_nobody_asked_for(self) -> None:
        peer = self._one(self._there())
        if peer.framing or peer.wire.held_back or peer.wire.get_write_buffer_size():
            # Somebody may have asked.
            return
        odd = [
            b"\0",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 299 OK\r\nX-Number: 0\r\nContent-Length: 0\r\n\r\n",
        ]
        data = odd[0] if peer.number else self._draw(st.sampled_from(odd))
        self._do(peer.wire.receive, data)
        assert peer.wire.is_closing(), (peer.wire.protocol, bytes(peer.wire.sent))

    def a_target_leaves(self) -> None:
        wire = self._one(self._there()).wire
        self._do(wire.reset if self._draw(st.booleans()) else wire.finish)

    def a_target_is_stuck(self) -> None:
        self._stick(self._one(self._there()).wire)

    def a_target_takes_all(self) -> None:
        self._do(self._one([each for each in self.peers if each.wire.stuck]).wire.unstick)

    def _stick(self, wire: Wire) -> None:
        wire.stuck, wire.limit = True, 0

    def time_passes(self) -> None:
        late = self._draw(st.integers(0, 2)) == 1

        def sweep() -> None:
            now = monotonic() + (LATE if late else 0.0)
            for swept in [*self.plane.runtime.exchanges, *self.plane.runtime.swept]:
                swept.sweep(now, 60.0)
            self.plane.runtime.pool.sweep(now)

        self._do(sweep)

    # What must hold.

    @invariant()
    def nothing_went_wrong(self) -> None:
        assert not self.plane.faults, "\n".join(self.plane.faults)

    @invariant()
    def everybody_gets_one_answer_to_what_he_asked(self) -> None:
        for client in self.clients:
            for asked, answer in zip(client.asked, self._answers(client), strict=False):
                self._check(asked, answer)

    def _answers(self, client: Client) -> list[Answered]:
        """What the client has got: bytes behind the last answer that is due are a fault."""
        methods = [asked.method for asked in client.asked]
        for count in range(len(methods)):
            with contextlib.suppress(AssertionError):
                return read_answers(bytes(client.wire.sent), methods[:count], ended=False)
        return read_answers(bytes(client.wire.sent), methods, ended=False)

    def _check(self, asked: Asked, answer: Answered) -> None:
        numbers = {value for name, value in answer.headers if name == b"x-number"}
        if answer.status == 200 or numbers:
            assert numbers == {b"%d" % asked.number}
            assert answer.body == repeat(asked.number, len(answer.body))
        elif answer.status:
            assert answer.status in (400, 405, 408, 502, 504), answer
        if answer.status and asked.number:
            rows = [
                each.status for each in self.plane.records if each.uri and self._number(each) == asked.number
            ]
            assert rows == [answer.status]

    @invariant()
    def every_end_has_one_row(self) -> None:
        rows = Counter(self._number(record) for record in self.plane.records if record.uri)
        assert not rows or max(rows.values()) == 1, rows
        assert len(self.plane.records) <= sum(len(client.asked) for client in self.clients)
        going_on = {id(exchange.record) for exchange in self.plane.runtime.exchanges}
        assert not going_on & {id(record) for record in self.plane.records}

    def _number(self, record: AccessRecord) -> int:
        return int(record.uri.rpartition("/")[2])

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        for number, times in self.finished.items():
            again = times == 2 and self.asked[number].method != "POST" and not self.asked[number].body
            assert times == 1 or again, "only what is idempotent and has no body may be sent again"

    @invariant()
    def a_connection_with_half_a_request_on_it_carries_no_other(self) -> None:
        assert not any(peer.spent and peer.is_there and not peer.wire.held_back for peer in self.peers)

    @invariant()
    def what_is_in_flight_is_counted(self) -> None:
        in_flight = sum(counts.in_flight for counts in self.plane.runtime.registry.counts())
        assert in_flight <= len(self.plane.runtime.exchanges)

    def teardown(self) -> None:
        """Everybody leaves: nothing may be left."""
        for future in self.dialling:
            if not future.done():
                self._do(future.set_result, None)
        try:
            self.plane.loop.run_until_complete(self.plane.rest())
        finally:
            self._stack.close()


Exchanges.TestCase.settings = settings(
    # More of them find more: this many are what fits into every run.
    max_examples=int(os.environ.get("MODEL_EXAMPLES", "20")),
    stateful_step_count=50,
    deadline=None,
    database=None,
)
TestExchanges = Exchanges.TestCase
