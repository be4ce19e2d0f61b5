"""What an attacker sends: framing that two parsers read differently, forged headers, oversized heads.

Nothing of a refused request may reach a target, and nothing behind it may be read as a request. What the
desync mode lets pass: `test_desync`.
"""

from __future__ import annotations

import asyncio

import pytest

from lb.settings import LoadBalancerAttributes
from tests.support.data_plane import (
    Conversation,
    ScriptedTarget,
    answering,
    ok,
    serving,
)

HOST = b"Host: app.example.com\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: app.example.com\r\n\r\n"

REFUSED: dict[str, tuple[bytes, int]] = {
    "length and coding": (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "coding and length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400),
    "different lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 400),
    "list of lengths": (POST + b"Content-Length: 2, 2\r\n\r\nab", 400),
    "signed length": (POST + b"Content-Length: +2\r\n\r\nab", 400),
    "hex length": (POST + b"Content-Length: 0x2\r\n\r\nab", 400),
    "negative length": (POST + b"Content-Length: -1\r\n\r\n", 400),
    "length beyond numbers": (POST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
    "coding twice": (POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n", 400),
    "unknown coding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "gzip then chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "identity then chunked": (POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked then identity": (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    "identity": (POST + b"Transfer-Encoding: identity\r\n\r\n", 501),
    "coding with a vertical tab": (POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "coding in HTTP/1.0": (b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", 400),
    "space before colon": (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    "folded first header": (b"GET / HTTP/1.1\r\n " + HOST + b"\r\n", 400),
    "bare line feeds": (b"GET / HTTP/1.1\n" + HOST + b"\n", 400),
    "one bare line feed": (GET + b"X-A: 1\nX-B: 2\r\n\r\n", 400),
    "bare carriage return": (GET + b"X-A: 1\rX-B: 2\r\n\r\n", 400),
    "NUL in a value": (GET + b"X-A: 1\x002\r\n\r\n", 400),
    "NUL in a name": (GET + b"X\x00A: 1\r\n\r\n", 400),
    "NUL in the target": (b"GET /a\x00b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "raw UTF-8 in the target": ("GET /한 HTTP/1.1\r\n".encode() + HOST + b"\r\n", 400),
    "fragment": (b"GET /a#/b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "fragment in the query": (b"GET /a?b#c HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "foreign scheme": (b"GET ftp://app.example.com/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "user information": (b"GET http://u:p@app.example.com/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (GET + b"Host: evil.example\r\n\r\n", 400),
    "two equal hosts": (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    "empty host": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "path in the host": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "user in the host": (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    "list in the host": (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "word as port": (b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
    "absolute target without host header": (b"GET http://app.example.com/ HTTP/1.1\r\n\r\n", 400),
    "trace": (b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "trace in lower case": (b"trace / HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "connect": (b"CONNECT app.example.com:80 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    "no version": (b"GET /\r\n\r\n", 505),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "too many addresses": (GET + b"X-Forwarded-For: " + b"1.2.3.4, " * 30 + b"1.2.3.4\r\n\r\n", 463),
    "long target": (b"GET /" + b"a" * 17000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "long header": (GET + b"X-A: " + b"a" * 16384 + b"\r\n\r\n", 400),
    "long header name": (GET + b"a" * 16384 + b": 1\r\n\r\n", 400),
    "many headers": (GET + b"A: 1\r\n" * 300 + b"\r\n", 400),
    "large head": (b"GET / HTTP/1.1\r\n" + HOST + (b"A: " + b"a" * 9000 + b"\r\n") * 8 + b"\r\n", 400),
    "endless target": (b"GET /" + b"a" * 300_000, 414),
    "endless header": (GET + b"X-A: " + b"a" * 300_000, 400),
}  # fmt: skip


@pytest.mark.parametrize(("request_bytes", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_refused_request_reaches_no_target_and_closes(
    direct: bool, request_bytes: bytes, status: int
) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        client = await lb.connect()
        client.writer.write(request_bytes + SMUGGLED)
        response = await client.response()
        assert (response.status, response.value("connection")) == (status, "close")
        assert response.value("server") == "awselb/2.0"
        assert await client.closed()
        assert seen == []
        assert (await lb.record()).status == status


async def test_good_request_before_a_bad_one_is_served(direct: bool) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        client = await lb.connect(
            b"GET /good HTTP/1.1\r\n" + HOST + b"\r\n" + REFUSED["two hosts"][0] + SMUGGLED
        )
        assert (await client.response()).status == 200
        assert (await client.response()).status == 400
        assert await client.closed()
        assert len(seen) == 1


BROKEN_BODIES = {
    "bad chunk size": b"zz\r\nabc\r\n",
    "huge chunk size": b"FFFFFFFFFFFFFFFFF\r\nabc",
    "negative chunk size": b"-3\r\nabc\r\n",
    "chunk longer than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "line feed after the size": b"3\nabc\r\n0\r\n\r\n",
    "line feed in an extension": b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "endless extension": b"3;" + b"a" * 100_000,
    "endless trailer": b"0\r\nX-A: " + b"a" * 100_000,
}


@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES.keys())
async def test_malformed_body_is_refused_and_the_target_sees_no_end(direct: bool, body: bytes) -> None:
    received: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        try:
            received.append(await conversation.rest())
        except ConnectionError:
            received.append(b"reset")

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        await asyncio.sleep(0.05)
        client.writer.write(body)
        response = await client.response()
        assert (response.status, response.value("connection")) == (400, "close")
        assert await client.closed()
        await lb.idle()
        async with asyncio.timeout(5):
            while not received:
                await asyncio.sleep(0.01)
        assert not received[0].endswith(b"0\r\n\r\n")


FORGED = [
    b"X-Amzn-Oidc-Data", b"x-amzn-oidc-identity", b"X-AMZN-OIDC-ACCESSTOKEN", b"x_amzn_oidc_data",
    b"X_Amzn-Oidc_Data", b"x-amzn_oidc-data", b"X.Amzn.Oidc.Data", b"x-amzn-oidc-anything",
    b"X_Forwarded_For", b"x-forwarded_proto", b"Content_Length", b"Transfer_Encoding", b"X_Amzn_Trace_Id",
    b"Proxy-Connection", b"TE", b"Keep-Alive", b"Trailer",
]  # fmt: skip


@pytest.mark.parametrize("name", FORGED, ids=lambda name: name.decode())
async def test_header_that_a_target_could_take_for_ours_does_not_pass(direct: bool, name: bytes) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        request = b"GET / HTTP/1.1\r\n" + HOST + name + b": forged\r\nX-Other: 1\r\n\r\n"
        assert (await lb.ask(request)).status == 200
        assert b"forged" not in seen[0]
        assert b"X-Other: 1" in seen[0]


async def test_trailers_reach_no_target(direct: bool) -> None:
    received: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        while True:
            received.append(await conversation.head())
            if b"chunked" in received[-1]:
                received.append(await conversation.until(b"0\r\n\r\n"))
            await conversation.send(ok())

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await asyncio.sleep(0.05)
        await client.send(b"0\r\nX-Amzn-Oidc-Data: forged\r\nCookie: forged\r\nHost: forged\r\n\r\n")
        assert (await client.response()).status == 200
        await client.send(GET + b"\r\n")
        assert (await client.response()).status == 200
        assert b"forged" not in b"".join(received)
        assert received[1] == b"3\r\nabc\r\n0\r\n\r\n"


async def test_connection_header_deletes_only_what_is_the_clients(direct: bool) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        await lb.ask(
            GET + b"X-Forwarded-For: 9.9.9.9\r\nX-Hop: 1\r\nX-Stays: 1\r\n"
            b"Connection: X-Hop, X-Forwarded-For, X-Forwarded-Proto, Host, Content-Length\r\n\r\n"
        )
        assert b"X-Hop" not in seen[0]
        assert b"X-Stays: 1\r\n" in seen[0]
        assert b"X-Forwarded-For: 9.9.9.9, 127.0.0.1\r\n" in seen[0]
        assert b"X-Forwarded-Proto: http\r\n" in seen[0]
        assert b"Host: app.example.com:" in seen[0]


async def test_absolute_target_wins_over_the_host_header(direct: bool) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        await lb.ask(b"GET http://Other.example/a?b HTTP/1.1\r\n" + HOST + b"\r\n")
        assert seen[0].startswith(b"GET /a?b HTTP/1.1\r\nHost: other.example:%d\r\n" % lb.port)


async def test_preserved_host_header_is_sent_as_it_came(direct: bool) -> None:
    attributes = LoadBalancerAttributes(preserve_host_header=True)
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct, attributes=attributes) as lb,
    ):
        await lb.ask(b"GET http://other.example/ HTTP/1.1\r\nHost: App.example.com:99\r\n\r\n")
        assert b"\r\nHost: App.example.com:99\r\n" in seen[0]


async def test_invalid_names_are_dropped_when_asked_for(direct: bool) -> None:
    attributes = LoadBalancerAttributes(drop_invalid_header_fields=True)
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct, attributes=attributes) as lb,
    ):
        await lb.ask(GET + b"X_under: 1\r\nX-Fine: 1\r\n\r\n")
        assert b"X_under" not in seen[0]
        assert b"X-Fine: 1" in seen[0]


async def test_get_with_a_body_is_served_and_both_connections_closed(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(ok(await conversation.exactly(3)))
        await conversation.rest()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(GET + b"Content-Length: 3\r\n\r\nabc")
        response = await client.response()
        assert (response.body, response.value("connection")) == (b"abc", "close")
        assert await client.closed()
        assert (await lb.record()).classification_reason == "UndefinedContentLengthSemantics"
        await client.send(b"")
        await lb.ask(GET + b"Content-Length: 3\r\n\r\nabc")
        assert target.connections == 2


async def test_head_that_never_ends_is_timed_out_whatever_trickles_in(direct: bool) -> None:
    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)
    async with serving([], direct=direct, attributes=attributes) as lb:
        client = await lb.connect(b"GET / HTTP/1.1\r\n")
        answer = asyncio.create_task(client.response())
        while not answer.done():
            client.writer.write(b"A: 1\r\n")
            await asyncio.sleep(0.2)
        assert (await answer).status == 408
        assert await client.closed()


async def test_silent_connection_is_closed_without_a_word(direct: bool) -> None:
    async with serving([], direct=direct, attributes=LoadBalancerAttributes(idle_timeout_seconds=1)) as lb:
        client = await lb.connect()
        assert await client.rest() == b""
        assert lb.records == []


async def test_h2c_upgrade_is_an_ordinary_request_with_its_body(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        while True:
            head = await conversation.head()
            assert b"h2c" not in head
            assert b"HTTP2-Settings" not in head
            await conversation.send(ok(await conversation.exactly(3) if b"POST" in head else b"get"))

    upgrade = HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"POST / HTTP/1.1\r\n" + upgrade + b"Content-Length: 3\r\n\r\nabc")
        assert (await client.response()).body == b"abc"
        await client.send(b"GET / HTTP/1.1\r\n" + upgrade + b"\r\n" + GET + b"\r\n")
        assert [(await client.response()).body for _ in range(2)] == [b"get", b"get"]
        await client.send(b"POST / HTTP/1.1\r\n" + upgrade + b"Content-Length: 3\r\n\r\n")
        await client.send(b"xyz")
        assert (await client.response()).body == b"xyz"
