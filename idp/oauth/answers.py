"""The answers that the OAuth endpoints share: JSON, redirects, and which of them any origin may read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.oauth.errors import OAuthError

_ANY_ORIGIN = {"access-control-allow-origin": "*"}
_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "3600",
}
Handler = Callable[[Request], Awaitable[Response]]


class CognitoJson(JSONResponse):
    """JSON with the content type that Cognito spells."""

    media_type = "application/json;charset=UTF-8"


def json_error(error: OAuthError, headers: Mapping[str, str] | None = None) -> Response:
    """Answer an OAuth error as JSON."""
    return CognitoJson(error.body(), status_code=error.status, headers=headers)


def found(location: str) -> Response:
    """Redirect with 302 to `location` as it is: quoting it again would change the client's URL."""
    return Response(status_code=302, headers={"location": location})


def see_other(location: str) -> Response:
    """Redirect a finished POST with 303, so that a reload does not post again."""
    return Response(status_code=303, headers={"location": location})


def readable_by_any_origin(handler: Handler) -> Handler:
    """Wrap an endpoint that browser apps call: CORS `*` without credentials, and preflight."""

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={**_ANY_ORIGIN, **_PREFLIGHT})
        return open_to_any_origin(await handler(request))

    return answer


def open_to_any_origin(response: Response) -> Response:
    """Let scripts of any origin read an answer."""
    response.headers.update(_ANY_ORIGIN)
    return response


def bearer_token(request: Request) -> str | None:
    """Return the access token of an Authorization header (RFC 6750 2.1), or None."""
    headers: Any = request.headers.getlist("authorization")
    if len(headers) != 1:
        return None
    scheme, _, token = headers[0].partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
