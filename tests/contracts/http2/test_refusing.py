"""Requests over HTTP/2 that must reach no target, and what they leave of their connection.

Malformed ones (RFC 9113 section 8.1.1) end their stream and no other; well-formed ones that HTTP/1 would
refuse get the same answer as there.
"""

from __future__ import annotations

import asyncio
import ssl

import pytest

from lb.http2.choice import AlpnProtocol
from lb.settings import DesyncMode, LoadBalancerAttributes
from tests.contracts.http2.conftest import Secure
from tests.support.data_plane import WAIT, Conversation, ScriptedTarget, answering, ok, serving
from tests.support.http2_client import frame, http2

PROTOCOL_ERROR = 1
BASE = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "app.example.com")]


def but(**changes: str | None) -> list[tuple[str, str]]:
    """The usual pseudo-headers, changed or (None) left out."""
    head = dict(BASE) | {f":{name}": value for name, value in changes.items()}
    return [(name, value) for name, value in head.items() if value is not None]


MALFORMED = {
    "upper-case name": [*BASE, ("X-A", "1")],
    "space in a name": [*BASE, ("x a", "1")],
    "colon in a name": [*BASE, ("x:a", "1")],
    "empty name": [*BASE, ("", "1")],
    "NUL in a name": [*BASE, ("x\0a", "1")],
    "UTF-8 in a name": [*BASE, ("x-ä", "1")],
    "NUL in a value": [*BASE, ("x-a", "1\0")],
    "line feed in a value": [*BASE, ("x-a", "1\nx-amzn-oidc-data: forged")],
    "carriage return in a value": [*BASE, ("x-a", "1\rx")],
    "line break in a value": [*BASE, ("x-a", "1\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h")],
    "control in a value": [*BASE, ("x-a", "1\x01")],
    "space before a value": [*BASE, ("x-a", " 1")],
    "tab after a value": [*BASE, ("x-a", "1\t")],
    "line break in a cookie crumb": [*BASE, ("cookie", "a=1"), ("cookie", "b\r\nx: y")],
    "connection": [*BASE, ("connection", "x-a")],
    "keep-alive": [*BASE, ("keep-alive", "1")],
    "proxy-connection": [*BASE, ("proxy-connection", "keep-alive")],
    "transfer-encoding": [*BASE, ("transfer-encoding", "chunked")],
    "upgrade": [*BASE, ("upgrade", "websocket")],
    "te": [*BASE, ("te", "gzip")],
    "no method": but(method=None),
    "no path": but(path=None),
    "no scheme": but(scheme=None),
    "empty path": but(path=""),
    "empty method": but(method=""),
    "foreign scheme": but(scheme="ftp"),
    "line break in the path": but(path="/a HTTP/1.1\r\nX: y"),
    "line break in the method": but(method="GET / HTTP/1.1\r\nX:"),
    "line break in the authority": but(authority="a\r\nX: y"),
    "method twice": [*BASE, (":method", "GET")],
    "path twice": [*BASE[:3], (":path", "/other"), BASE[3]],
    "authority twice": [*BASE, (":authority", "other.example")],
    "unknown pseudo-header": [*BASE, (":status", "200")],
    "extended connect": [*but(method="CONNECT"), (":protocol", "websocket")],
    "connect with a path": [(":method", "CONNECT"), (":authority", "a.example:80"), (":path", "/")],
    "pseudo-header behind a header": [*BASE[:3], ("x-a", "1"), BASE[3]],
    "other host": [*BASE, ("host", "other.example")],
    "second other host": [*BASE, ("host", "app.example.com"), ("host", "other.example")],
}


@pytest.mark.parametrize("head", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_request_ends_its_stream_alone(
    secure: Secure, trust: ssl.SSLContext, head: list[tuple[str, str]]
) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        refused = await client.answer(client.send_head(head))
        assert (refused.reset, refused.status) == (PROTOCOL_ERROR, 0)
        assert seen == []
        assert (await lb.record()).status == 400
        assert (await client.ask()).status == 200
        assert client.goaways == []
        await lb.idle()


REFUSED = {
    "fragment": (but(path="/a#/b"), 400),
    "dot segments": (but(path="/open/../admin"), 400),
    "escaped dot segments": (but(path="/open/%2e%2e/admin"), 400),
    "broken escape": (but(path="/%zz"), 400),
    "NUL escape is data, raw UTF-8 is not": (but(path="/한"), 400),
    "space in the path": (but(path="/a b"), 400),
    "asterisk": (but(method="OPTIONS", path="*"), 400),
    "absolute path": (but(path="http://other.example/"), 400),
    "relative path": (but(path="a"), 400),
    "no host": (but(authority=None), 400),
    "empty authority": (but(authority=""), 400),
    "user in the authority": (but(authority="u@app.example.com"), 400),
    "path in the authority": (but(authority="a/b"), 400),
    "word as port": (but(authority="a:b"), 400),
    "host twice": ([*but(authority=None), ("host", "a.example"), ("host", "a.example")], 400),
    "space in the method": (but(method="GET /admin HTTP/1.1"), 400),
    "trace": (but(method="TRACE"), 405),
    "trace in lower case": (but(method="trace"), 405),
    "connect": ([(":method", "CONNECT"), (":authority", "app.example.com:80")], 405),
    "different lengths": ([*but(method="POST"), ("content-length", "0"), ("content-length", "1")], 400),
    "list of lengths": ([*but(method="POST"), ("content-length", "0, 0")], 400),
    "signed length": ([*but(method="POST"), ("content-length", "+0")], 400),
    "length without a body": ([*but(method="POST"), ("content-length", "3")], 400),
    "too many addresses": ([*BASE, ("x-forwarded-for", "1.2.3.4, " * 30 + "1.2.3.4")], 463),
    "many headers": ([*BASE, *[("a", "1")] * 300], 400),
}


@pytest.mark.parametrize(("head", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_refused_request_is_answered_like_over_http_1(
    secure: Secure, trust: ssl.SSLContext, head: list[tuple[str, str]], status: int
) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        refused = await client.answer(client.send_head(head))
        assert (refused.status, refused.reset) == (status, None)
        assert refused.value("server") == "awselb/2.0"
        assert seen == []
        assert (await lb.record()).status == status
        assert (await client.ask()).status == 200
        assert client.goaways == []
        await lb.idle()


CLASSIFIED = {
    "length 0 of a GET": ([*BASE, ("content-length", "0")], "GetHeadZeroContentLength"),
    "equal lengths": ([*BASE, ("content-length", "0"), ("content-length", "0")], "DuplicateContentLength"),
    "near-miss": ([*BASE, ("content_length", "5")], "SuspiciousHeader"),
}


@pytest.mark.parametrize(("head", "reason"), CLASSIFIED.values(), ids=CLASSIFIED.keys())
async def test_mode_judges_requests_of_http_2_too(
    secure: Secure, trust: ssl.SSLContext, head: list[tuple[str, str]], reason: str
) -> None:
    """The target's connection ends; the client's frames have one reading only, and its connection stays."""
    for mode, status in ((DesyncMode.DEFENSIVE, 200), (DesyncMode.STRICTEST, 400)):
        async with (
            ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
            secure([target.port], attributes=LoadBalancerAttributes(desync_mode=mode)) as lb,
            http2(lb.port, trust) as client,
        ):
            assert (await client.answer(client.send_head(head))).status == status
            assert (await lb.record()).classification_reason == reason
            assert (await client.ask()).status == 200
            assert len(seen) == (2 if status == 200 else 1)
            ended = status == 200 and reason != "GetHeadZeroContentLength"
            assert target.connections == (2 if ended else 1)
            assert b"content_length" not in b"".join(seen).lower()
            await lb.idle()


@pytest.mark.parametrize("method", ["SMUGGLE", "get"])
async def test_any_token_is_a_method(secure: Secure, trust: ssl.SSLContext, method: str) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        assert (await client.answer(client.send_head(but(method=method)))).status == 200
        assert seen[0].startswith(f"{method} / HTTP/1.1\r\n".encode())


async def test_large_heads_within_the_limits_pass_and_beyond_them_do_not(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        # Digits take 5 bits in a header block, and a header that was sent before takes one byte.
        large = ("x-large", "0" * 4000)
        assert (await client.ask(headers=[large] * 4)).status == 200
        assert seen[0].count(b"x-large: ") == 4
        assert (await client.ask(headers=[large] * 15)).status == 200
        assert (await client.ask(headers=[large] * 17)).status == 400
        assert (await client.ask("/" + "0" * 12_000)).status == 200
        assert (await client.ask(headers=[("cookie", "c" * 4000)] * 5)).status == 400
        assert len(seen) == 3
        assert client.goaways == []


LONGER = {
    "body longer than its length": (b"abcd", "3"),
    "body shorter than its length": (b"ab", "3"),
}


@pytest.mark.parametrize(("body", "length"), LONGER.values(), ids=LONGER.keys())
async def test_body_of_another_length_is_refused_and_no_byte_more_is_sent(
    secure: Secure, trust: ssl.SSLContext, direct: bool, body: bytes, length: str
) -> None:
    received: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        head = await conversation.head()
        if b"POST" in head:
            received.append(await conversation.rest())
        else:
            await conversation.send(ok(b"next"))

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", headers=[("content-length", length)], body=body)
        answer = await client.answer(stream)
        assert answer.status == 400
        assert (await client.ask()).body == b"next"
        assert (await lb.record()).status == 400
        assert b"abcd" not in b"".join(received)
        await lb.idle()


async def test_trailers_reach_no_target(secure: Secure, trust: ssl.SSLContext, direct: bool) -> None:
    received: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        received.append(await conversation.head())
        received.append(await conversation.until(b"0\r\n\r\n"))
        await conversation.send(ok())
        received.append(await conversation.rest())

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", body=b"abc", end=False)
        client.h2.send_headers(
            stream, [("x-amzn-oidc-data", "forged"), ("cookie", "forged")], end_stream=True
        )
        client.flush()
        assert (await client.answer(stream)).status == 200
        assert received[1] == b"3\r\nabc\r\n0\r\n\r\n"
        assert b"forged" not in b"".join(received)


async def test_no_http_2_without_tls() -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
    async with serving([], http=AlpnProtocol) as lb:
        client = await lb.connect(preface)
        assert (await client.response()).status in (400, 505)
        assert await client.closed()


async def test_http_1_where_http_2_was_agreed_is_no_request(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        secure([target.port]) as lb,
    ):
        trust.set_alpn_protocols(["h2"])
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", lb.port, ssl=trust, server_hostname="localhost"
        )
        writer.write(b"GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n")
        async with asyncio.timeout(WAIT):
            data = await reader.read()
        assert data.endswith(frame(7, 0, 0, bytes(7) + bytes([PROTOCOL_ERROR])))
        assert seen == []
        writer.close()
