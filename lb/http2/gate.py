"""What a peer's frames may cost, judged by their heads before h2 buffers or parses them. Pure.

Attacks on HTTP/2 servers are floods of frames that are cheap to send and dear to serve: reset streams
(CVE-2023-44487), CONTINUATION (CVE-2024-24549 and its siblings), PING, SETTINGS, PRIORITY and empty DATA
(CVE-2019-9511 to -9518). All draw on one budget per connection, which time and honest traffic refill.
GOAWAY is taken out: h2 would take it for the end of everything, and answers in flight are still wanted.
Clients pass here, and targets, who are trusted more: theirs is a larger budget.
"""

from __future__ import annotations

from collections.abc import Container

from h2.errors import ErrorCodes

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD = 9
MAX_FRAME = 16 * 1024
"""SETTINGS_MAX_FRAME_SIZE; h2 would buffer a longer frame whole before it refuses it."""
MAX_HEADER_BLOCK = 8 * 1024
"""Compressed: beyond it ALB ends the connection (user guide, "Listeners")."""
MAX_SETTINGS = 512
"""Settings that one connection may send: h2 keeps even those that nobody knows."""

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    range(10)
)
_END_STREAM, _END_HEADERS = 0x1, 0x4

_COSTS = {
    PRIORITY: 2,
    RST_STREAM: 10,
    SETTINGS: 20,
    PING: 10,
    WINDOW_UPDATE: 1,
    CONTINUATION: 10,
    GOAWAY: 20,
}
_UNKNOWN = 5
_EMPTY_DATA = 10
_STRAY_HEADERS = 10
_WHOLE_FRAME = 2.0
_STRAY_DATA = 4
"""DATA of a stream that is over: what was on its way when it was reset, or a flood."""


class Abuse(Exception):  # noqa: N818 -- says what happened
    """The connection must end; `code` is for GOAWAY."""

    def __init__(self, code: ErrorCodes, why: str, *, oversized_head: bool = False) -> None:
        super().__init__(why)
        self.code = code
        self.oversized_head = oversized_head


class Budget:
    """What one connection may still cost."""

    __slots__ = ("_at", "left")

    LIMIT = 2000.0
    PER_SECOND = 100.0

    def __init__(self, now: float) -> None:
        self.left = self.LIMIT
        self._at = now

    def spend(self, cost: float, now: float) -> None:
        """Take `cost`; raises `Abuse` when it is not there."""
        if cost > self.left:
            self.earn((now - self._at) * self.PER_SECOND)
            self._at = now
        self.left -= cost
        if self.left < 0:
            raise Abuse(ErrorCodes.ENHANCE_YOUR_CALM, "more control frames than traffic")

    def earn_frame(self, size: int, *, window_was_shut: bool) -> None:
        """Refill for `size` bytes that the peer wanted. A frame that was as long as what there was to send
        pays for the WINDOW_UPDATE that answers it, however short (messages of gRPC); one cut by a window does
        not, or opening that by single bytes were free (CVE-2019-9511).
        """
        self.earn(size / 1024 if window_was_shut else max(size / 1024, _WHOLE_FRAME))

    def earn(self, amount: float) -> None:
        """Refill: time has passed, or work was done that the client wanted."""
        self.left = min(self.LIMIT, self.left + amount)


class TargetBudget(Budget):
    """What a target's connection may cost: servers of gRPC measure the line by PINGs."""

    __slots__ = ()

    LIMIT = 20_000.0
    PER_SECOND = 2000.0


class FrameGate:
    """Passes a peer's bytes on to h2, frame by frame, or raises `Abuse`."""

    def __init__(
        self, budget: Budget, *, preface: bytes = PREFACE, max_header_block: int = MAX_HEADER_BLOCK
    ) -> None:
        """`preface`: what must come first. `max_header_block`: bytes of a header block, compressed."""
        self.budget = budget
        self.goaway: tuple[int, int] | None = None
        """(last stream, error code) of the newest GOAWAY."""
        self.block_since = 0.0
        """When the header block began that is not complete; 0.0: none."""
        self._preface = preface
        self._max_block = max_header_block
        self._farewell = b""
        self._partial = b""
        self._left = 0
        self._dropping = False
        self._block = 0
        self._settings = 0
        self._newest = 0

    def feed(self, data: bytes, now: float, *, streams: Container[int]) -> bytes:
        """Return the bytes that h2 may see; `streams` are the open ones. Raises `Abuse`."""
        if self._partial:
            data, self._partial = self._partial + data, b""
        end = len(data)
        position = start = min(len(self._preface), end)
        passed = [data[:start]] if start else []
        if start and passed != [self._preface[:start]]:
            raise Abuse(ErrorCodes.PROTOCOL_ERROR, "something else than HTTP/2")
        self._preface = self._preface[start:]
        newest = self._newest
        while position < end:
            if self._left:
                step = min(self._left, end - position)
                self._left -= step
                if self._dropping:
                    self._read_goaway(data[position : position + step])
                    start = position + step
                position += step
                continue
            if end - position < FRAME_HEAD:
                self._partial = data[position:]
                break
            head = data[position : position + FRAME_HEAD]
            self._judge(head, now, streams=streams, newest=newest)
            self._left = int.from_bytes(head[:3], "big")
            self._dropping = head[3] == GOAWAY
            if self._dropping:
                passed.append(data[start:position])
                start = position + FRAME_HEAD
            position += FRAME_HEAD
        passed.append(data[start:position])
        return passed[0] if len(passed) == 1 else b"".join(passed)

    def _judge(self, head: bytes, now: float, *, streams: Container[int], newest: int) -> None:
        length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
        if length > MAX_FRAME:
            raise Abuse(ErrorCodes.FRAME_SIZE_ERROR, "frame beyond the announced size")
        stream = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
        if kind == DATA:
            if not length and not flags & _END_STREAM:
                self.budget.spend(_EMPTY_DATA, now)
            elif stream <= newest and stream not in streams:
                self.budget.spend(_STRAY_DATA, now)
            else:
                self.budget.earn(length / 1024)
        elif kind == HEADERS:
            if stream > self._newest:
                self._newest = stream
            elif stream not in streams:
                self.budget.spend(_STRAY_HEADERS, now)
            self._block = 0
            self._add_to_block(length, flags, now)
        else:
            self.budget.spend(_COSTS.get(kind, _UNKNOWN), now)
            if kind == CONTINUATION:
                self._add_to_block(length, flags, now)
            elif kind == SETTINGS:
                self._settings += length // 6
                if self._settings > MAX_SETTINGS:
                    raise Abuse(ErrorCodes.ENHANCE_YOUR_CALM, "too many settings")
            elif kind == GOAWAY:
                self._begin_goaway(length)

    @property
    def peer_leaves(self) -> bool:
        """Tell whether the peer sent GOAWAY: of a client, that it opens no more streams."""
        return self.goaway is not None

    def _begin_goaway(self, length: int) -> None:
        self._farewell = b""
        if length < 8:
            raise Abuse(ErrorCodes.FRAME_SIZE_ERROR, "GOAWAY that is cut off")

    def _read_goaway(self, data: bytes) -> None:
        before = len(self._farewell)
        self._farewell += data[: 8 - before]
        if before < 8 == len(self._farewell):
            last = int.from_bytes(self._farewell[:4], "big") & 0x7FFFFFFF
            self.goaway = (last, int.from_bytes(self._farewell[4:], "big"))

    def _add_to_block(self, length: int, flags: int, now: float) -> None:
        self._block += length
        if self._block > self._max_block:
            why = f"compressed header block beyond {self._max_block // 1024} KiB"
            raise Abuse(ErrorCodes.ENHANCE_YOUR_CALM, why, oversized_head=True)
        if flags & _END_HEADERS:
            self.block_since = 0.0
        elif not self.block_since:
            self.block_since = now
