"""The administration port: health, readiness, metrics, targets, the running configuration. Read-only, no
HTML.

It listens on loopback by default, and still trusts no browser: a page on the internet can make a browser send
requests here (cross-origin), or point a name of its own at 127.0.0.1 (DNS rebinding). Hence the checks of
`_Guard`, before anything is answered.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import urlsplit

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lb.observe.metrics import Metrics
from lb.outcomes import Answer
from lb.redacted import to_json
from lb.settings import Settings
from lb.targets.registry import TargetRegistry


class CurrentSettings(Protocol):
    """The part of a snapshot that is shown."""

    @property
    def settings(self) -> Settings:
        """The settings it was compiled from."""
        ...


class RuntimeView(Protocol):
    """What this port needs to see of the runtime."""

    @property
    def ready(self) -> bool:
        """Started, and not draining."""
        ...

    @property
    def registry(self) -> TargetRegistry:
        """The live targets."""
        ...

    @property
    def metrics(self) -> Metrics:
        """What is counted."""
        ...

    @property
    def snapshot(self) -> CurrentSettings:
        """What is running now."""
        ...


class AdminView(Protocol):
    """What is shown, by whoever has it: this process, or the supervisor of several."""

    @property
    def settings(self) -> Settings:
        """What is running now."""
        ...

    async def ready(self) -> bool:
        """Started, and not draining."""
        ...

    async def metrics(self) -> bytes:
        """Everything counted, in Prometheus' text format."""
        ...

    async def targets(self) -> list[dict[str, Any]]:
        """The groups in the shape of DescribeTargetHealth."""
        ...

    async def workers(self) -> list[dict[str, Any]]:
        """The processes."""
        ...


class OwnView:
    """The view of one process that does everything itself."""

    def __init__(self, runtime: RuntimeView) -> None:
        self._runtime = runtime

    @property
    def settings(self) -> Settings:
        """What is running now."""
        return self._runtime.snapshot.settings

    async def ready(self) -> bool:
        """Started, and not draining."""
        return self._runtime.ready

    async def metrics(self) -> bytes:
        """Everything counted."""
        return self._runtime.metrics.exposition()

    async def targets(self) -> list[dict[str, Any]]:
        """The groups."""
        return self._runtime.registry.describe()

    async def workers(self) -> list[dict[str, Any]]:
        """This process."""
        return [
            {
                "Name": "albacore",
                "Pid": os.getpid(),
                "State": "serving" if self._runtime.ready else "draining",
            }
        ]


ServeKey = Callable[[str], Answer | None]

INDEX = """\
/health   200 while the process serves
/ready    200 when started, 503 while starting or draining
/metrics  Prometheus metrics
/targets  health of every target
/workers  the processes that serve
/config   the running configuration, without secrets
"""


def build_admin_app(
    runtime: RuntimeView, *, serve_key: ServeKey | None = None, allowed_hosts: Collection[str] = ()
) -> Starlette:
    """Build the administration application of a process that does everything itself; see `build_app`."""
    return build_app(OwnView(runtime), serve_key=serve_key, allowed_hosts=allowed_hosts)


def build_app(
    view: AdminView, *, serve_key: ServeKey | None = None, allowed_hosts: Collection[str] = ()
) -> Starlette:
    """Build the administration application.

    Args:
        view: what is shown.
        serve_key: answers the paths of public keys, which are served here too.
        allowed_hosts: names, beside loopback and the address connected to, under which the port may be asked.
    """
    pages = _Pages(view, serve_key)
    routes = [
        Route("/", pages.index),
        Route("/health", pages.health),
        Route("/ready", pages.ready),
        Route("/metrics", pages.metrics),
        Route("/targets", pages.targets),
        Route("/workers", pages.workers),
        Route("/config", pages.config),
        Route("/.well-known/albacore/{rest:path}", pages.key),
    ]
    return Starlette(routes=routes, middleware=[Middleware(_Guard, allowed=frozenset(allowed_hosts))])


class _Pages:
    """The answers, one method each."""

    def __init__(self, view: AdminView, serve_key: ServeKey | None) -> None:
        self._view = view
        self._serve_key = serve_key

    async def index(self, _: Request) -> Response:
        return PlainTextResponse(INDEX)

    async def health(self, _: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(self, _: Request) -> Response:
        if await self._view.ready():
            return PlainTextResponse("ready\n")
        return PlainTextResponse("starting or draining\n", status_code=503)

    async def metrics(self, _: Request) -> Response:
        return Response(await self._view.metrics(), media_type=CONTENT_TYPE_LATEST)

    async def targets(self, _: Request) -> Response:
        return _json({"TargetGroups": await self._view.targets()})

    async def workers(self, _: Request) -> Response:
        return _json({"Workers": await self._view.workers()})

    async def config(self, _: Request) -> Response:
        return _json(to_json(self._view.settings))

    async def key(self, request: Request) -> Response:
        answer = self._serve_key(request.url.path) if self._serve_key else None
        if answer is None:
            return PlainTextResponse("Not Found\n", status_code=404)
        response = Response(answer.body, status_code=answer.status)
        for name, value in answer.headers:
            response.headers[name.decode("latin-1")] = value.decode("latin-1")
        return response


def _json(content: object) -> Response:
    return Response(json.dumps(content, indent=2) + "\n", media_type="application/json")


class _Guard:
    """Lets through what an operator or a scraper sends, and nothing that a foreign web page can cause."""

    def __init__(self, app: ASGIApp, allowed: frozenset[str]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = self._refusal(scope)
        app = self._app if refusal is None else refusal
        await app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Method Not Allowed\n", 405, headers={"Allow": "GET, HEAD"})
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_known(_hostname(hosts[0]), scope):
            return PlainTextResponse("Forbidden: this port does not answer to that Host\n", 403)
        if _is_foreign(headers, hosts[0]):
            return PlainTextResponse("Forbidden: cross-origin request\n", 403)
        return None

    def _is_known(self, host: str, scope: Scope) -> bool:
        # A rebound name is never an IP address, so the very address connected to is as safe as loopback.
        local = (scope.get("server") or ("",))[0]
        return (
            host == "localhost" or host in self._allowed or _is_loopback(host) or bool(host and host == local)
        )


def _hostname(authority: str) -> str:
    """Return the host of a Host header, lower case and without brackets; empty when malformed."""
    try:
        parts = urlsplit(f"//{authority}")
        plain = parts.netloc == authority and parts.username is None and parts.path == ""
        return (parts.hostname or "") if plain else ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_foreign(headers: Headers, host: str) -> bool:
    """Tell whether a browser sends this on behalf of another origin's page.

    A person who follows a link (a top-level navigation) is let through: the page that held it cannot read the
    answer.
    """
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        return True
    if headers.get("sec-fetch-site") not in ("cross-site", "same-site"):
        return False
    return not (headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document")


_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
