"""Target groups of ProtocolVersion GRPC, between grpcio's client and grpcio's server."""

from __future__ import annotations

import asyncio
import queue
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import grpc
import pytest
import pytest_asyncio
import trustme

from lb.observe.record import AccessRecord
from lb.outcomes import Answer, Proceed
from lb.reasons import Reason
from lb.settings import ProtocolVersion
from tests.contracts.data_plane.test_deciding import GUARDED, PASSED, REFUSED, Guard
from tests.contracts.http2.conftest import Secure
from tests.support.data_plane import Plane
from tests.support.grpc_target import SERVICE, GrpcTarget, channel_to, method
from tests.support.http2_client import http2
from tests.support.http2_target import Http2Target, Link
from tests.support.tls_front import Authority

GRPC = {"protocol_version": ProtocolVersion.GRPC}
HEADERS = [("content-type", "application/grpc"), ("te", "trailers")]


class House:
    """A client's channel, the load balancer and the server behind it."""

    def __init__(self, lb: Plane, target: GrpcTarget, channel: grpc.Channel) -> None:
        self.lb, self.target, self.channel = lb, target, channel

    async def call(self, act: Callable[[], Any]) -> Any:
        """Run blocking calls of the client beside the event loop."""
        return await asyncio.wait_for(asyncio.to_thread(act), 60)

    async def unary(self, name: str, request: bytes = b"", **options: Any) -> Any:
        """Call a method; returns (response, call), or the error."""
        options.setdefault("timeout", 20)

        def act() -> Any:
            try:
                return method(self.channel, name).with_call(request, **options)
            except grpc.RpcError as error:
                return error

        return await self.call(act)

    async def last(self) -> AccessRecord:
        """The record of the one request that was served."""
        return await self.lb.record()


@pytest_asyncio.fixture(params=["clear", "tls", "asgi"])
async def house(request: pytest.FixtureRequest, secure: Secure, authority: Authority) -> AsyncIterator[House]:
    """Targets in clear text, targets behind TLS, and a middleware's way through the load balancer."""
    credentials = None
    if request.param == "tls":
        leaf = trustme.CA().issue_cert("elsewhere.example")
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        credentials = grpc.ssl_server_credentials([(leaf.private_key_pem.bytes(), chain)])
    with GrpcTarget(credentials=credentials) as target:
        protocol = "HTTPS" if request.param == "tls" else "HTTP"
        direct = request.param != "asgi"
        async with secure([target.port], group=GRPC, protocol=protocol, direct=direct) as lb:
            with channel_to(lb.port, authority.pem.read_bytes()) as channel:
                yield House(lb, target, channel)
            await lb.idle()


async def test_metadata_pass_both_ways_and_identity_does_not(house: House) -> None:
    sent = (
        ("x-text", "a"),
        ("x-bytes-bin", b"\x00\x01\xff"),
        ("x-amzn-oidc-data", "forged"),
        ("x_amzn-oidc.identity", "forged"),
    )
    response, call = await house.unary("Unary", b"hello", metadata=sent)
    assert response == b"hello"
    initial, trailing = dict(call.initial_metadata()), dict(call.trailing_metadata())
    assert (initial["x-initial"], initial["x-initial-bin"]) == ("first", b"\x00\xff")
    assert (trailing["x-trailing"], trailing["x-trailing-bin"]) == ("last", b"\xfe\x01")
    (seen,) = house.target.seen
    assert (seen["x-text"], seen["x-bytes-bin"]) == ("a", b"\x00\x01\xff")
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert str(seen["x-amzn-trace-id"]).startswith("Root=1-")
    assert not [name for name in seen if "oidc" in name]
    record = await house.last()
    assert (record.type, record.status, record.version) == ("grpcs", 200, "HTTP/2.0")
    assert b"grpc_request_count_total 1.0" in house.lb.runtime.metrics.exposition()


async def test_five_megabytes_pass_both_ways(house: House) -> None:
    message = bytes(range(256)) * 20_000
    response, _ = await house.unary("Unary", message)
    assert response == message


async def test_server_streams(house: House) -> None:
    count = method(house.channel, "Count", "unary_stream")
    messages = await house.call(lambda: list(count(b"1000", timeout=30)))
    assert messages == [b"%d" % number for number in range(1000)]
    large = await house.call(lambda: [len(each) for each in count(b"20 300000", timeout=30)])
    assert large == [300_000] * 20


async def test_client_streams(house: House) -> None:
    collect = method(house.channel, "Collect", "stream_unary")
    assert await house.call(lambda: collect((bytes(10) for _ in range(1000)), timeout=30)) == b"1000 10000"
    large = await house.call(lambda: collect((bytes(300_000) for _ in range(20)), timeout=30))
    assert large == b"20 6000000"


async def test_both_stream_at_once(house: House) -> None:
    """Each message is an answer to the one before: nothing may wait for an end."""

    def talk() -> list[bytes]:
        said: queue.Queue[bytes | None] = queue.Queue()
        said.put(b"0")
        heard = []
        for message in method(house.channel, "Chat", "stream_stream")(iter(said.get, None), timeout=30):
            heard.append(message)
            said.put(b"%d" % len(heard) if len(heard) < 200 else None)
        return heard

    assert await house.call(talk) == [b"re: %d" % number for number in range(200)]


async def test_errors_of_the_service_keep_code_text_and_metadata(house: House) -> None:
    error = await house.unary("Fail")
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert error.details() == "not now: é 100%"
    assert ("x-detail-bin", b"\x01\x02") in error.trailing_metadata()
    missing = await house.unary("Missing")
    assert missing.code() is grpc.StatusCode.UNIMPLEMENTED
    assert (await house.last()).status == 200


async def test_deadline_ends_the_call_at_the_service_too(house: House) -> None:
    error = await house.unary("Hang", timeout=0.3)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert await house.call(lambda: house.target.cancelled.wait(5))


async def test_cancelled_call_is_cancelled_at_the_service(house: House) -> None:
    def cancel() -> bool:
        call = method(house.channel, "Hang").future(b"", timeout=20)
        deadline = time.monotonic() + 5
        while not house.target.received and time.monotonic() < deadline:
            time.sleep(0.005)
        call.cancel()
        return house.target.cancelled.wait(5)

    assert await house.call(cancel)
    assert (await house.last()).status == 460


async def test_reader_that_stops_reading_stops_the_service(secure: Secure, authority: Authority) -> None:
    """Windows end to end: of 100 MB, as much is sent as all windows hold."""
    with GrpcTarget() as target:
        async with secure([target.port], group=GRPC) as lb:
            with channel_to(lb.port, authority.pem.read_bytes()) as channel:
                sent: list[int] = []

                def count() -> Iterator[bytes]:
                    for _ in range(1000):
                        sent.append(1)
                        yield bytes(100_000)

                chat = method(channel, "Chat", "stream_stream")

                def stall() -> int:
                    call = chat(count(), timeout=30)
                    next(call)
                    before = -1
                    while len(sent) != before:
                        before = len(sent)
                        time.sleep(0.3)
                    call.cancel()
                    return before

                # 100 KB each; grpcio's own windows at both ends grow to some MB.
                assert await asyncio.to_thread(stall) < 400
            await lb.idle()


async def test_service_that_leaves_finishes_its_calls_and_the_next_go_elsewhere(
    secure: Secure, authority: Authority
) -> None:
    with GrpcTarget() as leaving, GrpcTarget() as staying:
        async with secure([leaving.port, staying.port], group=GRPC) as lb:
            with channel_to(lb.port, authority.pem.read_bytes()) as channel:
                hang = method(channel, "Hang")
                calls = [hang.future(b"%d" % number, timeout=20) for number in range(4)]
                async with asyncio.timeout(10):
                    while leaving.received + staying.received < 4:
                        await asyncio.sleep(0.01)
                stopped = leaving.leave(10)
                leaving.gate.set()
                staying.gate.set()
                results = await asyncio.to_thread(lambda: [call.result() for call in calls])
                assert results == [b"0", b"1", b"2", b"3"]
                assert await asyncio.to_thread(lambda: stopped.wait(10))
                codes = []
                for _ in range(2):
                    try:
                        await asyncio.to_thread(lambda: method(channel, "Unary")(b"", timeout=10))
                        codes.append("OK")
                    except grpc.RpcError as error:
                        codes.append(error.code().name)
                # Round robin: one goes to the target that is not there (no health check runs here).
                assert sorted(codes) == ["OK", "UNAVAILABLE"]


@pytest.mark.parametrize(
    ("version", "headers", "http_method", "status"),
    [
        pytest.param(ProtocolVersion.GRPC, [], "GET", 464, id="GET to GRPC"),
        pytest.param(ProtocolVersion.GRPC, [], "POST", 200, id="plain POST to GRPC"),
        pytest.param(ProtocolVersion.GRPC, HEADERS, "POST", 200, id="gRPC to GRPC"),
        pytest.param(ProtocolVersion.HTTP2, HEADERS, "POST", 200, id="gRPC to HTTP2"),
        pytest.param(ProtocolVersion.HTTP1, HEADERS, "POST", 464, id="gRPC to HTTP1"),
    ],
)
async def test_which_group_takes_what(
    secure: Secure,
    trust: ssl.SSLContext,
    version: ProtocolVersion,
    headers: list[tuple[str, str]],
    http_method: str,
    status: int,
) -> None:
    async with (
        Http2Target() as target,
        secure([target.port], group={"protocol_version": version}) as lb,
        http2(lb.port, trust) as client,
    ):
        answer = await client.ask("/s/m", method=http_method, headers=headers)
        assert answer.status == status
        record = await lb.record()
        assert (record.reason is Reason.PROTOCOL_MISMATCH) == (status == 464)


async def test_te_reaches_the_service(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        Http2Target() as target,
        secure([target.port], group=GRPC) as lb,
        http2(lb.port, trust) as client,
    ):
        await client.ask("/s/m", method="POST", headers=[*HEADERS, ("grpc-timeout", "5S")], body=b"\0" * 5)
        await client.ask("/s/m", method="POST", body=b"\0" * 5)
        assert (target.value("te", 0), target.value("te", 1)) == (["trailers"], [])
        assert target.value("grpc-timeout", 0) == ["5S"]


def reset(link: Link, stream: int) -> None:
    link.reset(stream, 2)


async def test_error_of_the_load_balancer_is_one_of_grpc(
    secure: Secure, trust: ssl.SSLContext, authority: Authority, direct: bool
) -> None:
    async with (
        Http2Target(reset) as target,
        secure([target.port], group=GRPC, direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        answer = await client.ask(f"/{SERVICE}/Unary", method="POST", headers=HEADERS, body=b"\0" * 5)
        assert (answer.status, bytes(answer.body), answer.trailers) == (200, b"", [])
        assert answer.value("content-type") == "application/grpc"
        assert (answer.value("grpc-status"), answer.value("grpc-message")) == ("14", "unavailable")
        record = await lb.record()
        assert (record.status, record.target_status, record.reason) == (502, 0, Reason.TARGET_CLOSED)
        plain = await client.ask("/", method="POST")
        assert plain.status == 502
        with channel_to(lb.port, authority.pem.read_bytes()) as channel:

            def call() -> grpc.RpcError:
                with pytest.raises(grpc.RpcError) as caught:
                    method(channel, "Unary")(b"", timeout=10)
                return caught.value

            error = await asyncio.to_thread(call)
        assert (error.code(), error.details()) == (grpc.StatusCode.UNAVAILABLE, "unavailable")  # type: ignore[attr-defined]


async def test_group_without_targets_is_unavailable(secure: Secure, trust: ssl.SSLContext) -> None:
    async with secure([], group=GRPC) as lb, http2(lb.port, trust) as client:
        answer = await client.ask("/s/m", method="POST", headers=HEADERS)
        assert (answer.status, answer.value("grpc-status")) == (200, "14")
        assert (await lb.record()).status == 503


async def test_authenticated_calls_carry_the_identity_that_was_found(
    secure: Secure, authority: Authority
) -> None:
    """What the client sends while it is still to be decided waits; and forged identity never passes."""

    async def run() -> Answer | Proceed:
        await asyncio.sleep(0.01)
        return outcome

    outcome: Answer | Proceed = PASSED
    with GrpcTarget() as target:
        async with secure([target.port], group=GRPC, authentication=Guard(run), **GUARDED) as lb:
            with channel_to(lb.port, authority.pem.read_bytes()) as channel:
                forged = (("x-amzn-oidc-identity", "eve"),)
                collect = method(channel, "Collect", "stream_unary")
                messages = (bytes(1000) for _ in range(100))
                call = collect.future(messages, timeout=20, metadata=forged)
                assert await asyncio.to_thread(call.result) == b"100 100000"
                assert [seen["x-amzn-oidc-identity"] for seen in target.seen] == ["ada"]
                assert dict(call.initial_metadata())["set-cookie"] == "s=1"
                outcome = REFUSED
                refused = method(channel, "Unary").future(b"", timeout=20)
                await asyncio.to_thread(refused.exception)
                assert refused.code() is grpc.StatusCode.UNAUTHENTICATED
            assert len(target.seen) == 1
            assert (await lb.record(2)).status == 401
