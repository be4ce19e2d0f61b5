"""Probes against real sockets: what is sent, and what each kind of target comes to."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme

from lb.settings import ProtocolVersion
from lb.targets.group import Probe, Target
from lb.targets.health import REGISTERED, Failure, ProbeOutcome
from lb.targets.prober import send_probe
from tests.support.named_tls import named_tls
from tests.support.scripted import OK, answering, scripted, silent


async def probe(
    port: int,
    *,
    host: str = "127.0.0.1",
    tls: bool = False,
    path: str = "/",
    check_port: int | None = None,
) -> ProbeOutcome:
    target = Target((host, port, False, ProtocolVersion.HTTP1), "app", "arn", REGISTERED)
    async with asyncio.timeout(5):
        return await send_probe(target, Probe(tls, check_port, path, 30, 5))


async def test_a_probe_looks_like_albs() -> None:
    seen: list[bytes] = []
    async with scripted(answering(OK, seen=seen)) as port:
        assert await probe(port, path="/a/../up%2F?deep=1") == 200
    assert seen[0].decode().split("\r\n") == [
        "GET /a/../up%2F?deep=1 HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: close",
        "User-Agent: ELB-HealthChecker/2.0",
        "Accept-Encoding: gzip, compressed",
        "",
        "",
    ]


async def test_a_path_cannot_smuggle_a_header() -> None:
    seen: list[bytes] = []
    async with scripted(answering(OK, seen=seen)) as port:
        await probe(port, path="/up HTTP/1.1\r\nX-Evil: 1\r\n\u00fc")
    assert seen[0].startswith(b"GET /up%20HTTP/1.1%0D%0AX-Evil:%201%0D%0A%C3%BC HTTP/1.1\r\nHost: ")


async def test_the_check_port_wins_over_the_traffic_port() -> None:
    async with scripted(answering(OK)) as port:
        assert await probe(1, check_port=port) == 200


async def test_https_targets_may_have_any_certificate() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("elsewhere.example").configure_cert(context)
    async with scripted(answering(OK), tls=context) as port:
        assert await probe(port, tls=True) == 200


@pytest.mark.parametrize(
    ("host", "outcome"), [("localhost", 200), ("127.0.0.1", Failure.NO_ANSWER)], ids=["name", "address"]
)
async def test_probes_send_the_server_name_that_requests_send(host: str, outcome: ProbeOutcome) -> None:
    with named_tls("localhost") as tls:
        async with scripted(answering(OK), tls=tls.context) as port:
            assert await probe(port, host=host, tls=True) == outcome
        assert tls.asked == ["localhost" if host == "localhost" else None]


async def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    seen: list[bytes] = []
    redirect = b"HTTP/1.1 302 Found\r\nLocation: /else\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with scripted(answering(redirect, seen=seen)) as port:
        outcomes = [await probe(port) for _ in range(2)]
    assert outcomes == [302, 302]
    assert len(seen) == 2
    assert not any(b"ookie" in head for head in seen)


async def test_proxy_variables_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with scripted(answering(OK)) as port:
        assert await probe(port) == 200


async def test_an_endless_body_is_not_read() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            await writer.drain()

    async with scripted(flood) as port:
        assert await probe(port) == 200


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="closed without a word"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="closed inside the head"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, id="endless head"),
    ],
)
async def test_no_usable_answer(answer: bytes) -> None:
    async with scripted(answering(answer)) as port:
        assert await probe(port) is Failure.NO_ANSWER


async def test_a_refused_connection_is_no_answer() -> None:
    async with scripted(answering(OK)) as port:
        pass
    assert await probe(port) is Failure.NO_ANSWER


async def test_plain_http_on_a_tls_probe_is_no_answer() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with scripted(refuse) as port:
        assert await probe(port, tls=True) is Failure.NO_ANSWER


async def test_interim_responses_are_passed_over() -> None:
    async with scripted(answering(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK)) as port:
        assert await probe(port) == 200


async def test_what_breaks_after_the_head_does_not_count() -> None:
    broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    async with scripted(answering(broken)) as port:
        assert await probe(port) == 200


@pytest.mark.parametrize("tls", [False, True], ids=["answer", "handshake"])
async def test_a_silent_target_leaves_no_socket_behind(tls: bool) -> None:
    left = asyncio.Event()

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent(reader, writer)
        left.set()

    async with scripted(watch) as port:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await probe(port, tls=tls)
        # The target sees the end of the connection: it was closed, not forgotten.
        await asyncio.wait_for(left.wait(), 5)
