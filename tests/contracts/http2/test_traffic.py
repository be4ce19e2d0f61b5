"""Ordinary requests over HTTP/2: what targets, clients and logs see."""

from __future__ import annotations

import asyncio
import ssl

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from lb.observe.row import format_row
from lb.settings import LoadBalancerAttributes
from tests.contracts.http2.conftest import Secure
from tests.support.data_plane import Conversation, ScriptedTarget, answering, ok
from tests.support.http2_client import http2

TEXT = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "fixed"}}
AWAY = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302", "Path": "/away"}}


async def test_target_gets_an_ordinary_request(secure: Secure, direct: bool, trust: ssl.SSLContext) -> None:
    async with (
        ScriptedTarget(answering(ok(b"hello"), keep=(seen := []))) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        headers = [
            ("user-agent", "test"),
            ("cookie", "a=1"),
            ("x-other", "Ä"),
            ("cookie", "b=2"),
            ("x-amzn-oidc-identity", "forged"),
            ("x_amzn_oidc_data", "forged"),
            ("x-forwarded-for", "9.9.9.9"),
            ("x-forwarded-proto", "forged"),
            ("te", "trailers"),
            ("expect", "100-continue"),
        ]
        answer = await client.ask("/a/b?c=d&e", authority=f"App.example.com:{lb.port}", headers=headers)
        assert (answer.status, bytes(answer.body), answer.complete) == (200, b"hello", True)
        lines = seen[0].decode().split("\r\n")
        assert lines[:2] == ["GET /a/b?c=d&e HTTP/1.1", f"Host: app.example.com:{lb.port}"]
        assert lines[2:5] == ["user-agent: test", "cookie: a=1; b=2", "x-other: Ä"]
        assert "X-Forwarded-For: 9.9.9.9, 127.0.0.1" in lines
        assert "X-Forwarded-Proto: https" in lines
        assert f"X-Forwarded-Port: {lb.port}" in lines
        assert any(line.startswith("X-Amzn-Trace-Id: Root=1-") for line in lines)
        assert b"forged" not in seen[0]
        assert not any(line.lower().startswith(("te:", "expect:", "transfer-", "content-")) for line in lines)
        await lb.idle()


async def test_access_log_row_names_the_protocol(secure: Secure, direct: bool, trust: ssl.SSLContext) -> None:
    async with (
        ScriptedTarget(answering(ok(b"hello"))) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        await client.ask("/a?b", headers=[("user-agent", "test")])
        record = await lb.record()
        row = format_row(record)
        assert row.startswith("h2 ")
        assert f'"GET https://app.example.com:{lb.port}/a?b HTTP/2.0" "test" ' in row
        assert (record.status, record.target_status, record.tls_protocol) == (200, 200, "TLSv1.3")
        assert record.sni == "localhost"
        assert record.sent_bytes > len("hello")
        assert record.received_bytes > len("/a?b")


async def test_response_headers_are_lower_case_and_repeats_are_kept(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    extra = (
        b"Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nX-Spaced:  x  \r\nConnection: keep-alive, X-Hop\r\n"
        b"Keep-Alive: timeout=5\r\nX-Hop: 1\r\nProxy-Connection: keep-alive\r\nServer: mine\r\n"
    )
    async with (
        ScriptedTarget(answering(ok(b"", extra=extra))) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        answer = await client.ask()
        assert answer.values("set-cookie") == ["a=1; Path=/", "b=2"]
        assert answer.value("x-spaced") == "x"
        assert answer.value("server") == "mine"
        assert answer.value("date")
        names = {name for name, _ in answer.headers}
        assert all(name == name.lower() for name in names)
        assert not names & {"connection", "keep-alive", "x-hop", "proxy-connection", "transfer-encoding"}


async def test_bodies_go_both_ways(secure: Secure, direct: bool, trust: ssl.SSLContext) -> None:
    heads: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        while True:
            head = await conversation.head()
            heads.append(head)
            body = (
                await conversation.chunks()
                if b"Transfer-Encoding: chunked" in head
                else await conversation.exactly(300_000)
            )
            await conversation.send(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
                % (len(body), body)
            )

    body = bytes(range(250)) * 1200
    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        for headers in ([], [("content-length", str(len(body)))]):
            stream = client.request(method="POST", headers=headers, end=False)
            await client.send_body(stream, body)
            answer = await client.answer(stream)
            assert (answer.status, bytes(answer.body) == body) == (200, True)
            assert not answer.value("transfer-encoding")
        assert b"Content-Length: 300000\r\n" in heads[1]
        assert (await lb.record(2)).received_bytes > 300_000
        await lb.idle()


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH", "PROPFIND"])
async def test_request_without_a_body_says_so_where_targets_wonder(
    secure: Secure, trust: ssl.SSLContext, method: str
) -> None:
    async with (
        ScriptedTarget(answering(ok(b"" if method == "HEAD" else b"x"), keep=(seen := []))) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        assert (await client.ask(method=method)).status == 200
        assert seen[0].startswith(method.encode() + b" / ")
        assert (b"Content-Length: 0\r\n" in seen[0]) is (method in {"POST", "PUT", "PATCH"})
        assert b"Transfer-Encoding" not in seen[0]


@pytest.mark.parametrize("status", [204, 304, 200], ids=["204", "304", "HEAD"])
async def test_response_without_a_body_ends_with_its_head(
    secure: Secure, direct: bool, trust: ssl.SSLContext, status: int
) -> None:
    method = "HEAD" if status == 200 else "GET"
    head = b"HTTP/1.1 %d X\r\n%b\r\n" % (status, b"Content-Length: 5\r\n" if status != 204 else b"")
    async with (
        ScriptedTarget(answering(head, keep=(seen := []))) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        for _ in range(2):
            answer = await client.ask(method=method)
            assert (answer.status, bytes(answer.body), answer.complete) == (status, b"", True)
        assert answer.value("content-length") == ("" if status == 204 else "5")
        assert len(seen) == 2
        assert target.connections == 1


async def test_streams_run_side_by_side(secure: Secure, direct: bool, trust: ssl.SSLContext) -> None:
    arrived = asyncio.Semaphore(0)
    go = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        while True:
            number = (await conversation.head()).split(b" ")[1]
            arrived.release()
            await go.wait()
            await conversation.send(ok(number))

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        streams = [client.request(f"/{number}") for number in range(100)]
        for _ in streams:
            await asyncio.wait_for(arrived.acquire(), 10)
        go.set()
        answers = [await client.answer(stream) for stream in streams]
        assert [bytes(answer.body) for answer in answers] == [b"/%d" % number for number in range(100)]
        assert client.settings[3] == 128
        await lb.idle()


async def test_own_answers_are_the_same_as_over_http_1(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    rules = [
        {
            "Priority": 1,
            "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/fixed"]}}],
            "Actions": [TEXT],
        },
        {
            "Priority": 2,
            "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/old"]}}],
            "Actions": [AWAY],
        },
    ]
    hsts = {"response_headers": (("strict-transport-security", "max-age=1"),)}
    async with secure([], direct=direct, rules=rules, listener=hsts) as lb, http2(lb.port, trust) as client:
        fixed = await client.ask("/fixed")
        assert (fixed.status, bytes(fixed.body)) == (200, b"fixed")
        assert fixed.value("strict-transport-security") == "max-age=1"
        assert fixed.value("server") == "awselb/2.0"
        away = await client.ask("/old", authority=f"app.example.com:{lb.port}")
        assert (away.status, away.value("location")) == (302, f"https://app.example.com:{lb.port}/away")
        page = await client.ask("/none")
        assert (page.status, page.value("content-length")) == (503, "162")
        assert b"<h1>503 Service Temporarily Unavailable</h1>" in page.body


async def test_cipher_that_http2_frowns_upon_is_the_client_s_choice(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    """RFC 9113 section 9.2.2 lets a server refuse them; behind ALB, as here, who offers one gets HTTP/2."""
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    trust.set_ciphers("ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256")
    async with (
        ScriptedTarget(answering(ok(b"hello"))) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        assert (await client.ask("/")).status == 200
        record = await lb.record()
        assert (record.tls_protocol, record.tls_cipher[-13:]) == ("TLSv1.2", "AES128-SHA256")


async def test_http_1_and_websocket_go_on_beside_it(secure: Secure, trust: ssl.SSLContext) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]  # type: ignore[index]
        async with secure([port]) as lb:
            async with connect(
                f"wss://localhost:{lb.port}/chat", ssl=trust, proxy=None, host="127.0.0.1"
            ) as client:
                await client.send("hello")
                assert await client.recv() == "hello"
            record = await lb.record()
            assert (record.type, record.version) == ("wss", "HTTP/1.1")


@pytest.mark.parametrize("enabled", [True, False], ids=["h2", "http/1.1"])
async def test_httpx_takes_what_is_offered(secure: Secure, trust: ssl.SSLContext, enabled: bool) -> None:
    async with (
        ScriptedTarget(answering(ok(b"hello"))) as target,
        secure([target.port], listener={"http2": enabled}) as lb,
        httpx.AsyncClient(http2=True, verify=trust, trust_env=False) as client,
    ):
        url = f"https://localhost:{lb.port}/"
        responses = [await client.get(url), await client.get(url)]
        assert [(each.status_code, each.text) for each in responses] == [(200, "hello")] * 2
        assert responses[0].http_version == ("HTTP/2" if enabled else "HTTP/1.1")


async def test_tls_facts_reach_the_target_when_asked_for(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    attributes = LoadBalancerAttributes(tls_version_and_cipher_headers=True)
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        secure([target.port], direct=direct, attributes=attributes) as lb,
        http2(lb.port, trust) as client,
    ):
        await client.ask(headers=[("x-amzn-tls-version", "forged")])
        assert b"x-amzn-tls-version: TLSv1.3\r\n" in seen[0].lower().replace(b"tlsv", b"TLSv")
        assert b"forged" not in seen[0]
