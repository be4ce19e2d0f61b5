"""A load balancer on a real socket in this process, scripted targets behind it, and a client of raw bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from lb.asgi import LoadBalancer
from lb.door import Door
from lb.observe.record import AccessRecord
from lb.runtime import AuthenticationSource, Runtime
from lb.settings import (
    HealthCheck,
    ListenerSettings,
    LoadBalancerAttributes,
    ProtocolVersion,
    Settings,
    TargetGroupSettings,
    TargetSettings,
)
from lb.tls import ListenerTls
from lb.wire import ListenerProtocol
from rules import parse_ruleset

WAIT = 5.0
"""Seconds after which a test is stuck; nothing waits this long."""
FORWARD: dict[str, Any] = {"Type": "forward", "TargetGroupArn": "app"}
ARN = "arn:aws:elasticloadbalancing:local:000000000000:loadbalancer/app/web/0123456789abcdef"
Script = Callable[["Conversation"], Awaitable[None]]


class Conversation:
    """One side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Write and wait until the other side takes it."""
        self.writer.write(data)
        async with asyncio.timeout(WAIT):
            await self.writer.drain()

    async def until(self, separator: bytes) -> bytes:
        """Read up to and with `separator`."""
        async with asyncio.timeout(WAIT):
            return await self.reader.readuntil(separator)

    async def head(self) -> bytes:
        """Read a message's head, with its blank line."""
        return await self.until(b"\r\n\r\n")

    async def exactly(self, size: int) -> bytes:
        """Read `size` bytes."""
        async with asyncio.timeout(WAIT):
            return await self.reader.readexactly(size)

    async def rest(self) -> bytes:
        """Read to the end of the connection; raises ConnectionError when it was reset."""
        async with asyncio.timeout(WAIT):
            return await self.reader.read()

    async def response(self, *, bodiless: bool = False) -> Response:
        """Read a response with a length, or in chunks."""
        head = await self.head()
        lines = head.decode("latin-1").split("\r\n")
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:-2])]
        response = Response(int(lines[0].split(" ")[1]), lines[0], headers)
        if bodiless or response.status < 200 or response.status in (204, 304):
            return response
        if response.value("transfer-encoding") == "chunked":
            return replace(response, body=await self.chunks())
        return replace(response, body=await self.exactly(int(response.value("content-length"))))

    async def chunks(self) -> bytes:
        """Read a chunked body without trailers."""
        pieces = []
        while size := int(await self.until(b"\r\n"), 16):
            pieces.append((await self.exactly(size + 2))[:-2])
        assert await self.exactly(2) == b"\r\n"
        return b"".join(pieces)

    async def closed(self) -> bool:
        """Wait for the other side to end the connection, cleanly or not."""
        try:
            return await self.rest() == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        """End this side."""
        self.writer.close()

    def reset(self) -> None:
        """End this side without a clean end."""
        self.writer.transport.abort()


@dataclass(frozen=True, slots=True)
class Response:
    """One response as the client saw it."""

    status: int
    line: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def value(self, name: str) -> str:
        """First value of a header whatever its case; empty for none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


class ScriptedTarget:
    """A target that runs a script per connection; heads of requests may be kept in `seen`."""

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self.connections = 0
        self.seen: list[bytes] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, limit=256 * 1024, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        faults = [
            each
            for each in results
            if isinstance(each, Exception)
            and not isinstance(each, ConnectionError | asyncio.IncompleteReadError)
        ]
        assert not faults, faults

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._script(Conversation(reader, writer))
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.close()


def answering(*responses: bytes, keep: list[bytes] | None = None) -> Script:
    """Return a script that reads a bodiless request and sends the next of `responses`, the last one for
    ever."""

    async def script(conversation: Conversation) -> None:
        remaining = list(responses)
        while True:
            head = await conversation.head()
            if keep is not None:
                keep.append(head)
            await conversation.send(remaining.pop(0) if len(remaining) > 1 else remaining[0])

    return script


def ok(body: bytes = b"ok", *, extra: bytes = b"") -> bytes:
    """Return a 200 with a length."""
    return b"HTTP/1.1 200 OK\r\nDate: Wed, 25 Nov 2026 10:00:00 GMT\r\n%bContent-Length: %d\r\n\r\n%b" % (
        extra,
        len(body),
        body,
    )


@dataclass(slots=True)
class Plane:
    """A running load balancer."""

    runtime: Runtime
    port: int
    records: list[AccessRecord]
    door: Door
    opened: list[Conversation] = field(default_factory=list)

    async def connect(self, data: bytes = b"") -> Conversation:
        """Open a client connection and send `data`."""
        conversation = Conversation(*await asyncio.open_connection("127.0.0.1", self.port, limit=256 * 1024))
        self.opened.append(conversation)
        if data:
            await conversation.send(data)
        return conversation

    async def ask(self, data: bytes, *, bodiless: bool = False) -> Response:
        """Send one request on a connection of its own and read its response."""
        conversation = await self.connect(data)
        response = await conversation.response(bodiless=bodiless)
        conversation.close()
        return response

    async def record(self, count: int = 1) -> AccessRecord:
        """Wait until `count` requests are finished; return the last one's record."""
        async with asyncio.timeout(WAIT):
            while len(self.records) < count:
                await asyncio.sleep(0.005)
        return self.records[count - 1]

    async def idle(self) -> None:
        """Wait until nothing is being served, and assert that every request was counted out again."""
        async with asyncio.timeout(WAIT):
            while self.runtime.exchanges:
                await asyncio.sleep(0.005)
        assert sum(counts.in_flight for counts in self.runtime.registry.counts()) == 0


def build_settings(
    ports: Sequence[int],
    *,
    port: int,
    actions: Sequence[Mapping[str, Any]] = (FORWARD,),
    rules: Sequence[Mapping[str, Any]] = (),
    attributes: LoadBalancerAttributes | None = None,
    listener: Mapping[str, Any] | None = None,
    protocol: str = "HTTP",
    deregistration_delay: int = 300,
    group: Mapping[str, Any] | None = None,
) -> Settings:
    """Return settings of one listener (HTTPS when it has certificates) and the group `app` on `ports`."""
    ruleset = parse_ruleset({"DefaultActions": list(actions), "Rules": list(rules)})
    grpc = (group or {}).get("protocol_version") is ProtocolVersion.GRPC
    members: dict[str, Any] = {
        "protocol": protocol,
        "targets": tuple(TargetSettings("127.0.0.1", each) for each in ports),
        # Scripted targets answer no probes: the group fails open, which is what the tests want.
        "health_check": HealthCheck(interval_seconds=3600, matcher="12" if grpc else "200"),
        "deregistration_delay_seconds": deregistration_delay,
        **(group or {}),
    }
    app = TargetGroupSettings("app", "arn:target-group/app", **members)
    return Settings(
        name="web",
        arn=ARN,
        region="local",
        listeners=(
            ListenerSettings(
                "listener",
                "HTTPS" if listener and listener.get("certificates") else "HTTP",
                port,
                "127.0.0.1",
                ruleset,
                **(listener or {}),
            ),
        ),
        target_groups={"app": app},
        attributes=attributes or LoadBalancerAttributes(),
    )


@contextlib.asynccontextmanager
async def serving(
    ports: Sequence[int],
    *,
    direct: bool = True,
    app: Callable[[LoadBalancer], Any] = lambda load_balancer: load_balancer,
    http: type[asyncio.Protocol] = ListenerProtocol,
    authentication: AuthenticationSource | None = None,
    **options: Any,
) -> AsyncIterator[Plane]:
    """Run a load balancer for targets on `ports`; `options` as of `build_settings`.

    `app` may wrap the load balancer, `http` be another protocol class, `authentication` a scripted one.
    """
    bound = socket.create_server(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    runtime = Runtime(build_settings(ports, port=port, **options), authentication=authentication)
    records: list[AccessRecord] = []
    write = runtime.record

    def keep(record: AccessRecord) -> None:
        records.append(record)
        write(record)

    runtime.record = keep  # type: ignore[method-assign]
    runtime.start_sweeping()
    load_balancer = LoadBalancer(runtime, "listener", direct=direct)
    listener = runtime.snapshot.settings.listeners[0]
    tls = ListenerTls(listener) if listener.certificates else None
    door = Door(app(load_balancer), bound, http=http, tls=tls, date_header=False)
    await door.start()
    plane = Plane(runtime, port, records, door)
    try:
        yield plane
    finally:
        for conversation in plane.opened:
            conversation.reset()
        await door.stop(deadline=asyncio.get_running_loop().time() + 1, cut=asyncio.Event())
        await runtime.aclose()
