"""What a connection remembers of its last requests, so that the next one costs less.

Browsers and API clients say nearly the same again and again on a kept connection. The very same bytes are
the same request: what was learnt of it holds, and what was decided, for as long as whoever decided said. A
request that differs is read and ruled on anew; when it meets the same rule, and the header is the same that
the rule's pre-action depends on, it goes the same way. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lb.admission import Incoming
from lb.observe.record import AccessRecord
from lb.request_head import HeadPattern
from lb.whole_request import KnownLine, WholeRequest

if TYPE_CHECKING:
    from lb.outcomes import Dispatch
    from lb.snapshot import ListenerSnapshot
    from rules.ruleset import Decision

MAX_REMEMBERED = 8 * 1024
"""Bytes of a request that are kept per connection."""
MAX_PATTERNS = 4
"""Rules whose requests are remembered per connection."""
LONG_LINE = 256
"""From how many bytes on comparing a line is cheaper than reading it."""


class LastRequest:
    """What is known of the last requests of one connection."""

    __slots__ = ("_data", "_incoming", "line", "patterns")

    def __init__(self) -> None:
        self._data = b""
        self._incoming: Incoming | None = None
        self.line: KnownLine | None = None
        """The Cookie line, where it is a long one."""
        self.patterns: dict[int, Pattern] = {}
        """How requests go, by the priority of their rule."""

    def again(self, data: bytes) -> Incoming | None:
        """Return the last request if `data` is that again: the same object, as one is served at a time."""
        if data != self._data or self._incoming is None:
            return None
        self._incoming.repeated = True
        return self._incoming

    def is_last(self, data: bytes) -> bool:
        """Tell whether `data` is the last request again."""
        return data == self._data

    def note(self, data: bytes, incoming: Incoming | None) -> None:
        """Remember a request without body; `incoming` None: one that went as a pattern says."""
        if len(data) > MAX_REMEMBERED or (incoming is not None and incoming.has_body):
            self._data, self._incoming = b"", None
        else:
            self._data, self._incoming = data, incoming

    def note_cookie(self, whole: WholeRequest) -> None:
        """Remember the Cookie line."""
        known = self.line
        if len(whole.cookie) < LONG_LINE or not whole.simple:
            return
        if known is None or not known.line.endswith(whole.cookie):
            line = next(each for each in whole.lines if each.endswith(whole.cookie))
            self.line = KnownLine(line)


class Settled:
    """What a head was decided to, ready for the same head again on the same connection."""

    __slots__ = ("_listener", "_template", "dispatch", "parts")

    def __init__(
        self, listener: ListenerSnapshot, dispatch: Dispatch, record: AccessRecord, parts: tuple[bytes, bytes]
    ) -> None:
        """Keep what `listener` decided; `record` is filled up to the choice of a target."""
        self._listener = listener
        self._template = vars(record).copy()
        self.dispatch = dispatch
        self.parts = parts
        """The head for the target, in front of the trace id and behind it."""

    def record_again(self, listener: ListenerSnapshot, *, wall: float, now: float) -> AccessRecord | None:
        """Begin the record of the same request on `listener`; None when it has to be decided anew."""
        if listener is not self._listener or wall >= self.dispatch.until:
            return None
        return _copy(self._template, wall, now)


class Pattern:
    """How the requests of one connection go that meet one rule and differ in nothing that it depends on."""

    __slots__ = ("_cookie", "_decision", "_head", "_host", "_listener", "_template", "dispatch", "incoming")

    def __init__(
        self,
        listener: ListenerSnapshot,
        incoming: Incoming,
        dispatch: Dispatch,
        *,
        record: AccessRecord,
        head: HeadPattern,
    ) -> None:
        """Take it from one request; `record` is filled up to the choice of a target."""
        assert incoming.whole is not None
        self._listener = listener
        self._decision = dispatch.decision
        self._host = incoming.whole.host
        self._cookie = incoming.whole.cookie if dispatch.depends_on else None
        self._template = vars(record).copy()
        self._head = head
        self.dispatch = dispatch
        self.incoming = incoming

    def holds(
        self, listener: ListenerSnapshot, decision: Decision | None, whole: WholeRequest, *, wall: float
    ) -> bool:
        """Tell whether a simple request that met `decision` goes this way."""
        return (
            decision is self._decision
            and listener is self._listener
            and wall < self.dispatch.until
            and whole.host == self._host
            and (self._cookie is None or whole.cookie == self._cookie)
        )

    def record(self, whole: WholeRequest, uri: str, *, wall: float, now: float) -> AccessRecord:
        """Begin the record of such a request; nothing is in it of how many bytes it took."""
        record = _copy(self._template, wall, now)
        record.method, record.uri, record.user_agent = whole.method, uri, whole.agent
        return record

    def parts(self, whole: WholeRequest, uri: str) -> tuple[bytes, bytes]:
        """Write the head for the target, in front of the trace id and behind it."""
        return self._head.write(whole, uri)


def keep_pattern(
    listener: ListenerSnapshot,
    incoming: Incoming,
    dispatch: Dispatch,
    *,
    record: AccessRecord,
    tls_lines: bytes,
) -> None:
    """Remember how this request went, if others like it may go the same way."""
    patterns, whole = incoming.patterns, incoming.whole
    if patterns is None or whole is None or not whole.simple or listener.policy.renamed:
        return
    if dispatch.decision is None or not dispatch.until or dispatch.depends_on not in (b"", b"cookie"):
        return
    if len(patterns) >= MAX_PATTERNS:
        patterns.clear()
    head = HeadPattern(incoming, dispatch, listener.policy, tls_lines=tls_lines)
    patterns[dispatch.priority] = Pattern(listener, incoming, dispatch, record=record, head=head)


def _copy(template: dict[str, Any], wall: float, now: float) -> AccessRecord:
    # A copied dictionary costs a third of an initializer with forty arguments.
    record = AccessRecord.__new__(AccessRecord)
    record.__dict__ = template.copy()
    record.created_wall = wall
    record.created = now
    return record
