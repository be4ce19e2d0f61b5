"""Target groups of ProtocolVersion HTTP2: one connection, many requests, and everything that can go wrong."""

from __future__ import annotations

import asyncio
import ssl
from time import monotonic

import pytest
import trustme

from lb.http2.outbound import HIGH_WATER
from lb.http2.session import STREAM_WINDOW
from lb.reasons import Reason
from lb.settings import ProtocolVersion
from lb.upstream.http2 import lanes
from lb.upstream.http2.connection import LAST_STREAM
from tests.contracts.http2.conftest import Secure
from tests.support.data_plane import Conversation
from tests.support.http2_client import http2
from tests.support.http2_target import HTTP2, Http2Target, Link, connections, nothing, ok, paths

CANCEL = 8


async def test_target_gets_what_a_target_of_http1_gets(
    secure: Secure, trust: ssl.SSLContext, direct: bool
) -> None:
    async with Http2Target() as target, secure([target.port], group=HTTP2, direct=direct) as lb:
        async with http2(lb.port, trust) as client:
            answer = await client.ask(
                "/a?b=c",
                headers=[
                    ("x-kept", "yes"),
                    ("cookie", "a=1"),
                    ("cookie", "b=2"),
                    ("te", "trailers"),
                    ("x-amzn-oidc-data", "forged"),
                    ("x_amzn_oidc_identity", "forged"),
                    ("x-forwarded-for", "192.0.2.1"),
                    ("x-last", "1"),
                ],
            )
        assert (answer.status, bytes(answer.body)) == (200, b"ok")
        (head,) = target.seen
        assert head[:4] == [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/a?b=c"),
            (":authority", f"app.example.com:{lb.port}"),
        ]
        rest = dict(head[4:])
        assert rest["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"
        assert rest["x-forwarded-proto"] == "https"
        assert rest["x-forwarded-port"] == str(lb.port)
        assert rest["x-amzn-trace-id"].startswith("Root=1-")
        assert (rest["cookie"], rest["te"], rest["x-kept"]) == ("a=1; b=2", "trailers", "yes")
        assert set(rest) == {
            *("x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "x-amzn-trace-id"),
            *("cookie", "te", "x-kept", "x-last"),
        }
        record = await lb.record()
        assert (record.type, record.status, record.target_status) == ("h2", 200, 200)


async def test_bodies_interim_heads_and_trailers_pass_both_ways(
    secure: Secure, trust: ssl.SSLContext, direct: bool
) -> None:
    def answer(link: Link, stream: int) -> None:
        link.h2.send_headers(stream, [(":status", "103"), ("link", "</style.css>")])
        link.answer(
            stream, b"z" * 1000, headers=[("x-a", "1"), ("set-cookie", "s=1")], trailers=[("x-sum", "9")]
        )

    async with Http2Target(answer) as target, secure([target.port], group=HTTP2, direct=direct) as lb:
        async with http2(lb.port, trust) as client:
            stream = client.request(method="POST", end=False)
            await client.send_body(stream, b"y" * 300_000, end=False)
            client.end_with(
                stream, [("x-digest", "1"), ("x-amzn-oidc-data", "forged"), ("content-length", "5")]
            )
            got = await client.answer(stream)
        assert (got.status, len(got.body), got.trailers) == (200, 1000, [("x-sum", "9")])
        assert (got.value("x-a"), got.value("set-cookie"), got.value("link")) == ("1", "s=1", "")
        assert target.body == b"y" * 300_000
        assert target.trailers == [[("x-digest", "1")]]
        await lb.record()
        await lb.idle()


@pytest.mark.parametrize("version", [ProtocolVersion.HTTP2, ProtocolVersion.GRPC], ids=lambda v: v.value)
async def test_client_of_http1_gets_464(
    secure: Secure, trust: ssl.SSLContext, version: ProtocolVersion
) -> None:
    async with Http2Target() as target, secure([target.port], group={"protocol_version": version}) as lb:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", lb.port, ssl=trust, server_hostname="localhost"
        )
        client = Conversation(reader, writer)
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        assert (await client.response()).status == 464
        client.close()
        assert target.links == []
        record = await lb.record()
        assert (record.status, record.reason) == (464, Reason.PROTOCOL_MISMATCH)
        assert record.target_group_arn == "arn:target-group/app"


async def test_requests_share_a_connection_until_it_is_full(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        Http2Target(nothing, max_concurrent_streams=2) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        streams = [client.request(f"/{number}") for number in range(5)]
        await target.until(lambda: len(target.seen) == 5)
        assert [len(link.requests) for link in target.links] == [2, 2, 1]
        for link in target.links:
            for stream in link.requests:
                link.answer(stream)
        assert [(await client.answer(each)).status for each in streams] == [200] * 5
        again = client.request("/again")
        await target.until(lambda: len(target.seen) == 6)
        assert len(target.links) == 3
        target.links[0].answer(target.links[0].requests[-1])
        assert (await client.answer(again)).status == 200


async def test_requests_wait_for_a_stream_when_there_may_be_no_more_connections(
    secure: Secure, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MAX_CONNECTIONS", 1)
    async with (
        Http2Target(nothing, max_concurrent_streams=1) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        streams = [client.request(f"/{number}") for number in range(3)]
        for number, stream in enumerate(streams):
            await target.until(lambda: len(target.seen) > number)  # noqa: B023 -- awaited here
            target.links[0].answer(target.links[0].requests[-1])
            assert (await client.answer(stream)).status == 200
        assert paths(target) == ["/0", "/1", "/2"]
        waiting = [client.request("/held"), client.request("/waits")]
        await target.until(lambda: len(target.seen) == 4)
        of_target = next(iter(lb.runtime.pool._lanes.values()))
        assert len(of_target._waiting) == 1
        of_target.sweep(monotonic() + 61, 60)
        assert (await client.answer(waiting[1])).status == 504


async def test_client_that_goes_is_told_to_the_target(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        Http2Target(nothing) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        stream, other = client.request("/a"), client.request("/b")
        await target.until(lambda: len(target.seen) == 2)
        client.reset(stream)
        await target.until(lambda: target.resets)
        assert target.resets == [(1, CANCEL)]
        target.links[0].answer(3)
        assert (await client.answer(other)).status == 200
        assert (await lb.record()).status == 460
        await lb.idle()


async def test_early_answer_ends_the_request(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        Http2Target(nothing, on_request=ok) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", end=False)
        assert (await client.answer(stream)).status == 200
        await target.until(lambda: target.resets)
        assert (await client.ask()).status == 200
        assert len(target.links) == 1


async def test_slow_target_holds_back_its_client_and_nobody_else(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    async with (
        Http2Target(nothing, holding=True) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", end=False)
        sending = asyncio.create_task(client.send_body(stream, bytes(2_000_000)))
        await target.until(lambda: target.seen and len(target.body) == 65535)
        await client.until(lambda: client.h2.local_flow_control_window(stream) < 16384)
        (upstream,) = connections(lb)[0].streams.values()
        assert upstream.full
        # One window came while the connection was opened, one afterwards.
        assert upstream.queued <= HIGH_WATER + 2 * STREAM_WINDOW
        assert len(target.body) == 65535, "not a byte beyond the target's window"
        link = target.links[0]
        target.holding = False
        link.h2.acknowledge_received_data(65535, 1)
        link.flush()
        await asyncio.wait_for(sending, 10)
        await target.until(lambda: len(target.body) == 2_000_000)
        link.answer(1)
        assert (await client.answer(stream)).status == 200


async def test_slow_client_holds_back_its_target_and_nobody_else(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    async with (
        Http2Target(nothing) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust, initial_window_size=1000) as client,
    ):
        slow = client.request("/slow")
        client.held.add(slow)
        await target.until(lambda: target.seen)
        link = target.links[0]
        link.begin(1)
        sent = link.fill(1)
        for _ in range(20):
            await asyncio.sleep(0.01)
            sent += link.fill(1)
        # The stream's own window; the connection's is given back at once.
        assert sent <= 2 * STREAM_WINDOW + HIGH_WATER
        assert link.h2.outbound_flow_control_window > STREAM_WINDOW
        target.on_complete = ok
        assert (await client.ask("/quick")).status == 200


async def test_settings_may_change_while_requests_run(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        Http2Target(initial_window_size=10, max_concurrent_streams=1) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", body=bytes(5000))
        await target.until(lambda: target.bodies and len(target.body) >= 10)
        (connection,) = connections(lb)
        assert not connection.has_room
        target.links[0].h2.update_settings({4: 100_000, 3: 50, 1: 0})
        target.links[0].flush()
        assert (await client.answer(stream)).status == 200
        assert connection.has_room


async def test_idle_connection_is_closed_with_goaway(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        Http2Target() as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        assert (await client.ask()).status == 200
        connections(lb)[0].idle_since -= 61
        lb.runtime.pool.sweep(monotonic())
        await target.until(lambda: target.links[0].closed)
        assert target.links[0].goaways == [(0, 0)]
        assert (await client.ask()).status == 200


async def test_silent_target_is_asked_for_a_sign_of_life(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        Http2Target(nothing) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        held = client.request("/held")
        await target.until(lambda: target.seen)
        (connection,) = connections(lb)
        connection.sweep(monotonic() + 31, 60)
        await target.until(lambda: target.pings)
        await target.until(lambda: not connection._pinged_at)
        # One that is not answered: the connection gets nothing new, the request keeps its time.
        connection._pinged_at = monotonic() - 11
        connection.sweep(monotonic(), 60)
        assert not connection.has_room
        target.on_complete = ok
        assert (await client.ask()).status == 200
        assert len(target.links) == 2
        target.links[0].answer(1)
        assert (await client.answer(held)).status == 200
        await target.until(lambda: target.links[0].closed)


async def test_connection_out_of_stream_ids_is_replaced(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        Http2Target() as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        assert (await client.ask()).status == 200
        connections(lb)[0].session.highest_outbound_stream_id = LAST_STREAM - 4
        assert [(await client.ask()).status for _ in range(4)] == [200] * 4
        assert [link.requests for link in target.links] == [[1, LAST_STREAM - 2, LAST_STREAM], [1, 3]]


async def test_tls_targets_choose_h2_by_alpn_and_may_have_any_certificate(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    trustme.CA().issue_cert("elsewhere.example").configure_cert(context)
    context.set_alpn_protocols(["h2"])
    async with (
        Http2Target(tls=context) as target,
        secure([target.port], group=HTTP2, protocol="HTTPS") as lb,
        http2(lb.port, trust) as client,
    ):
        assert (await client.ask()).status == 200
    assert names == [None]
    assert target.value(":scheme") == ["https"]


async def test_trailers_that_came_before_the_connection_stood_are_sent(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    async with (
        Http2Target() as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", body=b"x", end=False)
        client.end_with(stream, [("x-digest", "1")])
        assert (await client.answer(stream)).status == 200
        assert (target.body, target.trailers) == (b"x", [[("x-digest", "1")]])


async def test_malformed_trailers_of_a_client_end_its_request(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        Http2Target() as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", body=b"x", end=False)
        client.end_with(stream, [("Upper", "1")])
        assert (await client.answer(stream)).status == 400
        assert (await client.ask()).status == 200


async def test_client_that_goes_while_it_waits_leaves_its_place(
    secure: Secure, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MAX_CONNECTIONS", 1)
    async with (
        Http2Target(nothing, max_concurrent_streams=1) as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        first = client.request("/first")
        await target.until(lambda: target.seen)
        gone, last = client.request("/gone"), client.request("/last")
        client.reset(gone)
        await lb.record()
        target.on_complete = ok
        target.links[0].answer(1)
        assert [(await client.answer(each)).status for each in (first, last)] == [200, 200]
        assert paths(target) == ["/first", "/last"]
        await lb.idle()
        assert connections(lb)[0].taken == 0


async def test_connection_whose_end_is_not_read_is_cut(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        Http2Target() as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        assert (await client.ask()).status == 200
        (connection,) = connections(lb)
        cut: list[bool] = []
        connection.sever = lambda: cut.append(True)  # type: ignore[method-assign]
        connection._closed_at = monotonic() - 9
        lb.runtime.pool.sweep(monotonic())
        assert not cut
        connection._closed_at -= 2
        lb.runtime.pool.sweep(monotonic())
        assert cut
