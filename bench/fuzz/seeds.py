"""Where fuzzing begins: the conversations of the tests, and a dictionary of the words of HTTP."""

# ruff: noqa: E501 -- a dictionary

from __future__ import annotations

from collections.abc import Callable

import hpack
from h2.config import H2Configuration
from h2.connection import H2Connection
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from bench.fuzz.http2 import MARK, opening
from bench.fuzz.reading import write_play
from tests.support.conversations import (
    BROKEN_ANSWERS,
    CONVERSATIONS,
    ENDED_ANSWERS,
    LATER,
    WHOLE_ANSWERS,
)

MOST = 8 * 1024
"""Longer conversations make slow seeds."""
_CUTS = b"\x55\xaa\xff"

_BLOCK = [
    (b":method", b"POST"), (b":scheme", b"https"), (b":path", b"/a/%61?b=c"), (b":authority", b"a.example"),
    (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"te", b"trailers"), (b"content-length", b"3"),
    (b"x-amzn-oidc-data", b"x"), (b"x-forwarded-for", b"1.2.3.4"),
]  # fmt: skip
_BLOCKS = [
    _BLOCK,
    _BLOCK[:4],
    [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/"), (b"host", b"a.example:8080")],
    [(b":method", b"CONNECT"), (b":authority", b"a.example:443")],
]


def request_seeds() -> list[bytes]:
    """Every conversation, in every mode."""
    return [
        write_play(data, mode=number % 16, cuts=_CUTS)
        for number, data in enumerate(CONVERSATIONS.values())
        if len(data) < MOST
    ]


def response_seeds() -> list[bytes]:
    """Every answer, with junk and without, before an end and without."""
    answers = [*WHOLE_ANSWERS.values(), *ENDED_ANSWERS.values(), *BROKEN_ANSWERS.values()]
    return [
        write_play(data + junk, mode=mode, cuts=bytes([method]) + _CUTS[1:])
        for data in answers
        if len(data) < MOST
        for mode, method, junk in ((0, 0, b""), (9, 1, b""), (2, 2, LATER), (12, 0, b"junk"))
    ]


def head_seeds() -> list[bytes]:
    """Header blocks as lines and as HPACK."""
    lines = [MARK + b"\n".join(name + b"=" + value for name, value in block) for block in _BLOCKS]
    blocks = [hpack.Encoder().encode(block) for block in _BLOCKS]
    return [end + block for end in (b"\0", b"\1") for block in (*lines, *blocks)]


def _conversation(act: Callable[[H2Connection], None]) -> bytes:
    client = H2Connection(H2Configuration(client_side=True, validate_outbound_headers=False))
    client.initiate_connection()
    assert client.data_to_send() == opening()
    act(client)
    return client.data_to_send()


def _get(client: H2Connection) -> None:
    client.send_headers(1, _BLOCKS[2], end_stream=True)
    client.send_headers(3, _BLOCKS[1][:4], end_stream=True)


def _post(client: H2Connection) -> None:
    client.send_headers(1, _BLOCK)
    client.send_data(1, b"abc", end_stream=True)
    client.send_headers(3, _BLOCK[:4])
    client.send_data(3, b"a", pad_length=5)
    client.send_headers(3, [(b"x-amzn-oidc-data", b"trailer")], end_stream=True)


def _odds(client: H2Connection) -> None:
    client.ping(b"12345678")
    client.send_headers(1, _BLOCK[:4], priority_weight=7)
    client.increment_flow_control_window(1000, 1)
    client.reset_stream(1)
    client.prioritize(3, 9)
    client.update_settings({4: 1, 5: 20000})
    client.close_connection(last_stream_id=1)


def frame_seeds() -> list[bytes]:
    """What an ordinary client sends, and an odd one."""
    return [
        write_play(_conversation(act), mode=mode, cuts=_CUTS)
        for act in (_get, _post, _odds)
        for mode in range(8)
    ]


def _answers() -> list[bytes]:
    """What targets send on the stream of the first request, one sound thing after another and some odd ones."""
    status, length, ok = b"\x88", b"\x0f\x0d\x012", b"hi"
    # :status 103; server: x; grpc-status: 0; set-cookie: a; connection: close.
    early, server = b"\x08\x03103", b"\x0f\x27\x01x"
    trailer, cookie = b"\0\x0bgrpc-status\x010", b"\x0f\x28\x01a"
    hop = b"\0\x0aconnection\x05close"

    def head(block: bytes, *flags: str, stream: int = 1) -> bytes:
        return HeadersFrame(stream, block, flags=["END_HEADERS", *flags]).serialize()

    def body(data: bytes, *flags: str, stream: int = 1) -> bytes:
        return DataFrame(stream, data, flags=flags).serialize()

    last = body(ok, "END_STREAM")
    cut = (
        HeadersFrame(1, status).serialize() + ContinuationFrame(1, server, flags=["END_HEADERS"]).serialize()
    )
    padded = DataFrame(1, ok, pad_length=3, flags=["PADDED", "END_STREAM"]).serialize()
    return [
        head(status + server + cookie + length) + last,
        head(status) + body(ok) + last,
        head(status, "END_STREAM"),
        head(b"\x89", "END_STREAM"),  # 204
        head(b"\x8b" + length, "END_STREAM"),  # 304
        head(b"\x8d", "END_STREAM"),  # 404
        head(early) + head(status) + last,
        head(status) + body(ok) + head(trailer, "END_STREAM"),
        cut + padded,
        head(status + hop) + last,
        head(status + length) + body(b"h", "END_STREAM"),
        head(status + length) + body(b"hid", "END_STREAM"),
        head(status) + body(ok) + RstStreamFrame(1, error_code=7).serialize(),
        head(status) + GoAwayFrame(0, last_stream_id=1, error_code=0).serialize() + last,
        GoAwayFrame(0, last_stream_id=0, error_code=0).serialize(),
        RstStreamFrame(1, error_code=7).serialize(),
        PingFrame(0, b"12345678").serialize() + head(status) + last,
        SettingsFrame(0, settings={3: 1, 4: 10}).serialize() + head(status) + last,
        WindowUpdateFrame(0, window_increment=9).serialize() + head(status) + last,
        head(status) + last + head(status, stream=3) + body(b"forged", "END_STREAM", stream=3),
        head(status) + last + last,
        PushPromiseFrame(1, promised_stream_id=2, data=status, flags=["END_HEADERS"]).serialize(),
    ]


def response_frame_seeds() -> list[bytes]:
    """Every answer, in some modes and to some methods."""
    return [
        write_play(answer, mode=mode, cuts=bytes([method]) + _CUTS[1:])
        for answer in _answers()
        for mode, method in ((0, 0), (3, 1), (4, 2), (8, 0))
    ]


WORDS = [
    "GET ", "POST ", "HEAD ", "PUT ", " HTTP/1.1\\x0d\\x0a", " HTTP/1.0\\x0d\\x0a", "HTTP/1.1 200 OK\\x0d\\x0a",
    "HTTP/1.1 100 Continue\\x0d\\x0a\\x0d\\x0a", "HTTP/1.1 101 \\x0d\\x0a", "HTTP/1.1 204 \\x0d\\x0a", "HTTP/1.1 304 \\x0d\\x0a",
    "\\x0d\\x0a", "\\x0d\\x0a\\x0d\\x0a", "0\\x0d\\x0a\\x0d\\x0a", "\\x0a", "\\x0d", "Host: h\\x0d\\x0a", "Content-Length: ",
    "Transfer-Encoding: chunked\\x0d\\x0a", "Transfer-Encoding", "chunked", "identity", ", chunked", "Connection: close\\x0d\\x0a",
    "Connection: keep-alive, x\\x0d\\x0a", "Connection: upgrade\\x0d\\x0a", "Upgrade: websocket\\x0d\\x0a", "Upgrade: h2c\\x0d\\x0a",
    "Expect: 100-continue\\x0d\\x0a", "X-Amzn-Oidc-Data: ", "x_amzn_oidc_", "X-Forwarded-For: ", "Trailer: x\\x0d\\x0a", "TE: ",
    "http://h/", "https://h", "%2e%2e", "%2f", "/../", "/./", ";", "#", "?", "\\x00", "\\xff", "\\x09", "\\x0b", " ", ":",
    "ffffffffffffffff", "80000000", "-1", "+1", "0x1", "1, 1", "Date: x\\x0d\\x0a", "Set-Cookie: a\\x0d\\x0a",
    ":method", ":path", ":scheme", ":authority", "cookie", "content-length", "=", "transfer-encoding", "host",
]  # fmt: skip
"""For the fuzzer's dictionary, in its own spelling."""
