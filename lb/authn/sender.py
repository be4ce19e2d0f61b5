"""Back-channel HTTP to identity providers: the one place of `lb.authn` that knows httpx.

A bare transport rather than a client: a client keeps the cookies of all users in one jar, follows redirects
with credentials and reads proxies from the environment. Every call has one time budget and one size limit.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, cast

import certifi
import httpcore
import httpx

from lb.authn.network import ClosingBackend

MAX_CONNECTIONS = 100
KEEP_SECONDS = 5.0
USER_AGENT = b"albacore"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a provider.

    `app` is the provider's ASGI application when it runs in this process, or an httpx transport that knows
    the way to it.
    """

    method: str
    url: str
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    app: object | None = field(default=None, repr=False)
    budget: float = 5.0
    """Seconds for everything: name look-up, connection, TLS, answer (ALB: 5)."""
    max_bytes: int = 256 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """A provider's answer, whole."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


class SendFailure(Enum):
    """Why there is no usable answer."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    TOO_LARGE = "too large"
    UNREADABLE = "unreadable"


class HttpSender(Protocol):
    """What sends a `Call`."""

    async def send(self, call: Call) -> Reply | SendFailure:
        """Send `call` once; failures of the network are values."""
        ...

    async def aclose(self) -> None:
        """Close kept connections."""
        ...


class HttpxSender:
    """`HttpSender` over httpx transports."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        context = tls or default_tls()
        self._transport = httpx.AsyncHTTPTransport(verify=context, trust_env=False)
        # httpx does not let a network backend be chosen; its pool is httpcore's, which does.
        self._transport._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEP_SECONDS,
            network_backend=ClosingBackend(),
        )

    async def send(self, call: Call) -> Reply | SendFailure:
        """Send `call` once, to the network or to an application in this process."""
        try:
            async with asyncio.timeout(call.budget):
                return await self._exchange(call)
        except (TimeoutError, httpx.TimeoutException):
            return SendFailure.TIMEOUT
        except httpx.DecodingError:
            return SendFailure.UNREADABLE
        except (httpx.TransportError, httpx.InvalidURL, OSError):
            return SendFailure.UNREACHABLE

    async def _exchange(self, call: Call) -> Reply | SendFailure:
        response = await self._transport_for(call).handle_async_request(_build_request(call))
        try:
            body = await _read_bounded(cast(AsyncIterable[bytes], response.stream), call.max_bytes)
        finally:
            await response.aclose()
        if body is None:
            return SendFailure.TOO_LARGE
        # We asked for identity: an encoded body is refused rather than inflated without a bound.
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            return SendFailure.UNREADABLE
        return Reply(response.status_code, response.headers.get("content-type", ""), body)

    def _transport_for(self, call: Call) -> httpx.AsyncBaseTransport:
        if call.app is None:
            return self._transport
        if isinstance(call.app, httpx.AsyncBaseTransport):
            return call.app
        return httpx.ASGITransport(cast(Any, call.app), raise_app_exceptions=False)

    async def aclose(self) -> None:
        """Close kept connections."""
        await self._transport.aclose()


def default_tls() -> ssl.SSLContext:
    """Trust the machine's certificate authorities (private ones included) and the public ones of certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _build_request(call: Call) -> httpx.Request:
    headers = [
        (b"User-Agent", USER_AGENT),
        (b"Accept", b"application/json"),
        (b"Accept-Encoding", b"identity"),
        *call.headers,
    ]
    budget = call.budget
    timeouts = {"connect": budget, "read": budget, "write": budget, "pool": budget}
    return httpx.Request(
        call.method, call.url, headers=headers, content=call.body, extensions={"timeout": timeouts}
    )


async def _read_bounded(stream: AsyncIterable[bytes], limit: int) -> bytes | None:
    chunks: list[bytes] = []
    size = 0
    async for chunk in stream:
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
