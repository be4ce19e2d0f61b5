"""A request of HTTP/2 through the ASGI application: middlewares stand around the load balancer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.flow_control import FlowControl

from lb.admission import Incoming
from lb.asgi import EXTENSION, AsgiDownstream
from lb.cycle import Cycle

if TYPE_CHECKING:
    from lb.http2.protocol import Http2Protocol
    from lb.http2.stream import Stream


def start_cycle(protocol: Http2Protocol, stream: Stream, incoming: Incoming) -> None:
    """Make the task that runs the application for a request."""
    exchange = stream.exchange
    exchange.downstream = AsgiDownstream(stream)
    stream.flow = FlowControl(protocol.transport)
    head = incoming.head
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "2",
        "server": protocol.server,
        "client": (protocol.peer, protocol.peer_port),
        "scheme": "https",
        "method": head.method,
        "root_path": "",
        "path": head.path,
        "raw_path": head.path.encode("ascii"),
        "query_string": head.query.encode("ascii"),
        "headers": list(head.headers),
        "state": protocol.app_state,
        "extensions": {EXTENSION: exchange},
    }
    stream.cycle = Cycle(cast(Any, stream), exchange, scope)
    task = asyncio.get_running_loop().create_task(stream.cycle.run_asgi(protocol.app))
    protocol.server_state.tasks.add(task)
    task.add_done_callback(protocol.server_state.tasks.discard)
