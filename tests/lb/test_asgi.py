"""The load balancer as an ASGI application: under another protocol class, behind middlewares, by hand."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lb.asgi import LoadBalancer, find_load_balancer
from lb.settings import DesyncMode, LoadBalancerAttributes
from tests.support.data_plane import Conversation, ScriptedTarget, answering, ok, serving

MIB = 1024 * 1024
GET = b"GET /a%2Fb?c HTTP/1.1\r\nHost: app.example.com\r\nX-Amzn-Oidc-Data: forged\r\n\r\n"


@pytest.fixture(params=[H11Protocol, HttpToolsProtocol], ids=["h11", "httptools"])
def http(request: pytest.FixtureRequest) -> type[asyncio.Protocol]:
    """Protocol classes that know nothing of a load balancer."""
    protocol: type[asyncio.Protocol] = request.param
    return protocol


async def test_any_asgi_server_can_run_it(http: type[asyncio.Protocol]) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], http=http) as lb,
    ):
        client = await lb.connect(GET)
        assert (await client.response()).body == b"ok"
        await client.send(GET)
        assert (await client.response()).body == b"ok"
        assert seen[0].startswith(b"GET /a%%2Fb?c HTTP/1.1\r\nHost: app.example.com:%d\r\n" % lb.port)
        assert b"forged" not in seen[0]
        record = await lb.record(2)
        assert (record.status, record.uri) == (200, "/a%2Fb?c")
        assert record.sent_bytes > 50
        await lb.idle()


async def test_trailers_forge_nothing_there_either(http: type[asyncio.Protocol]) -> None:
    async def script(conversation: Conversation) -> None:
        head = await conversation.head()
        await conversation.send(ok(head + await conversation.chunks()))

    async with ScriptedTarget(script) as target, serving([target.port], http=http) as lb:
        client = await lb.connect(
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
        )
        await asyncio.sleep(0.05)
        await client.send(b"0\r\nX-Amzn-Oidc-Data: forged\r\n\r\n")
        body = (await client.response()).body
        assert b"forged" not in body
        assert body.endswith(b"abc")


async def test_ambiguous_heads_are_refused_there_too(http: type[asyncio.Protocol]) -> None:
    async with serving([], http=http) as lb:
        response = await lb.ask(
            b"GET /a?b HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: %b\r\n\r\n" % (b"1.1.1.1," * 31)
        )
        assert (response.status, response.value("connection")) == (463, "close")


@pytest.mark.parametrize("mode", DesyncMode, ids=lambda mode: mode.value)
async def test_desync_mode_judges_headers_there_too(http: type[asyncio.Protocol], mode: DesyncMode) -> None:
    attributes = LoadBalancerAttributes(desync_mode=mode)
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], http=http, attributes=attributes) as lb,
    ):
        near_miss = b"GET / HTTP/1.1\r\nHost: h\r\nContent_Length: 5\r\n\r\n"
        blocked = mode is DesyncMode.STRICTEST
        response = await lb.ask(near_miss)
        assert (response.status, response.value("connection")) == (400 if blocked else 200, "close")
        record = await lb.record()
        assert (record.classification, record.classification_reason) == ("Ambiguous", "SuspiciousHeader")
        assert len(seen) == (0 if blocked else 1)
        assert b"ontent_" not in b"".join(seen)
        await lb.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert target.connections == (1 if blocked else 2)
        both = b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
        assert (await lb.ask(b"POST / HTTP/1.1\r\nHost: h\r\n" + both)).status == 400
        if http is H11Protocol:
            # The other one refuses it by itself.
            assert (await lb.record(3)).classification_reason == "BothTeClPresent"


async def test_upload_is_held_back_and_response_streamed(http: type[asyncio.Protocol]) -> None:
    total = 24 * MIB
    go = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await go.wait()
        await conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        remaining = total
        while remaining:
            piece = await conversation.reader.read(min(remaining, MIB))
            remaining -= len(piece)
            conversation.writer.write(piece)
            await conversation.writer.drain()

    async with ScriptedTarget(script) as target, serving([target.port], http=http) as lb:
        client = await lb.connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % total)
        sent = [0]

        async def push() -> None:
            while sent[0] < total:
                client.writer.write(b"x" * 65536)
                await client.writer.drain()
                sent[0] += 65536

        pushing = asyncio.create_task(push())
        last = -1
        while sent[0] != last or not sent[0]:
            last = sent[0]
            await asyncio.sleep(0.2)
        assert last < 16 * MIB
        go.set()
        response = await client.response()
        await pushing
        assert len(response.body) == total


async def test_broken_response_is_broken_there_too(
    http: type[asyncio.Protocol], caplog: pytest.LogCaptureFixture
) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n")

    async with ScriptedTarget(script) as target, serving([target.port], http=http) as lb:
        client = await lb.connect(GET)
        assert not (await client.rest()).endswith(b"0\r\n\r\n")
        await lb.idle()
    assert "ResponseAbortedError" in caplog.text


async def test_client_that_leaves_frees_the_target_there_too(http: type[asyncio.Protocol]) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        asked.set()
        assert await conversation.closed()
        gone.set()

    async with ScriptedTarget(script) as target, serving([target.port], http=http) as lb:
        client = await lb.connect(GET)
        await asked.wait()
        client.reset()
        await asyncio.wait_for(gone.wait(), 5)
        assert (await lb.record()).status == 460
        await lb.idle()


class Middleware:
    """Answers `/own` itself, marks every other response, fails at `/broken`."""

    def __init__(self, app: LoadBalancer) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/broken":
            raise RuntimeError("broken on purpose")
        if scope["path"] == "/own":
            await send({"type": "http.response.start", "status": 418, "headers": [(b"x-own", b"1")]})
            await send({"type": "http.response.body", "body": b"tea", "more_body": True})
            await send({"type": "http.response.body", "body": b"pot"})
            return

        async def mark(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"X-Marked", b"1")]
            await send(message)

        await self.app(scope, receive, mark)


async def test_middlewares_see_and_change_responses() -> None:
    async with ScriptedTarget(answering(ok())) as target, serving([target.port], app=Middleware) as lb:
        client = await lb.connect(GET)
        response = await client.response()
        assert (response.body, response.value("x-marked")) == (b"ok", "1")
        await client.send(b"GET /own HTTP/1.1\r\nHost: h\r\n\r\n")
        response = await client.response()
        assert (response.status, response.body, response.value("x-own")) == (418, b"teapot", "1")
        assert (await lb.record(2)).status == 418
        await client.send(GET)
        assert (await client.response()).body == b"ok"
        await lb.idle()


class Shouting:
    """Changes headers in place and the body's length, as compressing middlewares do."""

    def __init__(self, app: LoadBalancer) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def shout(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                headers[:] = [pair for pair in headers if pair[0].lower() != b"content-length"]
            else:
                message["body"] = message["body"].upper() * 2
            await send(message)

        await self.app(scope, receive, shout)


async def test_middlewares_may_change_headers_in_place_and_the_body() -> None:
    async with ScriptedTarget(answering(ok())) as target, serving([target.port], app=Shouting) as lb:
        client = await lb.connect(GET)
        response = await client.response()
        assert (response.body, response.value("transfer-encoding")) == (b"OKOK", "chunked")
        await client.send(GET)
        assert (await client.response()).body == b"OKOK"


async def test_failing_middleware_answers_500(caplog: pytest.LogCaptureFixture) -> None:
    async with serving([], app=Middleware) as lb:
        client = await lb.connect(b"GET /broken HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.response()).status == 500
        await client.send(b"GET /own HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.response()).status == 418
        assert "broken on purpose" in caplog.text
        await lb.idle()


async def test_websockets_without_the_wire_protocol_are_refused() -> None:
    async with serving([]) as lb:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await LoadBalancer(lb.runtime, "listener")({"type": "websocket"}, receive, send)
        assert [message["type"] for message in sent] == ["websocket.close"]


async def test_lifespan_is_agreed_to() -> None:
    async with serving([]) as lb:
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
        sent: list[Any] = []

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await LoadBalancer(lb.runtime, "listener")({"type": "lifespan"}, receive, send)
        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_listener_taken_out_of_the_configuration_serves_on_as_it_was() -> None:
    async with ScriptedTarget(answering(ok())) as target, serving([target.port]) as lb:
        client = await lb.connect(GET)
        await client.response()
        lb.runtime.snapshot = type(lb.runtime.snapshot)(lb.runtime.snapshot.settings, {})
        await client.send(GET)
        assert (await client.response()).status == 200


def test_wire_protocol_insists_on_a_load_balancer() -> None:
    with pytest.raises(TypeError, match="serves a LoadBalancer"):
        find_load_balancer(print)
