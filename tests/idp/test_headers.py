"""What every answer says, and what an answer may say otherwise."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from idp.headers import REQUEST_ID, SecureHeaders


async def get(response: Response, *, secure: bool = False) -> httpx.Headers:
    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        assert Request(scope).scope["idp.request_id"]  # type: ignore[arg-type]
        await response(scope, receive, send)  # type: ignore[arg-type]

    transport = httpx.ASGITransport(SecureHeaders(app, secure=secure))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        return (await http.get("/")).headers


async def test_answer_of_no_opinion_is_locked_down() -> None:
    headers = await get(Response())
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"] == "no-cache, no-store, max-age=0, must-revalidate"
    assert (headers["pragma"], headers["expires"]) == ("no-cache", "0")
    assert headers["x-xss-protection"] == "1; mode=block"


async def test_answer_keeps_what_it_says_itself() -> None:
    own = {"cache-control": "public, max-age=60", "content-security-policy": "default-src 'self'"}
    headers = await get(Response(headers=own))
    assert headers["cache-control"] == "public, max-age=60"
    assert "pragma" not in headers
    assert headers["content-security-policy"] == "default-src 'self'"


@pytest.mark.parametrize("secure", [True, False])
async def test_https_is_insisted_on_where_it_is_used(secure: bool) -> None:
    assert ("strict-transport-security" in await get(Response(), secure=secure)) is secure


async def test_every_answer_has_an_id_of_its_own() -> None:
    assert (await get(Response()))[REQUEST_ID] != (await get(Response()))[REQUEST_ID]
