"""The sample app: what a team's own web app looks like behind albacore.

It has no login code. It verifies the identity header, shows who is there and which target answered, and
signs out as the ALB user guide says: expire the session cookies, then send the browser to the user pool's
logout endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from lb.demo.identity import HEADER, Expected, Refused, Verifier

SESSION_COOKIE = "AWSELBAuthSessionCookie"
SHARDS = 4
_TEMPLATES = Jinja2Templates(directory=Path(__file__).parent / "templates")
_SECURITY = {
    # Signing out is a form whose answer leads to the user pool: another origin.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class SampleSettings:
    """What the app must know of its surroundings."""

    name: str
    """Which target this is, e.g. `blue`."""
    expected: Expected
    pool_url: str
    """Where the user pool's `/logout` is."""
    public_url: str
    """Where browsers find the app: the load balancer."""


class SampleApp:
    """The pages."""

    def __init__(self, settings: SampleSettings) -> None:
        self._settings = settings
        self._verifier = Verifier(settings.expected)

    async def home(self, request: Request) -> Response:
        """Show who is signed in, from the verified token."""
        token = request.headers.get(HEADER)
        if token is None:
            return self._page(request, "refused.html", why="the request has no identity header", status=401)
        claims = await self._verifier.verify(token)
        if isinstance(claims, Refused):
            return self._page(request, "refused.html", why=claims.why, status=401)
        return self._page(request, "home.html", claims=claims, expected=self._settings.expected)

    async def me(self, request: Request) -> Response:
        """Answer the verified claims as JSON."""
        claims = await self._verifier.verify(request.headers.get(HEADER, ""))
        if isinstance(claims, Refused):
            return JSONResponse({"error": claims.why}, status_code=401, headers={"Cache-Control": "no-store"})
        return JSONResponse(dict(claims), headers={"Cache-Control": "no-store"})

    async def public(self, request: Request) -> Response:
        """Show a page that needs no login."""
        return self._page(request, "public.html")

    async def goodbye(self, request: Request) -> Response:
        """Show that the visitor is signed out."""
        return self._page(request, "goodbye.html")

    async def sign_out(self, _: Request) -> Response:
        """Expire the load balancer's session, then end the pool's."""
        query = urlencode(
            {
                "client_id": self._settings.expected.client,
                "logout_uri": f"{self._settings.public_url}/goodbye",
            }
        )
        response = RedirectResponse(f"{self._settings.pool_url}/logout?{query}", status_code=303)
        for shard in range(SHARDS):
            response.delete_cookie(f"{SESSION_COOKIE}-{shard}", path="/", httponly=True)
        return response

    async def health(self, _: Request) -> Response:
        """Answer health checks."""
        return PlainTextResponse("ok")

    def _page(self, request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
        values: Mapping[str, Any] = {"target": self._settings.name, **context}
        headers = {**_SECURITY, "Cache-Control": "no-store"}
        return _TEMPLATES.TemplateResponse(
            request, template, dict(values), status_code=status, headers=headers
        )


def create_sample_app(settings: SampleSettings) -> Starlette:
    """Build the sample app for one target."""
    app = SampleApp(settings)
    return Starlette(
        routes=[
            Route("/", app.home),
            Route("/api/me", app.me),
            Route("/public", app.public),
            Route("/goodbye", app.goodbye),
            Route("/sign-out", app.sign_out, methods=["POST"]),
            Route("/health", app.health),
        ]
    )
