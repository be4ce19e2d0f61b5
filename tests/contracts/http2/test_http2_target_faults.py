"""Targets of HTTP/2 that leave, refuse, reset, lie, or speak something else: who pays for it."""

from __future__ import annotations

import gc
import ssl
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest
import trustme

from lb.http2.outbound import HIGH_WATER
from lb.reasons import Reason
from lb.upstream.http2 import lanes
from lb.upstream.http2.stream import TargetStream
from tests.contracts.http2.conftest import Secure
from tests.support.data_plane import Conversation, ScriptedTarget, answering
from tests.support.data_plane import ok as ok_http1
from tests.support.http2_client import http2
from tests.support.http2_target import HTTP2, Http2Target, Link, nothing, ok, paths

INTERNAL_ERROR, REFUSED, ENHANCE_YOUR_CALM = 2, 7, 11


async def test_goaway_moves_what_was_not_looked_at_and_lets_the_rest_finish(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    async with (
        Http2Target(nothing) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        first = client.request("/first")
        second = client.request("/second", method="POST", body=b"a body that is sent twice")
        await target.until(lambda: len(target.seen) == 2 and target.body)
        target.links[0].goaway(1)
        await target.until(lambda: len(target.links) == 2 and len(target.seen) == 3 and target.body)
        assert paths(target) == ["/first", "/second", "/second"]
        assert target.body == b"a body that is sent twice"
        target.links[1].answer(1, b"second")
        assert bytes((await client.answer(second)).body) == b"second"
        target.links[0].answer(1, b"first")
        assert bytes((await client.answer(first)).body) == b"first"
        await target.until(lambda: target.links[0].closed)
        assert not target.links[1].closed


async def test_refused_stream_is_sent_once_more_and_only_once(secure: Secure, trust: ssl.SSLContext) -> None:
    def refuse(link: Link, stream: int) -> None:
        if len(target.seen) == 2:
            link.answer(stream)
        else:
            link.reset(stream, REFUSED)

    async with (
        Http2Target(refuse) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        assert (await client.ask(method="POST", body=b"x")).status == 200
        assert (await client.ask()).status == 502
        assert len(target.seen) == 4


async def test_long_body_is_not_sent_twice(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        Http2Target(lambda link, stream: link.reset(stream, REFUSED)) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", end=False)
        await client.send_body(stream, bytes(HIGH_WATER + 1))
        assert (await client.answer(stream)).status == 502
        assert len(target.seen) == 1


@pytest.mark.parametrize("begun", [False, True], ids=["before the head", "after the head"])
@pytest.mark.parametrize("forwarded", [False, True], ids=["hidden", "forwarded"])
async def test_reset_of_the_target(
    secure: Secure, trust: ssl.SSLContext, direct: bool, begun: bool, forwarded: bool
) -> None:
    group = {**HTTP2, "forwards_reset_codes": forwarded}
    async with (
        Http2Target(nothing) as target,
        secure([target.port], group=group, direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request()
        await target.until(lambda: target.seen)
        if begun:
            target.links[0].begin(1)
            await client.until(lambda: client.answers[stream].status)
        target.links[0].reset(1, ENHANCE_YOUR_CALM)
        answer = await client.answer(stream)
        if forwarded:
            assert answer.reset == ENHANCE_YOUR_CALM
        elif begun:
            assert answer.reset == INTERNAL_ERROR
        else:
            assert answer.status == 502
        assert (await lb.record()).reason is Reason.TARGET_CLOSED


def sends(*headers: tuple[str, str], body: bytes = b"", status: str = "200") -> Callable[[Link, int], None]:
    def act(link: Link, stream: int) -> None:
        link.h2.send_headers(stream, [(":status", status), *headers], end_stream=not body)
        if body:
            link.h2.send_data(stream, body, end_stream=True)
        link.flush()

    return act


def interim(link: Link, stream: int) -> None:
    for _ in range(65):
        link.h2.send_headers(stream, [(":status", "100")])
    link.answer(stream)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(sends(("connection", "close")), id="connection header"),
        pytest.param(sends(("Upper", "case")), id="upper case"),
        pytest.param(sends(("x-a", "1\r\nx-b: 2")), id="line end in a value"),
        pytest.param(sends(("x a", "1")), id="space in a name"),
        pytest.param(sends((":path", "/")), id="pseudo-header of requests"),
        pytest.param(sends(status="20"), id="short status"),
        pytest.param(sends(status="999"), id="foreign status"),
        pytest.param(sends(("content-length", "5"), body=b"four"), id="less than was said"),
        pytest.param(sends(("content-length", "3"), body=b"four"), id="more than was said"),
        pytest.param(sends(("content-length", "3"), ("content-length", "4"), body=b"four"), id="two lengths"),
        pytest.param(sends(("content-length", "+4"), body=b"four"), id="length that is none"),
        pytest.param(sends(body=b"body", status="204"), id="204 with a body"),
        pytest.param(sends(*(("x-many", "y" * 4000) for _ in range(9))), id="36 K of headers"),
        pytest.param(interim, id="65 interim heads"),
    ],
)
async def test_malformed_response_costs_its_own_stream_alone(
    secure: Secure, trust: ssl.SSLContext, act: Callable[[Link, int], None]
) -> None:
    def respond(link: Link, stream: int) -> None:
        path = dict(target.seen[-1])[":path"]
        if path == "/bad":
            act(link, stream)
        elif path == "/good":
            link.answer(link.requests[0], b"held")
            link.answer(stream)

    async with (
        Http2Target(respond) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        held = client.request("/held")
        await target.until(lambda: target.seen)
        bad = await client.ask("/bad")
        assert bad.status == 502 or bad.reset is not None
        assert b"four" not in bad.body or bad.reset is not None
        assert (await client.ask("/good")).status == 200
        assert bytes((await client.answer(held)).body) == b"held"
        assert len(target.links) == 1
        assert (await lb.record()).reason is Reason.TARGET_BAD_RESPONSE


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00", id="window update of 0"),
        pytest.param(b"\xff\xff\xff\x00\x00\x00\x00\x00\x01", id="frame beyond the size"),
        pytest.param(b"\x00\x00\x04\x05\x04\x00\x00\x00\x01\x00\x00\x00\x02", id="server push"),
        pytest.param(b"\x00\x00\x01\x01\x04\x00\x00\x00\x01\xbf", id="broken compression"),
        pytest.param((b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + bytes(8)) * 4000, id="flood of pings"),
        pytest.param(
            b"\x00\x3f\xff\x01\x00\x00\x00\x00\x01" + bytes(0x3FFF)
            + (b"\x00\x3f\xff\x09\x00\x00\x00\x00\x01" + bytes(0x3FFF)) * 8,
            id="continuation without end",
        ),
    ],
)  # fmt: skip
async def test_what_breaks_http2_ends_the_connection(
    secure: Secure, trust: ssl.SSLContext, data: bytes
) -> None:
    def respond(link: Link, stream: int) -> None:
        if len(target.links) > 1:
            link.answer(stream)
        elif len(link.requests) == 2:
            link.raw(data)

    async with (
        Http2Target(respond) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        both = [client.request("/a"), client.request("/b")]
        assert [(await client.answer(each)).status for each in both] == [502, 502]
        assert (await client.ask("/c")).status == 200
        assert len(target.links) == 2
        await lb.record(3)
        await lb.idle()


async def test_lost_connection_ends_every_request_on_it_and_the_next_gets_another(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    async with (
        Http2Target(nothing) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        streams = [client.request(f"/{number}") for number in range(20)]
        await target.until(lambda: len(target.seen) == 20)
        target.on_complete = ok
        target.links[0].abort()
        assert {(await client.answer(each)).status for each in streams} == {502}
        assert (await client.ask()).status == 200
        await lb.idle()


async def test_idle_connection_that_was_closed_as_the_request_came_costs_nobody_anything(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    """As with HTTP/1: an idempotent request on a reused connection that dies without a word is sent again."""

    def respond(link: Link, stream: int) -> None:
        if len(link.requests) == 2:
            link.abort()
        else:
            link.answer(stream)

    async with (
        Http2Target(respond) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        assert (await client.ask()).status == 200
        assert (await client.ask()).status == 200
        assert (await client.ask("/post", method="POST", body=b"x")).status == 502


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", id="HTTP/1"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", id="SSH"),
        pytest.param(b"", id="closed"),
    ],
)
async def test_target_without_http2_is_a_bad_gateway(
    secure: Secure, trust: ssl.SSLContext, answer: bytes
) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.exactly(24)
        await conversation.send(answer)

    async with ScriptedTarget(script) as target, secure([target.port], group=HTTP2) as lb:
        async with http2(lb.port, trust) as client:
            assert (await client.ask()).status == 502
        assert (await lb.record()).reason is Reason.TARGET_BAD_RESPONSE


async def test_tls_target_that_does_not_choose_h2_is_a_bad_gateway(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("elsewhere.example").configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    async with (
        ScriptedTarget(answering(ok_http1()), tls=context) as target,
        secure([target.port], group=HTTP2, protocol="HTTPS") as lb,
        http2(lb.port, trust) as client,
    ):
        assert (await client.ask()).status == 502


async def test_deregistered_target_is_cut_when_its_delay_is_over(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    async with (
        Http2Target(nothing) as target,
        secure([target.port], group=HTTP2, deregistration_delay=0) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request()
        await target.until(lambda: target.seen)
        groups: dict[str, Any] = {}
        lb.runtime.registry.apply(groups)
        assert (await client.answer(stream)).status == 502
        await target.until(lambda: target.links[0].closed)
        lb.runtime.pool.sweep(monotonic())
        assert lb.runtime.pool._lanes == {}


async def test_target_that_says_nothing_is_given_up(
    secure: Secure, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "CONNECT_TIMEOUT", 0.1)

    async def silent(conversation: Conversation) -> None:
        await conversation.closed()

    async with (
        ScriptedTarget(silent) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        assert [(await client.ask()).status for _ in range(2)] == [504, 504]
        assert (await lb.record()).reason is Reason.TARGET_CONNECT_TIMEOUT


async def test_bug_met_by_one_response_does_not_end_the_others(
    secure: Secure, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = TargetStream.on_head

    def fail(stream: TargetStream, block: Any) -> None:
        if stream.id == 3:
            raise ZeroDivisionError
        take(stream, block)

    monkeypatch.setattr(TargetStream, "on_head", fail)
    async with (
        Http2Target(nothing) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        held, failing = client.request("/held"), client.request("/failing")
        await target.until(lambda: len(target.seen) == 2)
        target.links[0].answer(3)
        assert (await client.answer(failing)).status == 500
        target.links[0].answer(1)
        assert (await client.answer(held)).status == 200


async def test_tls_target_that_speaks_clear_text_is_a_bad_gateway(
    secure: Secure, trust: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    async def clear(conversation: Conversation) -> None:
        await conversation.exactly(3)
        await conversation.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with (
        ScriptedTarget(clear) as target,
        secure([target.port], group=HTTP2, protocol="HTTPS") as lb,
        http2(lb.port, trust) as client,
    ):
        assert (await client.ask()).status == 502
        assert (await lb.record()).reason is Reason.TARGET_TLS_ERROR
    gc.collect()
    assert "never retrieved" not in caplog.text
