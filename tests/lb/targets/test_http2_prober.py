"""Health checks of HTTP2 and GRPC groups, against real sockets."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import pytest
import trustme

from lb.settings import ProtocolVersion
from lb.targets.group import Probe, Target
from lb.targets.health import REGISTERED, Failure, ProbeOutcome
from lb.targets.prober import send_probe
from tests.support.grpc_target import SERVICE, GrpcTarget
from tests.support.http2_target import Http2Target, Link, nothing
from tests.support.named_tls import named_tls
from tests.support.scripted import OK, answering, scripted

HTTP2, GRPC = ProtocolVersion.HTTP2, ProtocolVersion.GRPC
PATH = "/AWS.ALB/healthcheck"


async def probe(
    port: int,
    version: ProtocolVersion,
    *,
    host: str = "127.0.0.1",
    tls: bool = False,
    path: str = PATH,
    check_port: int | None = None,
) -> ProbeOutcome:
    target = Target((host, port, False, version), "app", "arn", REGISTERED)
    async with asyncio.timeout(5):
        return await send_probe(target, Probe(tls, check_port, path, 30, 5, version))


async def test_http2_is_asked_for_a_page() -> None:
    async with Http2Target(lambda link, stream: link.answer(stream, status=301)) as target:
        assert await probe(1, HTTP2, path="/up?deep=1", check_port=target.port) == 301
        await target.until(lambda: target.links[0].closed)
        assert target.seen == [
            [
                (":method", "GET"),
                (":scheme", "http"),
                (":path", "/up?deep=1"),
                (":authority", f"127.0.0.1:{target.port}"),
                ("user-agent", "ELB-HealthChecker/2.0"),
                ("accept-encoding", "gzip, compressed"),
            ]
        ]


async def test_grpc_is_called() -> None:
    def answer(link: Link, stream: int) -> None:
        link.answer(stream, b"\0" * 5, trailers=[("grpc-status", "0")])

    async with Http2Target(answer) as target:
        assert await probe(target.port, GRPC) == 0
        head = dict(target.seen[0])
        assert (head[":method"], head[":path"]) == ("POST", PATH)
        assert (head["content-type"], head["te"]) == ("application/grpc", "trailers")
        assert target.body == b"\0" * 5, "an empty message"


async def test_server_of_grpcio_answers_unimplemented_by_default_and_ok_where_there_is_a_method() -> None:
    with GrpcTarget() as target:
        assert await probe(target.port, GRPC) == 12
        assert await probe(target.port, GRPC, path=f"/{SERVICE}/Unary") == 0


def without(status: int) -> Callable[[Link, int], None]:
    return lambda link, stream: link.answer(stream, b"", status=status)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param(lambda link, stream: link.answer(
            stream, b"", headers=[("grpc-status", "14")]), 14, id="trailers only"),
        pytest.param(without(503), 14, id="503"),
        pytest.param(without(404), 12, id="404"),
        pytest.param(without(200), Failure.NO_ANSWER, id="no grpc-status"),
        pytest.param(lambda link, stream: link.reset(stream, 2), Failure.NO_ANSWER, id="reset"),
        pytest.param(lambda link, stream: link.abort(), Failure.NO_ANSWER, id="lost"),
    ],
)  # fmt: skip
async def test_answers_of_grpc(answer: Callable[[Link, int], None], outcome: ProbeOutcome) -> None:
    async with Http2Target(answer) as target:
        assert await probe(target.port, GRPC) == outcome


async def test_tls_is_negotiated_for_h2_with_any_certificate() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("elsewhere.example").configure_cert(context)
    context.set_alpn_protocols(["h2"])
    async with Http2Target(tls=context) as target:
        assert await probe(target.port, HTTP2, tls=True) == 200


async def test_server_name_is_sent_over_http2_too() -> None:
    with named_tls("localhost", "h2") as tls:
        async with Http2Target(tls=tls.context) as target:
            assert await probe(target.port, HTTP2, host="localhost", tls=True) == 200
            assert await probe(target.port, HTTP2, tls=True) is Failure.NO_ANSWER
        assert tls.asked == ["localhost", None]


async def test_server_of_http1_fails(unused_tcp_port: int) -> None:
    async with scripted(answering(OK)) as port:
        assert await probe(port, HTTP2) is Failure.NO_ANSWER
    assert await probe(unused_tcp_port, HTTP2) is Failure.NO_ANSWER


async def test_probe_that_is_given_up_leaves_no_connection() -> None:
    async with Http2Target(nothing) as target:
        task = asyncio.create_task(probe(target.port, GRPC))
        await target.until(lambda: target.seen)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await target.until(lambda: target.links[0].closed)
