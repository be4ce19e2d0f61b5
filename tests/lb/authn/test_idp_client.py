"""Calls to the provider, and the reason for every way to fail."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from lb.authn.idp_client import IdpClient, Refused, oauth_error
from lb.authn.sender import Call, HttpxSender, Reply
from lb.authn.tokens import Tokens
from lb.reasons import Reason
from lb.settings import IdentityProvider
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET


class Hurried(HttpxSender):
    """The real sender with a fraction of the five seconds."""

    async def send(self, call: Call) -> Any:
        assert call.budget == 5.0
        return await super().send(replace(call, budget=0.2))


@pytest.fixture
async def client(world):
    base = world.provider.base
    provider = IdentityProvider(
        base,
        f"{base}/authorize",
        f"{base}/token",
        f"{base}/userinfo",
        f"{base}/jwks",
        CLIENT_ID,
        CLIENT_SECRET,
    )
    sender = Hurried()
    yield IdpClient(provider, sender)
    await sender.aclose()


async def redeem(client: IdpClient) -> Tokens | Refused:
    return await client.redeem("code-1", redirect_uri="https://a/oauth2/idpresponse", verifier="v" * 43)


async def test_the_code_call_has_albs_form_and_the_verifier(world, client) -> None:
    await redeem(client)
    assert world.provider.calls == [
        (
            "/token",
            {
                "grant_type": "authorization_code",
                "code": "code-1",
                "redirect_uri": "https://a/oauth2/idpresponse",
                "code_verifier": "v" * 43,
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
            },
        )
    ]


async def test_a_refresh_gives_new_tokens(world, client) -> None:
    world.provider.refresh_tokens.add("r")
    tokens = await client.refresh("r")
    assert isinstance(tokens, Tokens)
    assert tokens.refresh_token is not None


FAILED = Reason.AUTH_TOKEN_ENDPOINT_FAILED
TOKEN_FAILURES: dict[str, tuple[Response, Reason, bool]] = {
    "invalid grant": (JSONResponse({"error": "invalid_grant"}, 400), Reason.AUTH_INVALID_GRANT, True),
    "invalid client": (
        JSONResponse({"error": "invalid_client"}, 401),
        Reason.AUTH_TOKEN_ENDPOINT_FAILED,
        False,
    ),
    "invalid request": (
        JSONResponse({"error": "invalid_request"}, 400),
        Reason.AUTH_TOKEN_ENDPOINT_FAILED,
        False,
    ),
    "server error": (PlainTextResponse("oops", 500), Reason.AUTH_TOKEN_ENDPOINT_FAILED, False),
    "a server error that says invalid grant": (
        JSONResponse({"error": "invalid_grant"}, 503),
        Reason.AUTH_TOKEN_ENDPOINT_FAILED,
        False,
    ),
    "too many requests": (PlainTextResponse("", 429), Reason.AUTH_TOKEN_ENDPOINT_FAILED, False),
    "redirect": (Response("", 302, {"location": "/token"}), Reason.AUTH_TOKEN_ENDPOINT_FAILED, False),
    "html": (PlainTextResponse("<html>", 200), Reason.AUTH_INVALID_TOKEN_RESPONSE, False),
    "huge": (PlainTextResponse("x" * 500_000, 200), Reason.AUTH_INVALID_TOKEN_RESPONSE, False),
    "no access token": (JSONResponse({"token_type": "Bearer"}), Reason.AUTH_INVALID_TOKEN_RESPONSE, False),
}


@pytest.mark.parametrize(("answer", "reason", "final"), TOKEN_FAILURES.values(), ids=TOKEN_FAILURES.keys())
async def test_token_failures(world, client, answer: Response, reason: Reason, final: bool) -> None:
    world.provider.behaviour.answers["/token"] = answer
    assert await redeem(client) == Refused(reason, final)


USERINFO_FAILURES: dict[str, tuple[Response, Reason, bool]] = {
    "refused": (JSONResponse({}, 401), Reason.AUTH_USERINFO_ENDPOINT_FAILED, True),
    "server error": (PlainTextResponse("", 500), Reason.AUTH_USERINFO_ENDPOINT_FAILED, False),
    "other subject": (JSONResponse({"sub": "user-2"}), Reason.AUTH_INVALID_USERINFO, True),
    "signed": (
        Response('{"sub":"user-1"}', media_type="application/jwt"),
        Reason.AUTH_INVALID_USERINFO,
        True,
    ),
    "huge": (PlainTextResponse("x" * 500_000), Reason.AUTH_CLAIMS_TOO_LARGE, False),
}


@pytest.mark.parametrize(
    ("answer", "reason", "final"), USERINFO_FAILURES.values(), ids=USERINFO_FAILURES.keys()
)
async def test_userinfo_failures(world, client, answer: Response, reason: Reason, final: bool) -> None:
    world.provider.behaviour.answers["/userinfo"] = answer
    assert await client.user_info("access-1", subject="user-1") == Refused(reason, final)


async def test_slow_endpoints_time_out(world, client) -> None:
    hold = asyncio.Event()
    world.provider.behaviour.holds = {"/token": hold, "/userinfo": hold}
    assert await redeem(client) == Refused(Reason.AUTH_TOKEN_ENDPOINT_TIMEOUT)
    assert await client.user_info("a", subject="u") == Refused(Reason.AUTH_USERINFO_ENDPOINT_TIMEOUT)
    hold.set()


async def test_logs_tell_the_endpoint_and_the_error_word_only(world, client, caplog) -> None:
    caplog.set_level(logging.DEBUG, logger="lb")
    world.provider.behaviour.answers["/token"] = JSONResponse(
        {"error": "invalid_grant", "error_description": "code-1 is spent"}, 400
    )
    await redeem(client)
    assert "/token: invalid_grant" in caplog.text
    assert not any(word in caplog.text for word in ("code-1", CLIENT_SECRET, "vvvv"))


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"error":"invalid_grant"}', "invalid_grant"),
        (b'{"error":"forged\\nlog line"}', ""),
        (b'{"error":["x"]}', ""),
        (b"<html>", ""),
    ],
)
def test_only_plain_error_words_are_taken(body: bytes, word: str) -> None:
    assert oauth_error(Reply(400, "", body)) == word
