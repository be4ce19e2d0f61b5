"""HTTP/2 from a client: any header block, and any bytes behind a sound beginning.

What is admitted becomes one request of HTTP/1.1 that h11 reads as the same; whatever comes, nothing breaks
and nothing stays behind.
"""

from __future__ import annotations

import h11
from h2.config import H2Configuration
from h2.connection import H2Connection
from hpack import Decoder, HPACKError

from bench.fuzz.reading import Play, read_play
from bench.fuzz.requests import check_stripped, may_pass, settled
from lb.admission import Incoming, Origin
from lb.headers import ForwardPolicy
from lb.http2.head import Malformed, admit_fields, read_fields
from lb.http2.protocol import Http2Protocol
from lb.outcomes import Dispatch
from lb.pipeline import decide
from lb.request_head import build_request_head
from tests.support.memory import MemoryPlane, drive
from tests.support.strict import BUFFER, Heard, StrictTarget

MARK = b"\0"
ORIGIN = Origin("https", 443, "192.0.2.7", 50000, "lb.example")
ACTUAL_HEADERS = 64 * 1024

Block = list[tuple[bytes, bytes]]


def read_block(data: bytes) -> Block:
    """Read a header block: HPACK, or (behind a zero byte) lines of `name=value`."""
    if data[:1] == MARK:
        pairs = (line.partition(b"=") for line in data[1:].split(b"\n"))
        return [(name, value) for name, _, value in pairs]
    decoder = Decoder()
    decoder.max_header_list_size = ACTUAL_HEADERS
    try:
        return [(bytes(name), bytes(value)) for name, value in decoder.decode(data, raw=True)]
    except HPACKError:
        return []


def check_head(plane: MemoryPlane, data: bytes) -> None:
    """Admit a header block; raises where its request to the target is not the one that was asked for."""
    ended = bool(data[:1]) and data[0] & 1 == 0
    block = read_block(data[1:])
    try:
        fields = read_fields(block)
    except Malformed:
        return
    incoming = admit_fields(fields, ended=ended, origin=ORIGIN)
    if not isinstance(incoming, Incoming):
        return
    listener = plane.runtime.snapshot.listeners["listener"]
    outcome = decide(listener, incoming.head, 0.0)
    assert isinstance(outcome, Dispatch)
    heard = _read_head(_write_head(incoming, outcome, listener.policy))
    check_stripped(heard)
    pseudo = {name: value for name, value in block if name[:1] == b":"}
    assert (heard.method, heard.target) == (pseudo[b":method"], settled(pseudo[b":path"]))
    passing = [
        name for name, _ in block if may_pass(name) and name not in (b"cookie", b"") and name[:1] != b":"
    ]
    got = [name for name, _ in heard.headers if may_pass(name) and name != b"cookie"]
    assert got == passing, (got, passing)


def _write_head(incoming: Incoming, outcome: Dispatch, policy: ForwardPolicy) -> bytes:
    before, after = build_request_head(incoming, outcome, policy, tls_lines=b"")
    return before + b"Root=1-0-0" + after


def _read_head(head: bytes) -> Heard:
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=BUFFER)
    server.receive_data(head)
    request = server.next_event()
    assert isinstance(request, h11.Request), request
    following = server.next_event()
    assert isinstance(following, h11.EndOfMessage) or following is h11.NEED_DATA, "bytes behind the head"
    assert server.trailing_data[0] == b""
    return Heard(request.method, request.target, tuple(request.headers), b"")


def opening() -> bytes:
    """Return what a client sends first."""
    client = H2Connection(H2Configuration(client_side=True))
    client.initiate_connection()
    return client.data_to_send()


def check_frames(plane: MemoryPlane, data: bytes) -> None:
    """Play an HTTP/2 client that sends `data` behind its settings."""
    drive(plane, _check_frames(plane, read_play(data)))


async def _check_frames(plane: MemoryPlane, play: Play) -> None:
    target = StrictTarget(plane)
    plane.before_dialling = None
    wire = plane.client(direct=play.direct, http=Http2Protocol)
    wire.receive(opening())
    wire.stuck = play.slow
    for piece in play.pieces():
        wire.receive(piece)
        if not play.haste:
            await plane.loop.settle()
    await plane.loop.settle()
    wire.unstick()
    await plane.loop.settle()
    for heard in target.heard:
        check_stripped(heard)
    assert len(target.heard) <= len(plane.records)
    await plane.rest()
