"""Targets that misbehave: refused, silent, gone, malformed; and the connections kept to them."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme

from lb.reasons import Reason
from lb.settings import LoadBalancerAttributes
from tests.support.data_plane import (
    Conversation,
    Script,
    ScriptedTarget,
    answering,
    build_settings,
    ok,
    serving,
)

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"


async def test_no_targets_answers_503_byte_for_byte(direct: bool) -> None:
    async with serving([], direct=direct) as lb:
        response = await lb.ask(GET)
        assert response.line == "HTTP/1.1 503 Service Temporarily Unavailable"
        assert [pair for pair in response.headers if pair[0] != "Date"] == [
            ("Server", "awselb/2.0"),
            ("Content-Type", "text/html"),
            ("Content-Length", "162"),
            ("Connection", "keep-alive"),
        ]
        title = b"503 Service Temporarily Unavailable"
        assert response.body == (
            b"<html>\r\n<head><title>%b</title></head>\r\n<body>\r\n<center><h1>%b</h1></center>\r\n"
            b"</body>\r\n</html>\r\n" % (title, title)
        )
        record = await lb.record()
        assert (record.reason, record.target_group_arn, record.actions) == (
            Reason.NO_TARGETS,
            "arn:target-group/app",
            ("forward",),
        )


async def test_refused_connection_answers_502(direct: bool, unused_tcp_port: int) -> None:
    async with serving([unused_tcp_port], direct=direct) as lb:
        client = await lb.connect(GET)
        assert (await client.response()).status == 502
        await client.send(GET)
        assert (await client.response()).status == 502
        assert (await lb.record()).reason is Reason.TARGET_CONNECTION_REFUSED
        await lb.idle()


BAD_RESPONSES = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nX-A",
    "not HTTP": b"SSH-2.0-OpenSSH_9\r\n",
    "length and coding": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "folded header": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n",
    "NUL in a header": b"HTTP/1.1 200 OK\r\nX-A: 1\x002\r\nContent-Length: 0\r\n\r\n",
    "bare line feed": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "foreign coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    "status 700": b"HTTP/1.1 700 No\r\nContent-Length: 0\r\n\r\n",
    "status 99": b"HTTP/1.1 99 No\r\nContent-Length: 0\r\n\r\n",
    "uninvited switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "switch without a protocol": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "large head": b"HTTP/1.1 200 OK\r\n" + b"X-A: %b\r\n" % (b"a" * 1000) * 40 + b"Content-Length: 0\r\n\r\n",
    "endless header": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 500_000,
    "endless interim": b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
}  # fmt: skip


@pytest.mark.parametrize("answer", BAD_RESPONSES.values(), ids=BAD_RESPONSES.keys())
async def test_bad_response_answers_502_and_the_client_lives_on(direct: bool, answer: bytes) -> None:
    good = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        if good.is_set():
            await conversation.send(ok())
        else:
            conversation.writer.write(answer)
            await conversation.writer.drain()
            await asyncio.sleep(0.05)

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(GET)
        response = await client.response()
        assert (response.status, response.value("server")) == (502, "awselb/2.0")
        assert (await lb.record()).target_status == 0
        good.set()
        await client.send(GET)
        assert (await client.response()).status == 200
        await lb.idle()


async def test_bytes_behind_a_response_are_nobodys(direct: bool) -> None:
    """A target (or who controls its responses) must not answer the next client's request in advance."""
    poison = ok(b"poison")

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(ok(b"first") + poison)
        await conversation.closed()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        for _ in range(2):
            assert (await lb.ask(GET)).body == b"first"
        assert target.connections == 2


async def test_bytes_on_an_idle_connection_end_it(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(ok(b"first"))
        await asyncio.sleep(0.1)
        await conversation.send(ok(b"poison"))
        await conversation.closed()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        assert (await lb.ask(GET)).body == b"first"
        await asyncio.sleep(0.3)
        assert (await lb.ask(GET)).body == b"first"
        assert target.connections == 2


def stale(served: list[bytes]) -> Script:
    """A target that answers once per connection and closes when it gets a second request."""

    async def script(conversation: Conversation) -> None:
        head = await conversation.head()
        if b"Content-Length: 3" in head:
            await conversation.exactly(3)
        served.append(head.split(b" ")[0])
        await conversation.send(ok())
        await conversation.head()
        conversation.reset()

    return script


async def test_safe_request_on_a_stale_connection_is_sent_again(direct: bool) -> None:
    served: list[bytes] = []
    async with ScriptedTarget(stale(served)) as target, serving([target.port], direct=direct) as lb:
        assert (await lb.ask(GET)).status == 200
        assert (await lb.ask(GET)).status == 200
        assert (target.connections, served) == (2, [b"GET", b"GET"])
        await lb.idle()


async def test_unsafe_request_on_a_stale_connection_is_not(direct: bool) -> None:
    served: list[bytes] = []
    async with ScriptedTarget(stale(served)) as target, serving([target.port], direct=direct) as lb:
        assert (await lb.ask(GET)).status == 200
        assert (await lb.ask(POST)).status == 502
        assert served == [b"GET"]


async def test_request_sent_again_has_its_end_again(direct: bool) -> None:
    """An empty body in chunks: its end went to the connection that was lost, and belongs on the new one."""
    received: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(ok())
        received.append(await conversation.until(b"0\r\n\r\n"))
        if len(received) == 1:
            conversation.reset()

    async def serve(conversation: Conversation) -> None:
        if not received:
            await script(conversation)
        else:
            received.append(await conversation.until(b"\r\n0\r\n\r\n"))
            await conversation.send(ok(b"again"))

    request = b"DELETE / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with ScriptedTarget(serve) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(GET)
        assert (await client.response()).status == 200
        await client.send(request)
        await asyncio.sleep(0.05)
        await client.send(b"0\r\n\r\n")
        assert (await client.response()).body == b"again"
        assert (target.connections, len(received)) == (2, 2)
        await lb.idle()


async def test_request_on_a_new_connection_is_never_sent_twice(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        conversation.reset()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        assert (await lb.ask(GET)).status == 502
        assert target.connections == 1


async def test_closed_idle_connection_is_not_used(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        head = await conversation.head()
        if b"POST" in head:
            await conversation.exactly(3)
        await conversation.send(ok())

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        for _ in range(3):
            assert (await lb.ask(POST)).status == 200
            await asyncio.sleep(0.05)
        assert target.connections == 3


async def test_silent_target_answers_504(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        assert await conversation.closed()

    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)
    async with (
        ScriptedTarget(script) as target,
        serving([target.port], direct=direct, attributes=attributes) as lb,
    ):
        client = await lb.connect(GET)
        response = await client.response()
        assert (response.status, response.value("connection")) == (504, "keep-alive")
        assert (await lb.record()).reason is Reason.TARGET_TIMEOUT
        await lb.idle()


async def test_client_that_stops_in_its_body_gets_408(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        assert await conversation.closed() or True

    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)
    async with (
        ScriptedTarget(script) as target,
        serving([target.port], direct=direct, attributes=attributes) as lb,
    ):
        client = await lb.connect(POST[:-1])
        response = await client.response()
        assert (response.status, response.value("connection")) == (408, "close")
        assert await client.closed()


async def test_deregistration_cuts_what_is_in_flight_when_its_delay_is_over(direct: bool) -> None:
    asked = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        asked.set()
        assert await conversation.closed()

    async with (
        ScriptedTarget(script) as target,
        serving([target.port], direct=direct, deregistration_delay=0) as lb,
    ):
        client = await lb.connect(GET)
        await asked.wait()
        lb.runtime.apply(build_settings([], port=lb.port, deregistration_delay=0))
        lb.runtime.registry.expire()
        assert (await client.response()).status == 502
        await client.send(GET)
        assert (await client.response()).status == 503
        await lb.idle()


async def test_requests_in_flight_keep_the_configuration_they_started_with(direct: bool) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        asked.set()
        await go.wait()
        await conversation.send(ok(b"old"))

    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "new"}}
    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(GET)
        await asked.wait()
        lb.runtime.apply(build_settings([target.port], port=lb.port, actions=[fixed]))
        go.set()
        assert (await client.response()).body == b"old"
        await client.send(GET)
        assert (await client.response()).body == b"new"


async def test_idle_connections_to_targets_expire(direct: bool) -> None:
    closed = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(ok())
        assert await conversation.closed()
        closed.set()

    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)
    async with (
        ScriptedTarget(script) as target,
        serving([target.port], direct=direct, attributes=attributes) as lb,
    ):
        await lb.ask(GET)
        await asyncio.wait_for(closed.wait(), 5)


async def test_target_certificates_are_not_validated(direct: bool) -> None:
    """As behind ALB: any certificate will do, and no server name is sent."""
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("elsewhere.example").configure_cert(context)
    context.sni_callback = lambda _connection, name, _context: names.append(name)
    async with (
        ScriptedTarget(answering(ok(b"over TLS")), tls=context) as target,
        serving([target.port], direct=direct, protocol="HTTPS") as lb,
    ):
        client = await lb.connect(GET * 2)
        assert [(await client.response()).body for _ in range(2)] == [b"over TLS"] * 2
        assert (target.connections, names) == (1, [None])


async def test_failed_tls_handshake_answers_502(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with (
        ScriptedTarget(script) as target,
        serving([target.port], direct=direct, protocol="HTTPS") as lb,
    ):
        assert (await lb.ask(GET)).status == 502
        assert (await lb.record()).reason is Reason.TARGET_TLS_ERROR
        await lb.idle()


async def test_graceful_shutdown_finishes_what_is_in_flight(direct: bool) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        asked.set()
        await go.wait()
        await conversation.send(ok(b"done"))

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        idle = await lb.connect(b"")
        client = await lb.connect(GET)
        await asked.wait()
        deadline = asyncio.get_running_loop().time() + 5
        stopping = asyncio.create_task(lb.door.stop(deadline=deadline, cut=asyncio.Event()))
        assert await idle.closed()
        go.set()
        response = await client.response()
        assert (response.body, response.value("connection")) == (b"done", "close")
        assert await client.closed()
        await stopping
