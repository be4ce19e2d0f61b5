"""Whole talks with a provider that misbehaves."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from lb.authn.flow import Attempt
from lb.authn.idp_client import Refused
from lb.authn.jwks import RETRY_SECONDS
from lb.authn.session import Session
from lb.reasons import Reason
from tests.support.login_browser import location
from tests.support.oidc_provider import OidcProvider


async def outcome(world) -> Reason | None:
    """Log in; gives the reason of the refusal, or None for a session."""
    browser = world.browser()
    answer = await browser.log_in()
    assert (answer.status == 302) is (answer.reason is None)
    return answer.reason


def change_claims(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {name: value for name, value in (claims | changes).items() if value is not None}


ID_TOKENS: dict[str, Callable[[OidcProvider], None]] = {
    "wrong issuer": lambda p: setattr(p.behaviour, "id_token", change_claims(iss="https://evil")),
    "wrong audience": lambda p: setattr(p.behaviour, "id_token", change_claims(aud="other")),
    "wrong nonce": lambda p: setattr(p.behaviour, "id_token", change_claims(nonce="other")),
    "no nonce": lambda p: setattr(p.behaviour, "id_token", change_claims(nonce=None)),
    "expired": lambda p: setattr(p.behaviour, "id_token", change_claims(exp=1000)),
    "alg none": lambda p: setattr(p.behaviour, "algorithm", "none"),
    "hs256 with the public key": lambda p: setattr(p.behaviour, "algorithm", "HS256"),
    "cut": lambda p: setattr(p.behaviour, "id_token_text", lambda text: text[:-2]),
    "unknown key": lambda p: setattr(
        p.behaviour, "id_token_text", lambda text: "e30." + text.split(".", 1)[1]
    ),
}


@pytest.mark.parametrize("misbehave", ID_TOKENS.values(), ids=ID_TOKENS.keys())
async def test_bad_id_tokens_are_refused(world, misbehave: Callable[[OidcProvider], None]) -> None:
    misbehave(world.provider)
    assert await outcome(world) is Reason.AUTH_INVALID_ID_TOKEN
    assert world.provider.count("/userinfo") == 0


async def test_the_control_logs_in(world) -> None:
    assert await outcome(world) is None


async def test_a_scope_without_id_token_is_refused(world) -> None:
    world.provider.behaviour.token_answer = lambda answer: answer | {"id_token": None}
    assert await outcome(world) is Reason.AUTH_INVALID_TOKEN_RESPONSE


async def test_userinfo_of_another_user_is_refused(world) -> None:
    world.provider.behaviour.userinfo_answer = lambda claims: claims | {"sub": "user-2"}
    assert await outcome(world) is Reason.AUTH_INVALID_USERINFO


async def test_claims_beyond_eleven_kilobytes_are_refused(world) -> None:
    world.provider.behaviour.claims = {"x": "y" * 11 * 1024}
    assert await outcome(world) is Reason.AUTH_CLAIMS_TOO_LARGE


async def test_claims_just_below_it_log_in(world) -> None:
    world.provider.behaviour.claims = {"x": "y" * (11 * 1024 - 100)}
    assert await outcome(world) is None


async def test_a_provider_without_keys_is_unavailable(world) -> None:
    world.provider.behaviour.answers["/jwks"] = PlainTextResponse("", 503)
    assert await outcome(world) is Reason.AUTH_PROVIDER_UNAVAILABLE


async def test_a_rotated_key_is_fetched(world) -> None:
    assert await outcome(world) is None
    world.provider.kid = "key-2"
    world.clock.ahead += RETRY_SECONDS
    assert await outcome(world) is None
    assert world.provider.count("/jwks") == 2


async def test_unknown_keys_do_not_flood_the_provider(world) -> None:
    assert await outcome(world) is None
    world.provider.kid = "key-2"
    for _ in range(3):
        assert await outcome(world) is Reason.AUTH_INVALID_ID_TOKEN
    assert world.provider.count("/jwks") == 1


async def session_of(world) -> Session:
    """A session straight from the provider, by its refresh token."""
    world.provider.refresh_tokens.add("r0")
    return Session("id", {"sub": "user-1", "email": "old@example.com"}, "access-0", "r0", 10**10, 1)


async def refreshed(world, session: Session) -> Session | Refused:
    conversation = await world.handler().conversation()
    assert conversation is not None
    return await conversation.refresh(session)


async def test_a_refresh_brings_new_tokens_and_claims(world) -> None:
    found = await refreshed(world, await session_of(world))
    assert isinstance(found, Session)
    assert found.claims["email"] == "a@example.com"
    assert found.access_token.startswith("access-")
    assert found.refresh_token not in (None, "r0")
    assert (found.id, found.generation, found.expires_at) == ("id", 1, 10**10)


async def test_a_refresh_cannot_change_the_user(world) -> None:
    world.provider.behaviour.subject = "user-2"
    found = await refreshed(world, await session_of(world))
    assert found == Refused(Reason.AUTH_INVALID_ID_TOKEN, final=True)
    world.provider.behaviour.token_answer = lambda answer: answer | {"id_token": None}
    found = await refreshed(world, await session_of(world))
    assert found == Refused(Reason.AUTH_INVALID_USERINFO, final=True)


async def test_when_userinfo_is_down_the_new_tokens_are_kept_with_the_old_claims(world) -> None:
    world.provider.behaviour.answers["/userinfo"] = PlainTextResponse("", 503)
    found = await refreshed(world, await session_of(world))
    assert isinstance(found, Session)
    assert found.claims["email"] == "old@example.com"
    assert found.refresh_token != "r0"


async def test_a_user_without_userinfo_any_more_is_out(world) -> None:
    world.provider.behaviour.answers["/userinfo"] = JSONResponse({"error": "invalid_token"}, 401)
    found = await refreshed(world, await session_of(world))
    assert found == Refused(Reason.AUTH_USERINFO_ENDPOINT_FAILED, final=True)


async def test_a_spent_refresh_token_is_final(world) -> None:
    session = await session_of(world)
    await refreshed(world, session)
    assert await refreshed(world, session) == Refused(Reason.AUTH_INVALID_GRANT, final=True)


async def test_a_code_works_once(world) -> None:
    browser = world.browser()
    url = await browser.callback_url()
    code = url.partition("code=")[2].partition("&")[0]
    assert location(await browser.get(url)) == "https://app.example/start?x=1"
    conversation = await world.handler().conversation()
    attempt = Attempt("a", "s", "n", "v", "/")
    found = await conversation.log_in(
        code, attempt, redirect_uri="https://app.example/oauth2/idpresponse", lifetime=60
    )
    assert found == Refused(Reason.AUTH_INVALID_GRANT, final=True)
