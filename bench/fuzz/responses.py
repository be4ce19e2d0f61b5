"""What a client may get of a target's bytes: what h11 reads in them, whole, or nothing that looks whole."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import h11

from bench.fuzz.reading import Play, read_play
from tests.support.conversations import LATER, PLAIN
from tests.support.memory import MemoryPlane, Wire, drive
from tests.support.strict import BUFFER, Answered, read_answers

METHODS = (b"GET", b"HEAD", b"POST", b"GET")
_STATUS_LINE = re.compile(rb"HTTP/([012]\.[019]) (\d\d\d)(?: [^\r\n]*)?(?=\r\n)")
_HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-connection", b"te", b"trailer",
    b"transfer-encoding", b"upgrade",
}  # fmt: skip
_ADDED = {b"date", b"connection", b"transfer-encoding"}


def check_response(plane: MemoryPlane, data: bytes) -> None:
    """Play a target that sends `data`; raises AssertionError, or h11's error, for what must not be."""
    drive(plane, _check(plane, read_play(data)))


async def _check(plane: MemoryPlane, play: Play) -> None:
    method = METHODS[play.cuts[0] & 3]
    closes = play.flood
    answers: list[Sequence[bytes]] = [play.pieces()]
    heads: list[bytes] = []

    def dialled(target: Wire) -> None:
        def heard(data: bytes) -> None:
            heads.append(data)
            parts = answers.pop() if answers else [LATER]
            asyncio.ensure_future(_send(target, parts, play, close=closes and len(heads) == 1))  # noqa: RUF006

        target.on_sent = heard

    plane.on_dialled = dialled
    wire = plane.client(direct=play.direct)
    wire.stuck = play.slow
    wire.receive(PLAIN.replace(b"GET", method))
    await plane.loop.settle()
    wire.unstick()
    await plane.loop.settle()
    open_for_more = not wire.is_closing() and plane.records
    if open_for_more:
        wire.receive(PLAIN)
        await plane.loop.settle()
    methods = [record.method for record in plane.records]
    answered = read_answers(
        bytes(wire.sent), methods or [method.decode()], ended=wire.end in ("closed", "half")
    )
    if open_for_more:
        assert answered[1].body == b"later", "another request got what was not meant for it"
    check_answer(answered[0], read_response(play.data, method, closed=closes), wire.end)
    await plane.rest()


async def _send(target: Wire, parts: Sequence[bytes], play: Play, *, close: bool) -> None:
    for part in parts:
        target.receive(part)
        if not play.haste:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    if close:
        target.finish()


def check_answer(got: Answered, sent: Answered | None, end: str) -> None:
    """Assert that the client got what the target sent, or can tell that it did not."""
    if got.status == 0:
        assert end in ("aborted", ""), end
        return
    if got.status == 502 and (sent is None or sent.status != 502):
        assert (b"server", b"awselb/2.0") in got.headers
        return
    assert sent is not None, f"nobody sent {got}"
    assert (got.status, got.body) == (sent.status, sent.body)
    listed = {
        token.strip().lower()
        for name, value in sent.headers
        if name == b"connection"
        for token in value.split(b",")
    }
    passing = [
        pair for pair in sent.headers if pair[0] not in _HOP_BY_HOP | listed | {b"date", b"content-length"}
    ]
    assert [pair for pair in got.headers if pair[0] not in _ADDED | {b"content-length"}] == passing
    lengths = {value for name, value in sent.headers if name == b"content-length"}
    assert {value for name, value in got.headers if name == b"content-length"} <= lengths


def read_response(data: bytes, method: bytes, *, closed: bool) -> Answered | None:
    """Read the one response that h11 finds; None where it finds none, or not its end."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=BUFFER)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "h")]))
    client.send(h11.EndOfMessage())
    if data:
        client.receive_data(_without_phrases(data))
    if closed:
        client.receive_data(b"")
    head: h11.Response | None = None
    body = b""
    while True:
        try:
            event = client.next_event()
        except h11.RemoteProtocolError:
            return None
        if isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            return Answered(head.status_code, tuple(head.headers), body)
        elif not isinstance(event, h11.InformationalResponse):
            return None


def _without_phrases(data: bytes) -> bytes:
    """Empty the reason phrases, drop line ends before a status line, and take odd versions for 1.0: clients
    get none of them, and h11 has opinions on all.
    """
    done = b""
    while found := _STATUS_LINE.match(data := data.lstrip(b"\r\n")):
        _, end, rest = data[found.end() :].partition(b"\r\n\r\n")
        done += b"HTTP/1.%d %b " % (found[1] == b"1.1", found[2]) + data[found.end() : len(data) - len(rest)]
        data = rest
        if found[2][:1] != b"1" or not end:
            break
    return done + data
