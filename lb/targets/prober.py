"""One health-check probe on the wire (alb.md 5.5): a GET on a connection of its own, of which only the head
is read.

Plain streams and not an HTTP client: a client brings cookies, redirects and proxies of the environment, and
httpx leaves the socket open when a TLS handshake runs into its timeout, which a silent target would make it
do at every interval. The response goes through the parser that requests to targets use: what passes here
works there.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import httptools

from lb.grpc import CONTENT_TYPE
from lb.settings import ProtocolVersion
from lb.targets.group import Probe, Target, format_address
from lb.targets.health import Failure, ProbeOutcome
from lb.targets.http2_prober import send_http2_probe
from lb.upstream.connect import Dial, no_application, server_name, unverified_tls

MAX_HEAD = 32 * 1024
"""All response headers, as for requests (alb.md 7.3)."""
_UNVERIFIED = unverified_tls()
_PLAIN = "Accept-Encoding: gzip, compressed"
_GRPC = f"Content-Type: {CONTENT_TYPE.decode()}"
_SAFE = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


async def send_probe(target: Target, probe: Probe, *, dial: Dial = no_application) -> ProbeOutcome:
    """Probe `target` once, an application of this process over `dial`. The caller bounds the time; the
    connection is closed however this ends."""
    if probe.version is not ProtocolVersion.HTTP1:
        return await send_http2_probe(target, probe, build_probe(target, probe))
    try:
        reader, writer = await _open(target, probe, dial)
    except OSError as error:
        return _failure(error)
    try:
        writer.write(build_probe(target, probe))
        return await _read_status(reader)
    except OSError as error:
        return _failure(error)
    finally:
        # Not close(): the target may send for ever, and nobody is going to read it.
        writer.transport.abort()


async def _open(
    target: Target, probe: Probe, dial: Dial
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if target.within:
        return await asyncio.open_connection(sock=dial(target.host))
    return await asyncio.open_connection(
        target.host,
        probe.port or target.port,
        ssl=_UNVERIFIED if probe.tls else None,
        server_hostname=server_name(target.host) if probe.tls else None,
    )


def build_probe(target: Target, probe: Probe) -> bytes:
    """Build the request of a probe; the path as configured, but for bytes that would end the request line."""
    grpc = probe.version is ProtocolVersion.GRPC
    authority = "localhost" if target.within else format_address(target.host, probe.port or target.port)
    return (
        f"{'POST' if grpc else 'GET'} {quote(probe.path, safe=_SAFE)} HTTP/1.1\r\n"
        f"Host: {authority}\r\n"
        "Connection: close\r\n"
        "User-Agent: ELB-HealthChecker/2.0\r\n"
        f"{_GRPC if grpc else _PLAIN}\r\n\r\n"
    ).encode("ascii")


class _Head:
    """Takes the status of the first response that is no interim one."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.status: int | None = None

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if self.status is None and (status >= 200 or status == 101):
            self.status = status


async def _read_status(reader: asyncio.StreamReader) -> ProbeOutcome:
    head = _Head()
    left = MAX_HEAD
    while head.status is None:
        data = await reader.read(left)
        left -= len(data)
        if not data:
            return Failure.NO_ANSWER
        try:
            head.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            break
        except httptools.HttpParserError:
            # Only the head counts: what breaks after it does not make the answer worse.
            break
    return Failure.NO_ANSWER if head.status is None else head.status


def _failure(error: OSError) -> Failure:
    return Failure.TIMED_OUT if isinstance(error, TimeoutError) else Failure.NO_ANSWER
