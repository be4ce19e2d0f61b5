"""Headers of every answer: the request id, no caching, no framing, no sniffing (cognito.md 1.0).

A plain ASGI wrapper around the whole app, so that error answers have them too.
"""

from __future__ import annotations

import uuid

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "x-amz-cognito-request-id"
# `same-origin` and not `no-referrer`: with the latter browsers send `Origin: null` with our own forms, and
# the check of the Origin header would have to let `null` pass.
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-xss-protection": "1; mode=block",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}
_NO_STORE = {
    "cache-control": "no-cache, no-store, max-age=0, must-revalidate",
    "pragma": "no-cache",
    "expires": "0",
}
_POLICY = "default-src 'none'; frame-ancestors 'none'"
# Without includeSubDomains, which Cognito sends: a pool may live on a domain whose subdomains are none of
# its business.
_HSTS = "max-age=31536000"


class SecureHeaders:
    """Adds what an answer does not say itself."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._fixed = _ALWAYS | ({"strict-transport-security": _HSTS} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request with the headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["idp.request_id"] = request_id = str(uuid.uuid4())

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), request_id)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, request_id: str) -> None:
        headers[REQUEST_ID] = request_id
        for name, value in self._fixed.items():
            headers.setdefault(name, value)
        headers.setdefault("content-security-policy", _POLICY)
        if "cache-control" not in headers:
            headers.update(_NO_STORE)
