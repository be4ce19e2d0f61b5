"""What targets may hear of a client's bytes: the messages that are in them, each as h11 reads it.

The load balancer may refuse what h11 reads. What h11 refuses it must not read in the strictest desync mode;
in the other modes a message that it repairs is still the one that stands there, with its method and body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from bench.fuzz.messages import find_messages
from bench.fuzz.reading import Play, read_play
from lb.exchange import HIGH_WATER
from lb.settings import DesyncMode
from lb.wire import MAX_PIPELINED
from tests.support.memory import MemoryPlane, Wire, drive
from tests.support.strict import Heard, StrictTarget, read_answers

FLOOD_BYTES = 1024 * 1024
MOST_KEPT = 1024 * 1024
"""Bytes and objects that one client may make us keep, whatever he sends."""
_OBJECT = 40
"""What a `bytes` object costs beside its content."""

OURS = {
    b"host", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port", b"x-amzn-trace-id", b"connection",
    b"content-length", b"transfer-encoding",
}  # fmt: skip
"""Headers of which a target gets exactly what the load balancer says."""
NEVER = {
    b"keep-alive", b"te", b"trailer", b"http2-settings", b"proxy-connection", b"proxy-authorization",
    b"proxy-authenticate", b"expect",
}  # fmt: skip
_FRAMING = {b"contentlength", b"transferencoding"}
_SINGLE = {b"host", b"x-forwarded-proto", b"x-forwarded-port", b"x-amzn-trace-id", b"connection"}


def folded(name: bytes) -> bytes:
    """Return what a CGI-like target makes of a name."""
    return re.sub(rb"[^a-z0-9]", b"-", name.lower())


def letters(name: bytes) -> bytes:
    """Return what a reader sees who minds nothing else."""
    return re.sub(rb"[^a-z0-9]", b"", name.lower())


def check_request(plane: MemoryPlane, data: bytes) -> None:
    """Play a client that sends `data`; raises AssertionError, or h11's error, for what must not be."""
    drive(plane, _check(plane, read_play(data)))


async def _check(plane: MemoryPlane, play: Play) -> None:
    target = StrictTarget(plane)
    connected = plane.loop.create_future()
    plane.before_dialling = (lambda: connected) if play.slow else None
    wire = plane.client(direct=play.direct)
    wire.stuck = play.slow
    for piece in play.pieces():
        wire.receive(piece)
        if not play.haste:
            await plane.loop.settle()
        check_kept(wire)
    if play.flood and play.data:
        await _flood(plane, wire, play.data[-64:])
    await plane.loop.settle()
    connected.set_result(None)
    wire.unstick()
    await plane.loop.settle()
    mode = plane.runtime.snapshot.settings.attributes.desync_mode
    check_heard(target.heard, play.data, flooded=play.flood, strict=mode is DesyncMode.STRICTEST)
    check_answers(plane, wire)
    await plane.rest()


async def _flood(plane: MemoryPlane, wire: Wire, tail: bytes) -> None:
    piece = tail * (32 * 1024 // len(tail))
    for _ in range(FLOOD_BYTES // len(piece)):
        wire.receive(piece)
        await plane.loop.settle()
        check_kept(wire)
        if not wire.is_reading():
            return


def check_kept(wire: Wire) -> None:
    """Assert that what the protocol keeps of its client is bounded."""
    protocol: Any = wire.protocol
    assert len(protocol.waiting) <= MAX_PIPELINED + 1
    kept = len(protocol.url) + len(protocol._early) + _weigh(protocol._out)
    kept += sum(len(name) + len(value) + 3 * _OBJECT for name, value in protocol._pairs)
    exchanges = [each for each in (protocol.current, *protocol.waiting) if each is not None]
    kept += sum(_weigh(exchange._pieces) for exchange in exchanges)
    assert kept <= MOST_KEPT + HIGH_WATER, f"{kept} bytes kept"


def _weigh(pieces: Iterable[bytes]) -> int:
    return sum(len(piece) + _OBJECT for piece in pieces)


def check_answers(plane: MemoryPlane, wire: Wire) -> None:
    """Assert that the client got one sound answer for each row of the access log, in its order."""
    methods = [record.method for record in plane.records]
    # A request that is not complete yet may have been told to go on.
    sent = bytes(wire.sent).removesuffix(b"HTTP/1.1 100 Continue\r\n\r\n")
    answers = read_answers(sent, methods, ended=wire.end in ("closed", "half"))
    for answer, record in zip(answers, plane.records, strict=True):
        assert answer.status in (record.status, 0), (answer, record)
        assert answer.status or wire.end == "aborted", "broken off, and nobody can tell"


def check_heard(heard: list[Heard], data: bytes, *, flooded: bool, strict: bool) -> None:
    """Assert that a target heard what the client said; `strict`: and nothing that h11 refuses."""
    said = list(find_messages(data))
    if not flooded:
        assert len(heard) <= len(said), f"heard {len(heard)} requests of {len(said)}"
    for each, message in zip(heard, said, strict=False):
        original = message.read()
        if original is not None:
            check_same(each, original)
        assert original is not None or not strict, message
        assert (each.method, each.body) == (message.method, message.body), message
    for each in heard:
        check_stripped(each)


def check_same(heard: Heard, said: Heard) -> None:
    """Assert that a request is the same, but for what is between us and one side."""
    assert heard.method == said.method
    assert heard.target == settled(said.target), (heard.target, said.target)
    assert heard.body == said.body
    listed = {token.strip().lower() for value in said.values(b"connection") for token in value.split(b",")}
    passing = [pair for pair in said.headers if may_pass(pair[0]) and pair[0] not in listed]
    got = [pair for pair in heard.headers if pair[0] not in OURS and pair[0] != b"upgrade"]
    assert mended(got) == mended(passing), (got, passing)


def mended(pairs: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return headers as they pass: RFC 9110 section 5.5 lets control characters become spaces, and h11 does
    not mind them.
    """
    return [(name, b" ".join(re.sub(rb"[\x00-\x1f\x7f]", b" ", value).split())) for name, value in pairs]


def may_pass(name: bytes) -> bool:
    """Tell whether a client's header of this (lower-case) name goes to the target as it is."""
    fold = folded(name)
    owned = fold in OURS | NEVER | {b"upgrade", b"x-amzn-tls-version", b"x-amzn-tls-cipher-suite"}
    if name in (b"x-amzn-tls-version", b"x-amzn-tls-cipher-suite", b"x-amzn-tls-kx"):
        return True  # as the attributes are here
    if letters(name) in _FRAMING:
        return False
    return not owned and fold != b"x-amzn-tls-kx" and not fold.startswith((b"x-amzn-oidc-", b"x-amzn-mtls-"))


def check_stripped(heard: Heard) -> None:
    """Assert that nothing reached the target that only we may say."""
    names = [name for name, _ in heard.headers]
    folds = [folded(name) for name in names]
    for name in _SINGLE:
        assert folds.count(name) == 1, (name, heard)
    assert sum(letters(name) in _FRAMING for name in names) <= 1, "somebody could read two framings"
    assert not NEVER.intersection(folds)
    assert not any(fold.startswith((b"x-amzn-oidc-", b"x-amzn-mtls-")) for fold in folds)
    assert heard.values(b"x-forwarded-for")[-1:] != []
    assert heard.values(b"x-forwarded-for")[-1].endswith(b"192.0.2.7")
    assert folds.count(b"x-forwarded-for") == 1
    assert b"/../" not in heard.target.partition(b"?")[0] + b"/"
    assert heard.target.startswith(b"/")


def settled(target: bytes) -> bytes:
    """Return the one spelling of a target that is sent on."""
    absolute = re.fullmatch(rb"(?i:https?)://[^/?]+(/[^?]*)?(\?.*)?", target, re.DOTALL)
    if absolute:
        target = (absolute[1] or b"/") + (absolute[2] or b"")
    path, mark, query = target.partition(b"?")
    path = re.sub(rb"%([0-9A-Fa-f]{2})", _unescape, path)
    return path + mark + query if query else path


def _unescape(escape: re.Match[bytes]) -> bytes:
    byte = bytes([int(escape[1], 16)])
    return byte if re.fullmatch(rb"[A-Za-z0-9._~-]", byte) else escape[0]
