"""The back channel: bounded, without cookies, redirects or proxies."""

import asyncio
import gc
import json
import ssl

import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from lb.authn.sender import Call, HttpxSender, Reply, SendFailure
from tests.support.oidc_provider import serve


async def echo(request: Request) -> Response:
    response = JSONResponse({"headers": dict(request.headers), "body": (await request.body()).decode()})
    response.set_cookie("tracking", "1")
    return response


async def large(request: Request) -> Response:
    async def chunks():
        for _ in range(2000):
            yield b"x" * 1000
            await asyncio.sleep(0)

    return StreamingResponse(chunks())


async def drip(request: Request) -> Response:
    async def chunks():
        for _ in range(40):
            yield b"x"
            await asyncio.sleep(0.05)

    return StreamingResponse(chunks())


async def packed(request: Request) -> Response:
    return Response(b"\x1f\x8b", headers={"content-encoding": "gzip"})


async def moved(request: Request) -> Response:
    return RedirectResponse("/echo")


APP = Starlette(
    routes=[
        Route(f"/{answer.__name__}", answer, methods=["GET", "POST"])
        for answer in (echo, large, drip, packed, moved)
    ]
)


@pytest.fixture
async def sender():
    sender = HttpxSender()
    yield sender
    await sender.aclose()


@pytest.fixture
async def base():
    async with serve(APP) as base:
        yield base


async def test_only_our_headers_are_sent(sender, base, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    reply = await sender.send(Call("POST", f"{base}/echo", ((b"X-Own", b"1"),), b"a=b"))
    assert isinstance(reply, Reply)
    sent = json.loads(reply.body)
    assert sent["body"] == "a=b"
    assert sent["headers"] == {
        "host": base.removeprefix("http://"),
        "user-agent": "albacore",
        "accept": "application/json",
        "accept-encoding": "identity",
        "x-own": "1",
        "content-length": "3",
    }


async def test_cookies_of_one_answer_are_not_sent_with_the_next_call(sender, base) -> None:
    replies = [await sender.send(Call("GET", f"{base}/echo")) for _ in range(2)]
    assert all(isinstance(reply, Reply) and b"tracking" not in reply.body for reply in replies)


async def test_redirects_are_not_followed(sender, base) -> None:
    reply = await sender.send(Call("GET", f"{base}/moved"))
    assert isinstance(reply, Reply)
    assert reply.status == 307


async def test_a_large_answer_is_cut_at_the_limit(sender, base) -> None:
    assert await sender.send(Call("GET", f"{base}/large", max_bytes=10_000)) is SendFailure.TOO_LARGE


async def test_the_budget_covers_the_whole_answer(sender, base) -> None:
    """A server that drips a byte within every read timeout must not hold a login for ever."""
    assert await sender.send(Call("GET", f"{base}/drip", budget=0.3)) is SendFailure.TIMEOUT


async def test_a_packed_answer_is_not_inflated(sender, base) -> None:
    assert await sender.send(Call("GET", f"{base}/packed")) is SendFailure.UNREADABLE


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://does-not-exist.invalid/", "ftp://x/", "http://[/"]
)
async def test_what_cannot_be_reached_is_a_value(sender, url: str) -> None:
    assert await sender.send(Call("GET", url)) is SendFailure.UNREACHABLE


async def test_tls_without_a_trusted_certificate_is_refused(sender, tmp_path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await sender.send(Call("GET", f"https://127.0.0.1:{port}/")) is SendFailure.UNREACHABLE


async def test_a_provider_that_stalls_in_the_handshake_costs_no_socket(sender) -> None:
    """A call that is cancelled closes its connection: the provider reads its end."""
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.set()
        while await reader.read(1024):
            pass
        writer.close()
        gone.set()

    begun = asyncio.Event()
    gc.disable()  # which would close a forgotten socket, some time
    try:
        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            call = asyncio.create_task(sender.send(Call("GET", f"https://127.0.0.1:{port}/", budget=30)))
            await begun.wait()
            await asyncio.sleep(0.1)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await asyncio.wait_for(gone.wait(), 5)
    finally:
        gc.enable()


async def test_an_application_in_this_process_is_called_directly(sender) -> None:
    reply = await sender.send(Call("POST", "http://pool.internal/echo", (), b"x", app=APP))
    assert isinstance(reply, Reply)
    assert b'"body":"x"' in reply.body


async def test_a_crash_of_that_application_is_a_failed_answer(sender) -> None:
    async def crash(scope, receive, send) -> None:
        raise RuntimeError("bug")

    reply = await sender.send(Call("GET", "http://pool.internal/", app=crash))
    assert isinstance(reply, Reply)
    assert reply.status == 500


def test_reprs_hold_no_credentials() -> None:
    call = Call("POST", "https://idp/t", ((b"Authorization", b"Bearer secret"),), b"client_secret=secret")
    assert "secret" not in repr(call)
    assert "secret" not in repr(Reply(200, "", b"secret"))
