"""One request from its head to its end: joins a downstream (the client's side) and an upstream by calls.

The exchange owns the request's access-log record, counts it in and out at its target, and moves bytes both
ways as they come: no task per request, no body held whole. Each side pauses the other when it cannot keep
up. It knows neither sockets nor ASGI: a `Downstream` adapter writes to the client, a `Courier`
to the target.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, cast

from lb.admission import Incoming
from lb.downstream import Downstream, Pairs
from lb.grpc import fits, in_grpc
from lb.headers import listed_in_connection
from lb.observe.record import AccessRecord
from lb.observe.trace import trace_header
from lb.outcomes import Answer, Dispatch, Pending
from lb.pipeline import decide
from lb.reasons import Reason
from lb.repeat import Settled, keep_pattern
from lb.request_head import build_request_head
from lb.response_writer import LENGTH, NO_BODY, STREAM
from lb.responses import answer_pairs, phrase, refuse

if TYPE_CHECKING:
    from lb.downstream import Downstream
    from lb.runtime import Runtime
    from lb.snapshot import ListenerSnapshot
    from lb.targets.group import Target
    from lb.upstream.connection import UpstreamConnection
    from lb.upstream.courier import Courier
    from lb.upstream.response_head import ResponseHead

log = logging.getLogger("albacore.exchange")

HIGH_WATER = 64 * 1024
"""Bytes of a request's body held while there is nowhere to send them yet."""
PIECE_COST = 64
"""What a piece costs beside its content: a body may come in chunks of one byte."""
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Idempotent methods (RFC 9110 section 9.2.2): may be sent again when a reused connection turns out dead."""


class Exchange:
    """One request and its response."""

    __slots__ = (
        "_body_bytes",
        "_client_full",
        "_connection",
        "_dispatch",
        "_handed_over",
        "_pieces",
        "_request_head",
        "_request_paused",
        "_retried",
        "_target",
        "_task",
        "_trailers",
        "active_at",
        "done",
        "downstream",
        "incoming",
        "listener",
        "record",
        "refusal",
        "request_complete",
        "response_started",
        "runtime",
        "started",
    )

    def __init__(
        self,
        runtime: Runtime,
        listener: ListenerSnapshot,
        incoming: Incoming | None,
        *,
        downstream: Downstream,
        record: AccessRecord,
        refusal: Reason | None = None,
    ) -> None:
        """Take an admitted request, or one that is refused (`incoming` None: it could not even be read)."""
        self.runtime = runtime
        self.listener = listener
        self.incoming = incoming
        self.downstream = downstream
        self.record = record
        self.refusal = refusal
        self.started = False
        self.done = False
        self.request_complete = False
        self.response_started = False
        self.active_at = record.created
        self._pieces: list[bytes] = []
        self._trailers: Pairs = ()
        self._body_bytes = 0
        self._request_paused = False
        self._client_full = False
        self._retried = False
        self._handed_over = False
        self._dispatch: Dispatch | None = None
        self._target: Target | None = None
        self._connection: Courier | None = None
        self._request_head = b""
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"Exchange({self.record!r} done={self.done})"

    # Deciding.

    def start(self) -> None:
        """Decide and act; called once, when the request's turn on its connection has come."""
        if self.done:
            return
        self.started = True
        self.runtime.exchanges.add(self)
        incoming = self.incoming
        if self.refusal is not None or incoming is None:
            self._act(refuse(self.refusal or Reason.BAD_REQUEST, close=True))
            return
        if incoming.settled is not None:
            self._send_settled(incoming.settled.dispatch, incoming.settled.parts)
            return
        try:
            outcome = decide(self.listener, incoming.head, self.record.created_wall)
        except Exception:
            log.exception("deciding about a request failed")
            outcome = refuse(Reason.INTERNAL)
        self._act(outcome)

    def start_settled(self, dispatch: Dispatch, parts: tuple[bytes, bytes]) -> None:
        """Act on what was decided before; `parts` as of `build_request_head`."""
        self.started = True
        self.runtime.exchanges.add(self)
        self._send_settled(dispatch, parts)

    def _send_settled(self, dispatch: Dispatch, parts: tuple[bytes, bytes]) -> None:
        assert self.incoming is not None
        self._dispatch = dispatch
        try:
            self._choose_target(dispatch, self.incoming, parts)
        except Exception:
            log.exception("serving a request failed")
            self._give_up(Reason.INTERNAL)

    def _act(self, outcome: Dispatch | Answer | Pending) -> None:
        """Do what was decided; a client waits, so a surprise on the way is an answer too."""
        try:
            self._carry_out(outcome)
        except Exception:
            log.exception("serving a request failed")
            self._give_up(Reason.INTERNAL)

    def _carry_out(self, outcome: Dispatch | Answer | Pending) -> None:
        if type(outcome) is Dispatch:
            self._dispatch_to_target(outcome)
        elif isinstance(outcome, Answer):
            self._answer(outcome)
        elif isinstance(outcome, Pending):
            # Kept on the exchange: the loop itself holds tasks weakly.
            self._task = asyncio.get_running_loop().create_task(self._wait(outcome))

    async def _wait(self, pending: Pending) -> None:
        try:
            outcome = await pending.run()
            assert isinstance(outcome, Dispatch | Answer)
        except Exception:
            log.exception("waiting for %s failed", pending.label)
            outcome = refuse(Reason.AUTH_UNHANDLED)
        if not self.done:
            self.active_at = monotonic()
            self._act(outcome)

    # Answers of our own.

    def _answer(self, answer: Answer) -> None:
        record = self.record
        record.status = answer.status
        incoming = self.incoming
        if incoming is not None and incoming.grpc:
            answer = in_grpc(answer)
        record.reason = answer.reason
        record.actions = answer.actions
        record.redirect_url = answer.redirect_url
        record.priority = answer.priority
        record.transform_status = answer.transform_status
        if answer.priority is not None:
            record.rule_evaluations = self.listener.evaluations.get(answer.priority, 0)
        record.target_group_arn = record.target_group_arn or answer.group_arn
        pairs = answer_pairs(answer, date=self.runtime.date(), edits=self.listener.edits)
        self.response_started = True
        bodiless = answer.status in (204, 304) or record.method == "HEAD"
        self.downstream.begin_response(
            answer.status,
            phrase(answer.status).encode(),
            pairs,
            framing=NO_BODY if bodiless else LENGTH,
            close=answer.close or self._ends_connection(),
        )
        if not bodiless:
            self.downstream.write_body(answer.body)
        self._end()

    def _ends_connection(self) -> bool:
        """A client that was not told to continue may send its body or not: where its next request begins
        is open. So it is behind a request that the desync mode lets pass alone."""
        incoming = self.incoming
        if incoming is None:
            return False
        return incoming.closes or (incoming.expect_continue and not self.request_complete)

    def fail(self, reason: Reason) -> None:
        """Give up for a reason outside the exchange."""
        self._give_up(reason)

    def _give_up(self, reason: Reason) -> None:
        """Answer with `reason`, or break the response off when it has begun."""
        self._drop_connection()
        if self.done:
            return
        if self.response_started:
            if not self.downstream.take_back():
                self.record.reason = reason
                self.downstream.abort_response()
                self._finish()
                return
            self.record.target_status = 0
        dispatch = self._dispatch
        answer = refuse(reason, close=not self.request_complete)
        if dispatch is not None:
            answer = replace(answer, actions=dispatch.actions, priority=dispatch.priority)
        self._answer(answer)

    # To the target.

    def _dispatch_to_target(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        record = self.record
        record.priority = dispatch.priority
        record.rule_evaluations = self.listener.evaluations.get(dispatch.priority, 0)
        record.actions = dispatch.actions
        record.target_group_arn = self.listener.group_arns.get(dispatch.group, "")
        if dispatch.transform_status:
            record.transformed_host = dispatch.transformed_host
            record.transformed_uri = dispatch.transformed_uri
            record.transform_status = dispatch.transform_status
        incoming = self.incoming
        assert incoming is not None
        group = self.listener.target_groups.get(dispatch.group)
        if group is not None and not fits(group.protocol_version, incoming):
            self._give_up(Reason.PROTOCOL_MISMATCH)
            return
        policy = self.listener.policy
        tls_lines = self.downstream.tls_lines if policy.tls_facts else b""
        parts = build_request_head(incoming, dispatch, policy, tls_lines=tls_lines)
        if incoming.repeated and dispatch.until:
            incoming.settled = Settled(self.listener, dispatch, record, parts)
        if incoming.patterns is not None:
            keep_pattern(self.listener, incoming, dispatch, record=record, tls_lines=tls_lines)
        self._choose_target(dispatch, incoming, parts)

    def _choose_target(self, dispatch: Dispatch, incoming: Incoming, parts: tuple[bytes, bytes]) -> None:
        """Send the request to the target whose turn it is; `parts` as of `build_request_head`."""
        runtime, record = self.runtime, self.record
        target = runtime.registry.choose(dispatch.group)
        if target is None:
            self._give_up(Reason.NO_TARGETS)
            return
        self._target = target
        record.target = target.address
        runtime.registry.begin(target)
        trace = runtime.trace_ids.fresh(record.created_wall)
        if incoming.trace is None:
            trace = b"Root=" + trace
        else:
            trace = trace_header(incoming.trace, trace, headers_size=record.received_bytes)
        record.trace_id = trace
        self._request_head = b"".join((parts[0], trace, parts[1]))
        if incoming.invalid_names or incoming.names_dropped:
            dropped = incoming.names_dropped or self.listener.attributes.drop_invalid_header_fields
            runtime.metrics.count(f"{'Dropped' if dropped else 'Forwarded'}InvalidHeaderRequestCount")
        if incoming.expect_continue and not self.request_complete:
            incoming.expect_continue = False
            self.downstream.send_continue()
        self._connect(target, fresh=False)

    def _connect(self, target: Target, *, fresh: bool) -> None:
        pool = self.runtime.pool
        connection = None if fresh else pool.take(target)
        if connection is None:
            pool.open(target, self._connected, self._not_connected)
        else:
            self._send(connection)

    def _connected(self, connection: Courier) -> None:
        if self.done:
            connection.put_back()
            return
        self.active_at = monotonic()
        self._send(connection)

    def _not_connected(self, reason: Reason) -> None:
        if not self.done:
            self._give_up(reason)

    def _send(self, connection: Courier) -> None:
        incoming = self.incoming
        assert incoming is not None
        self._connection = connection
        self.record.dispatched = monotonic()
        pieces, self._pieces = self._pieces, []
        if self._request_paused:
            # Before writing: that may pause it again.
            self._resume_request()
        connection.send(
            self,
            self._request_head,
            pieces,
            head_only=self.record.method == "HEAD",
            chunked=incoming.chunked,
            complete=self.request_complete,
            takes_trailers=incoming.takes_trailers,
            trailers=self._trailers,
        )

    # The request's body.

    def on_request_body(self, data: bytes) -> None:
        """Take a piece of the request's body from the client."""
        self.record.received_bytes += len(data)
        if self.done:
            return
        self.active_at = monotonic()
        self._body_bytes += len(data)
        if self._connection is not None:
            self._connection.write_body(data)
            return
        self._pieces.append(data)
        held = self._body_bytes + PIECE_COST * len(self._pieces)
        if held > HIGH_WATER and not self._request_paused and self.started:
            self._pause_request()

    def on_request_trailers(self, pairs: Pairs) -> None:
        """Take the trailers that end the request; only targets of HTTP/2 get them."""
        self.record.received_bytes += sum(len(name) + len(value) + 4 for name, value in pairs)
        self._trailers = pairs

    def on_request_end(self) -> None:
        """The request's body is complete."""
        self.request_complete = True
        if not self.done and self._connection is not None:
            self._connection.end_request(self._trailers)

    def on_request_broken(self) -> None:
        """The rest of the request's body is malformed: refuse, or break off."""
        if not self.done:
            self._give_up(Reason.BAD_REQUEST)

    def _pause_request(self) -> None:
        self._request_paused = True
        self.downstream.pause_request()

    def _resume_request(self) -> None:
        self._request_paused = False
        self.active_at = monotonic()
        self.downstream.resume_request()

    def on_target_full(self) -> None:
        """The target reads slowly: stop reading the request."""
        if not self.done and not self._request_paused:
            self._pause_request()

    def on_target_ready(self) -> None:
        """The target has caught up."""
        if not self.done and self._request_paused:
            self._resume_request()

    # The response.

    def on_response_head(self, head: ResponseHead) -> None:
        """Hand the target's head to the client, edited."""
        pairs, framing, close = self._answer_of(head)
        self.downstream.begin_response(head.status, head.phrase, pairs, framing=framing, close=close)

    def on_response(self, head: ResponseHead, body: bytes) -> None:
        """Hand on a response that arrived whole, in one go."""
        connection, self._connection = self._connection, None
        pairs, framing, close = self._answer_of(head)
        self.downstream.write_response(head, pairs, body, framing=framing, close=close)
        self._let_go(connection)
        self._finish()

    def _answer_of(self, head: ResponseHead) -> tuple[list[tuple[bytes, bytes]], int, bool]:
        """Note the target's head; return the headers for the client, their framing, and whether to close."""
        record, incoming = self.record, self.incoming
        assert incoming is not None
        status = record.status = record.target_status = head.status
        self.active_at = record.target_head = record.response_started = monotonic()
        self.response_started = True
        pairs = self._response_pairs(head)
        if not head.dated:
            # RFC 9110 section 6.6.1: whoever hands on a response without a Date adds one.
            pairs.append((b"Date", self.runtime.date()))
        framing = LENGTH if head.length >= 0 else STREAM
        if status == 204 or status == 304 or record.method == "HEAD":
            framing = NO_BODY
            if status == 204 and head.length >= 0:
                pairs = [pair for pair in pairs if pair[0].lower() != b"content-length"]
        return pairs, framing, incoming.closes

    def _response_pairs(self, head: ResponseHead) -> list[tuple[bytes, bytes]]:
        edits, dispatch = self.listener.edits, self._dispatch
        also: Pairs = dispatch.response_headers if dispatch is not None else ()
        if not (also or head.connection or edits.active):
            return head.pairs
        listed = listed_in_connection(head.connection)
        return edits.apply(head.pairs, also=also, hop_by_hop=listed)

    def on_response_body(self, data: bytes) -> None:
        """Hand a piece of the response's body to the client."""
        self.downstream.write_body(data)

    def on_response_trailers(self, pairs: Pairs) -> None:
        """Hand the trailers to the client: they end the response."""
        self.downstream.write_trailers(pairs)

    def on_response_flush(self) -> None:
        """Let the client's side write what came together."""
        self.active_at = monotonic()
        self.downstream.flush()

    def on_response_end(self) -> None:
        """The response is complete."""
        connection, self._connection = self._connection, None
        self._let_go(connection)
        self._end()

    def _let_go(self, connection: Courier | None) -> None:
        """Leave the connection to the pool, if it is fit for another request."""
        if connection is None:
            return
        if not self.request_complete or (self.incoming is not None and self.incoming.closes):
            # The rest of the request would be read as the next one; or what the target may have made of
            # this one, as the answer to the next.
            connection.discard()
        elif self._client_full:
            connection.resume_reading()

    def on_target_lost(self, reason: Reason) -> None:
        """The connection ended early: retry what cannot have been acted on, else give up."""
        connection, self._connection = self._connection, None
        if self.done:
            return
        if connection is not None and self._may_retry(connection) and self._target is not None:
            self._retried = True
            self._pieces = list(connection.replay or ())
            self._connect(self._target, fresh=True)
            return
        if connection is not None and connection.reset_code and self._forwards_reset_codes():
            self.record.reason = reason
            self.downstream.abort_response(connection.reset_code)
            self._finish()
            return
        self._give_up(reason)

    def _forwards_reset_codes(self) -> bool:
        """Tell whether clients hear the code with which a target resets a stream, instead of 502."""
        incoming, dispatch = self.incoming, self._dispatch
        group = self.listener.target_groups.get(dispatch.group) if dispatch is not None else None
        return incoming is not None and incoming.http2 and group is not None and group.forwards_reset_codes

    def _may_retry(self, connection: Courier) -> bool:
        """The target has not looked at the request, as it said; or a reused connection closed before any
        byte of a response: the target was closing it as we wrote.
        """
        if self._retried or self._target is None or self._target.released:
            return False
        if connection.unprocessed:
            return connection.replay is not None
        return (
            connection.served > 0
            and not connection.response_begun
            and not self._body_bytes
            and self.record.method in REPEATABLE
        )

    # The client's side.

    def on_client_full(self) -> None:
        """The client reads slowly: stop reading the response."""
        self._client_full = True
        if self._connection is not None:
            self._connection.pause_reading()

    def on_client_ready(self) -> None:
        """The client has caught up."""
        self._client_full = False
        self.active_at = monotonic()
        if self._connection is not None:
            self._connection.resume_reading()

    def on_client_gone(self) -> None:
        """The client closed its connection: nothing more is wanted of the target."""
        if self.done:
            return
        self._drop_connection()
        record = self.record
        if not self.response_started:
            # 460 while the load balancer waited; a request that never became complete is a malformed one.
            record.status = 460 if self.request_complete else 400
            record.reason = Reason.CLIENT_CLOSED if self.request_complete else Reason.BAD_REQUEST
        self._finish()

    def on_switch(self, head: ResponseHead, rest: bytes) -> None:
        """The target switched protocols: become a tunnel, if that was asked for."""
        # Only a connection of HTTP/1 can switch.
        connection = cast("UpstreamConnection", self._connection)
        self._connection = None
        record = self.record
        incoming = self.incoming
        if incoming is None or not incoming.upgrade:
            connection.discard()
            self._give_up(Reason.TARGET_BAD_RESPONSE)
            return
        record.target_head = record.response_started = monotonic()
        record.status = record.target_status = 101
        if head.upgrade.lower() == b"websocket":
            record.type = "wss" if record.scheme == "https" else "ws"
        head.pairs = self._response_pairs(head)
        self.response_started = True
        if not self.downstream.open_tunnel(self, connection, head, rest):
            connection.discard()
            self._give_up(Reason.TARGET_BAD_RESPONSE)

    # Time.

    def sweep(self, now: float, idle_timeout: float) -> None:
        """Give up when the side that is waited for has been silent too long; `now` on the monotonic clock."""
        if self.done or (self._task is not None and not self._task.done()):
            # Pre-actions have budgets of their own.
            return
        if self._client_full:
            if self.downstream.client_stalled(now) >= idle_timeout:
                self._give_up(Reason.REQUEST_TIMEOUT)
            return
        if now - self.active_at < idle_timeout / 2:
            return
        if self._connection is not None and self._connection.backlog.taking():
            self.active_at = now
        if now - self.active_at < idle_timeout:
            return
        if self._connection is None and self._target is not None:
            # Connecting; the pool has its own limit.
            return
        waits_for_client = not self.request_complete and not self._request_paused
        self._give_up(Reason.REQUEST_TIMEOUT if waits_for_client else Reason.TARGET_TIMEOUT)

    # Ends.

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.discard()

    def _end(self) -> None:
        self.downstream.end_response()
        self._finish()

    def _finish(self) -> None:
        self.settle()
        self.downstream.exchange_done(self)

    def settle(self) -> None:
        """Want nothing more: count the request out at its target."""
        if self.done:
            return
        self.done = True
        self.runtime.exchanges.discard(self)
        target, self._target = self._target, None
        if target is not None:
            self.runtime.registry.finish(target)

    def hand_over(self) -> None:
        """Hand the record to access log and metrics, once, when the last byte was written."""
        if not self._handed_over:
            self._handed_over = True
            self.record.done = monotonic()
            self.runtime.record(self.record)
