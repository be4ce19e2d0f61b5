"""The short ways of a request on an HTTP/1 connection: a part of `lb.wire.ListenerProtocol`.

The very same bytes as last time; a request that goes as those before it went; one that came whole and of
the usual shape. The parser sees nothing of any of them, and stands between two messages as before. What
takes none of these ways goes to the parser, and nothing is refused here.
"""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, cast

from lb.admission import Incoming, Origin, parse_host, read_target
from lb.exchange import Exchange
from lb.pipeline import find_rule
from lb.reasons import Reason
from lb.repeat import LastRequest
from lb.whole_request import LinePairs, WholeRequest, read_whole
from rules.request import RequestHead

if TYPE_CHECKING:
    from lb.asgi import LoadBalancer
    from lb.downstream import Downstream
    from lb.runtime import Runtime


class ShortWays:
    """What a client connection does with a request before it asks the parser."""

    current: Exchange | None
    """The exchange whose turn it is."""
    direct: bool
    last: LastRequest | None
    """None where nothing is remembered."""
    load_balancer: LoadBalancer
    origin: Origin
    runtime: Runtime
    silent_since: float

    def serve_whole(self, data: bytes) -> bool:
        """Serve `data` if it is one whole request of the usual shape; False: it is for the parser.

        Only where a message may begin, and no other one is being served.
        """
        last = self.last
        # A connection that asks once and then only sits there must cost little.
        is_first = last is None
        if last is None:
            last = self.last = LastRequest()
        incoming = last.again(data)
        if incoming is not None:
            self._serve_again(incoming, len(data))
            return True
        whole = read_whole(data, last.line)
        if whole is None:
            return False
        if last.patterns and whole.simple and self._serve_alike(whole, last, data):
            return True
        incoming = whole.admit(self.origin)
        if incoming is None:
            return False
        if not is_first:
            self._remember(last, incoming, whole, data)
        received = len(data) - len(whole.body)
        exchange = self.make_exchange(whole.method, incoming, None, received=received)
        self._take_turn(exchange, whole.body)
        self.start_exchange(exchange)
        return True

    def _remember(self, last: LastRequest, incoming: Incoming, whole: WholeRequest, data: bytes) -> None:
        incoming.repeated = last.is_last(data)
        if self.direct:
            incoming.patterns = last.patterns
        last.note(data, incoming)
        last.note_cookie(whole)

    def _take_turn(self, exchange: Exchange, body: bytes) -> None:
        if body:
            exchange.on_request_body(body)
        exchange.request_complete = True
        self.current = exchange

    def _serve_again(self, incoming: Incoming, size: int) -> None:
        """Serve the last request once more."""
        listener = self.load_balancer.listener()
        settled, record = incoming.settled, None
        if settled is not None:
            record = settled.record_again(listener, wall=time(), now=self.silent_since)
        if record is None:
            incoming.settled = None
            exchange = self.make_exchange(incoming.head.method, incoming, None, received=size)
        else:
            exchange = Exchange(
                self.runtime, listener, incoming, downstream=cast("Downstream", self), record=record
            )
        self._take_turn(exchange, b"")
        if self.direct and settled is not None and record is not None:
            exchange.start_settled(settled.dispatch, settled.parts)
        else:
            self.start_exchange(exchange)

    def _serve_alike(self, whole: WholeRequest, last: LastRequest, data: bytes) -> bool:
        """Serve a request that meets a known rule and goes as those before it went, or return False."""
        if last.is_last(data):
            # The same once more: what is kept of it as a whole is quicker still.
            return False
        target, hosts = read_target(whole.target), parse_host(whole.host)
        if target is None or hosts is None:
            return False
        listener, origin, wall = self.load_balancer.listener(), self.origin, time()
        _, path, query = target
        head = RequestHead(
            whole.method, origin.scheme, hosts[0], origin.port, path, query, LinePairs(whole.lines),
            origin.peer, origin.peer_port, hosts[1],
        )  # fmt: skip
        try:
            decision = find_rule(listener, head)
        except Exception:  # noqa: BLE001 -- the long way meets it again, tells of it and answers
            return False
        pattern = last.patterns.get(decision.rule) if decision is not None else None
        if pattern is None or not pattern.holds(listener, decision, whole, wall=wall):
            return False
        uri = f"{path}?{query}" if query else path
        record = pattern.record(whole, uri, wall=wall, now=self.silent_since)
        record.received_bytes = len(data) - len(whole.body)
        last.note(data, None)
        exchange = Exchange(
            self.runtime, listener, pattern.incoming, downstream=cast("Downstream", self), record=record
        )
        self._take_turn(exchange, whole.body)
        exchange.start_settled(pattern.dispatch, pattern.parts(whole, uri))
        return True

    # What the connection does.

    def make_exchange(
        self, method: str, incoming: Incoming | None, refusal: Reason | None, *, received: int
    ) -> Exchange:
        """Make the exchange of a request whose head took `received` bytes."""
        raise NotImplementedError

    def start_exchange(self, exchange: Exchange) -> None:
        """Let it decide and act."""
        raise NotImplementedError
