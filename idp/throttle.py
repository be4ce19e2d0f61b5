"""Counts every request by the client's address before anything else looks at it, and refuses with 429.

Also the one place where the client's address is found out: whatever counts or logs reads it from the scope.
The refusal costs nothing to make; what it looks like depends on who asks (a page, JSON, the API).
"""

from __future__ import annotations

import math

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from idp.api.door import refuse_flood
from idp.oauth.answers import json_error, open_to_any_origin
from idp.oauth.errors import TOO_MANY_REQUESTS
from idp.pages.errors import error_page, is_machine_path
from idp.protection.addresses import find_client_address
from idp.protection.limiter import Limiter
from idp.protection.settings import Limit
from idp.site import ADDRESS


class Throttle:
    """Lets requests in as fast as an address may send them."""

    def __init__(self, app: ASGIApp, limiter: Limiter) -> None:
        self._app = app
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        scope[ADDRESS] = address = find_client_address(
            request.client.host if request.client else "",
            request.headers.getlist("x-forwarded-for"),
            trusted=self._limiter.settings.trusted_proxies,
        )
        wait = self._limiter.take(Limit.REQUESTS, address)
        if not wait:
            await self._app(scope, receive, send)
            return
        if "x-amz-target" in request.headers:
            response = refuse_flood(request)
        elif is_machine_path(request):
            response = open_to_any_origin(json_error(TOO_MANY_REQUESTS))
        else:
            response = error_page(request, "too_many", status=429)
        response.headers["retry-after"] = str(math.ceil(wait))
        await response(scope, receive, send)
