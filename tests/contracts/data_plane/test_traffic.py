"""Conversations over real sockets: what client and target see of ordinary requests and responses."""

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

GET = b"GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n"


def lines_of(head: bytes) -> list[bytes]:
    return head.split(b"\r\n")[:-2]


async def test_request_reaches_the_target_as_sent_with_the_forwarding_headers(direct: bool) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        response = await lb.ask(
            b"GET /a%2Fb//c?x=%41&y HTTP/1.1\r\nHost: App.Example.com\r\n"
            b"X-MiXed: a, b\r\nx-two: 1\r\nX-Two:  2 \r\n\r\n"
        )
        assert (response.status, response.body) == (200, b"ok")
        lines = lines_of(seen[0])
        assert lines[:6] == [
            b"GET /a%2Fb//c?x=%41&y HTTP/1.1",
            b"Host: app.example.com:%d" % lb.port,
            b"X-MiXed: a, b",
            b"x-two: 1",
            b"X-Two: 2",
            b"X-Forwarded-For: 127.0.0.1",
        ]
        assert lines[6:8] == [b"X-Forwarded-Proto: http", b"X-Forwarded-Port: %d" % lb.port]
        assert lines[8].startswith(b"X-Amzn-Trace-Id: Root=1-")
        assert lines[9:] == [b"Connection: keep-alive"]


async def test_response_keeps_its_headers_and_order(direct: bool) -> None:
    extra = (
        b"Set-Cookie: a=1\r\nServer: mine\r\nSet-Cookie: b=2\r\n"
        b"Keep-Alive: timeout=5\r\nX-Gone: 1\r\nConnection: X-Gone\r\n"
    )
    async with (
        ScriptedTarget(answering(ok(extra=extra))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        response = await lb.ask(GET)
        assert response.headers == [
            ("Date", "Wed, 25 Nov 2026 10:00:00 GMT"),
            ("Set-Cookie", "a=1"),
            ("Server", "mine"),
            ("Set-Cookie", "b=2"),
            ("Content-Length", "2"),
            ("Connection", "keep-alive"),
        ]


async def test_every_connection_header_of_a_target_counts(direct: bool) -> None:
    extra = b"X-One: 1\r\nX-Two: 2\r\nConnection: X-One\r\nConnection: x-two\r\nX-Three: 3\r\n"
    async with (
        ScriptedTarget(answering(ok(extra=extra))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        response = await lb.ask(GET)
        assert [response.value(name) for name in ("x-one", "x-two", "x-three")] == ["", "", "3"]


async def test_missing_date_is_added(direct: bool) -> None:
    async with (
        ScriptedTarget(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as target,
        serving([target.port], direct=direct) as lb,
    ):
        assert (await lb.ask(GET)).value("date").endswith(" GMT")


async def test_listener_attributes_edit_every_response(direct: bool) -> None:
    listener = {"response_headers": (("x-frame-options", "DENY"),), "server_header": False}
    extra = b"X-Frame-Options: SAMEORIGIN\r\nServer: mine\r\n"
    rules = [
        {
            "Priority": 1,
            "Conditions": [{"Field": "path-pattern", "Values": ["/fixed"]}],
            "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}],
        }
    ]
    async with (
        ScriptedTarget(answering(ok(extra=extra))) as target,
        serving([target.port], direct=direct, listener=listener, rules=rules) as lb,
    ):
        for path in (b"/", b"/fixed"):
            response = await lb.ask(GET.replace(b"/ ", path + b" ", 1))
            assert response.value("x-frame-options") == "DENY"
            assert response.value("server") == ""


async def test_connections_are_kept_on_both_sides(direct: bool) -> None:
    async with ScriptedTarget(answering(ok())) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect()
        for _ in range(3):
            await client.send(GET)
            assert (await client.response()).value("connection") == "keep-alive"
        assert target.connections == 1


async def test_client_that_asks_for_close_gets_it(direct: bool) -> None:
    async with ScriptedTarget(answering(ok())) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(GET[:-2] + b"Connection: close\r\n\r\n")
        assert (await client.response()).value("connection") == "close"
        assert await client.closed()


async def test_pipelined_requests_are_answered_in_order(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        while True:
            path = (await conversation.head()).split(b" ")[1]
            await asyncio.sleep(0.02 if path == b"/0" else 0)
            await conversation.send(ok(path))

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"".join(GET.replace(b"/ ", b"/%d " % number, 1) for number in range(5)))
        assert [(await client.response()).body for _ in range(5)] == [b"/%d" % number for number in range(5)]
        await client.send(GET)
        assert (await client.response()).body == b"/"


async def test_endless_pipeline_is_cut_off(direct: bool) -> None:
    async with ScriptedTarget(answering(ok())) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(GET * 500)
        answers = (await client.rest()).count(b"HTTP/1.1 200")
        assert 0 < answers < 60
        assert len(lb.records) == answers


@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: 10", b"Transfer-Encoding: chunked", b""],
    ids=["length", "chunked", "neither"],
)
async def test_head_response_has_no_body_and_the_connections_live_on(direct: bool, framing: bytes) -> None:
    async def script(conversation: Conversation) -> None:
        while True:
            method = (await conversation.head()).split(b" ")[0]
            head = b"HTTP/1.1 200 OK\r\n" + framing + (b"\r\n" if framing else b"") + b"\r\n"
            await conversation.send(head if method == b"HEAD" else ok(b"body"))

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        response = await client.response(bodiless=True)
        assert response.status == 200
        assert response.value("content-length") == framing.partition(b": ")[2].decode().removeprefix(
            "chunked"
        )
        await client.send(GET)
        assert (await client.response()).body == b"body"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_bodiless_statuses_end_with_their_head(direct: bool, status: bytes) -> None:
    bare = b"HTTP/1.1 %b\r\nETag: x\r\n\r\n" % status
    async with (
        ScriptedTarget(answering(bare, ok(b"next"))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        client = await lb.connect(GET)
        response = await client.response()
        assert response.line.startswith(f"HTTP/1.1 {status[:3].decode()}")
        assert (response.value("etag"), response.value("transfer-encoding")) == ("x", "")
        await client.send(GET)
        assert (await client.response()).body == b"next"
        assert target.connections == 1


async def test_length_of_what_was_not_modified_starts_no_body(direct: bool) -> None:
    bare = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"
    async with (
        ScriptedTarget(answering(bare, ok(b"next"))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        client = await lb.connect(GET * 2)
        assert (await client.response()).status == 304
        assert (await client.response()).body == b"next"


async def test_body_up_to_the_end_of_the_connection_becomes_chunks(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(b"HTTP/1.1 200 OK\r\n\r\nuntil ")
        await conversation.send(b"the end")
        conversation.close()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        response = await lb.ask(GET)
        assert (response.value("transfer-encoding"), response.body) == ("chunked", b"until the end")


async def test_http_1_0_client_gets_the_body_up_to_the_end(direct: bool) -> None:
    async with (
        ScriptedTarget(
            answering(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            )
        ) as target,
        serving([target.port], direct=direct) as lb,
    ):
        client = await lb.connect(b"GET / HTTP/1.0\r\n\r\n")
        head, _, body = (await client.rest()).partition(b"\r\n\r\n")
        assert body == b"abcde"
        assert b"chunked" not in head
        assert b"Connection: close" in head


async def test_interim_responses_are_passed_over(direct: bool) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    async with (
        ScriptedTarget(answering(interim + ok(b"final"))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        response = await lb.ask(GET)
        assert (response.status, response.body, response.value("link")) == (200, b"final", "")


async def test_response_trailers_are_dropped(direct: bool) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;ext=1\r\nabc\r\n0\r\nX-T: 1\r\nSet-Cookie: a=b\r\n\r\n"
    )
    async with (
        ScriptedTarget(answering(answer, ok(b"next"))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        client = await lb.connect(GET)
        response = await client.response()
        assert (response.body, response.value("x-t"), response.value("set-cookie")) == (b"abc", "", "")
        await client.send(GET)
        assert (await client.response()).body == b"next"


async def test_expect_is_answered_at_once_and_not_forwarded(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        assert b"expect" not in (await conversation.head()).lower()
        await conversation.send(ok(await conversation.exactly(5)))

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        )
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(b"hello")
        assert (await client.response()).body == b"hello"


async def test_answer_instead_of_a_continue_closes_the_connection(direct: bool) -> None:
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403", "MessageBody": "no"}}
    async with serving([], direct=direct, actions=[fixed]) as lb:
        client = await lb.connect(
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\nExpect: 100-continue\r\n\r\n"
        )
        response = await client.response()
        assert (response.status, response.value("connection")) == (403, "close")
        assert await client.closed()


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 11", b"hello world"),
        (b"Transfer-Encoding: chunked", b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-T: a\r\n\r\n"),
    ],
    ids=["length", "chunked"],
)
async def test_body_arrives_whole_however_it_is_cut(direct: bool, framing: bytes, body: bytes) -> None:
    async def script(conversation: Conversation) -> None:
        while True:
            head = await conversation.head()
            if b"chunked" in head:
                received = await conversation.chunks()
            else:
                received = await conversation.exactly(11)
            await conversation.send(ok(received))

    message = b"POST / HTTP/1.1\r\nHost: h\r\n%b\r\n\r\n%b" % (framing, body)
    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        whole = await lb.connect(message * 2)
        assert [(await whole.response()).body for _ in range(2)] == [b"hello world"] * 2
        bytewise = await lb.connect()
        for at in range(len(message)):
            await bytewise.send(message[at : at + 1])
            await asyncio.sleep(0)
        assert (await bytewise.response()).body == b"hello world"
        await lb.idle()


async def test_early_answer_to_an_unfinished_request_keeps_the_client_in_step(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await conversation.rest()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nGET ")
        assert (await client.response()).status == 413
        await client.send(b"/ HT")
        await client.send(GET)
        assert (await client.response()).status == 413
        assert target.connections == 2


async def test_keep_alive_ends_with_the_connection_lifetime(direct: bool) -> None:
    attributes = LoadBalancerAttributes(client_keep_alive_seconds=0)
    async with (
        ScriptedTarget(answering(ok())) as target,
        serving([target.port], direct=direct, attributes=attributes) as lb,
    ):
        client = await lb.connect(GET)
        assert (await client.response()).value("connection") == "close"
        assert await client.closed()


async def test_record_tells_what_happened(direct: bool) -> None:
    async with ScriptedTarget(answering(ok(b"12345"))) as target, serving([target.port], direct=direct) as lb:
        request = b"GET /a?b=c HTTP/1.1\r\nHost: app.example.com\r\nUser-Agent: test\r\n\r\n"
        client = await lb.connect(request)
        await client.response()
        record = await lb.record()
        assert (record.method, record.uri, record.host, record.user_agent) == (
            "GET",
            "/a?b=c",
            "app.example.com",
            b"test",
        )
        assert (record.status, record.target_status, record.priority) == (200, 200, 0)
        assert record.target == f"127.0.0.1:{target.port}"
        assert (record.target_group_arn, record.actions) == ("arn:target-group/app", ("forward",))
        assert record.received_bytes == len(request)
        assert 100 < record.sent_bytes < 200
        assert record.created <= record.dispatched <= record.target_head <= record.done
        await lb.idle()


async def test_repeated_heads_carry_nothing_over_from_the_last_request(direct: bool) -> None:
    lines = b" HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-For: 9.9.9.9\r\nX-A: 1\r\n\r\n"
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        client = await lb.connect()
        for path in (b"/a", b"/b?c", b"/b?c"):
            await client.send(b"GET " + path + lines)
            assert (await client.response()).status == 200
        heads = [lines_of(head) for head in seen]
        assert [head[0] for head in heads] == [b"GET /a HTTP/1.1", b"GET /b?c HTTP/1.1", b"GET /b?c HTTP/1.1"]
        traces = [next(line for line in head if line.startswith(b"X-Amzn-Trace-Id")) for head in heads]
        assert len(set(traces)) == 3
        rest = [[line for line in head[1:] if not line.startswith(b"X-Amzn-Trace-Id")] for head in heads]
        assert rest[0] == rest[1] == rest[2]
        assert [record.uri for record in lb.records] == ["/a", "/b?c", "/b?c"]
        assert [record.received_bytes for record in lb.records] == [
            len(b"GET " + p + lines) for p in (b"/a", b"/b?c", b"/b?c")
        ]
        # The parser takes up where it was left.
        await client.send(b"POST /d HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        assert (await client.response()).status == 200
        await client.send(b"GET /e" + lines + b"GET /f" + lines)
        assert [(await client.response()).status for _ in range(2)] == [200, 200]
        await lb.idle()


@pytest.mark.parametrize("target", [b"/a/../secret", b"/%2e/secret", b"/a#b", b"/100%", b"//h/../x"])
async def test_every_head_on_a_connection_is_admitted_alike(target: bytes, direct: bool) -> None:
    """What the first request may not ask for, the second may not either, with the same lines behind it."""
    lines = b" HTTP/1.1\r\nHost: app.example.com\r\n\r\n"
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as served,
        serving([served.port], direct=direct) as lb,
    ):
        for first in (target, b"/a"):
            client = await lb.connect()
            if first != target:
                await client.send(b"GET " + first + lines)
                assert (await client.response()).status == 200
            await client.send(b"GET " + target + lines)
            assert (await client.response()).status == 400
        assert len(seen) == 1
        await lb.idle()
