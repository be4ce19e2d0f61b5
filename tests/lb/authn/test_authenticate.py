"""The authenticate pre-actions, request by request."""

import asyncio
import base64
import json
from dataclasses import replace

import jwt
import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from lb.authn.authenticate import CACHE_SECONDS
from lb.authn.refresh import GRACE_SECONDS, MEMORY_SECONDS, RETRY_SECONDS
from lb.authn.runtime import AuthRuntime
from lb.authn.signing_keys import SigningKeys
from lb.outcomes import Answer, Pending, Proceed
from lb.reasons import Reason
from lb.sealed import KeyRing
from rules.actions import OnUnauthenticatedRequest
from tests.support.login_browser import build_head, location

ALLOW, DENY = OnUnauthenticatedRequest.ALLOW, OnUnauthenticatedRequest.DENY
URL = "https://app.example/page"


def headers_of(outcome: object) -> dict[bytes, bytes]:
    assert isinstance(outcome, Proceed), outcome
    return dict(outcome.request_headers)


def goes_to_provider(world, outcome: object) -> bool:
    return (
        isinstance(outcome, Answer)
        and outcome.status == 302
        and location(outcome).startswith(f"{world.provider.base}/authorize?")
    )


async def test_a_session_gives_the_three_identity_headers(world) -> None:
    browser = world.browser()
    await browser.log_in()
    outcome = await browser.get(URL)
    headers = headers_of(outcome)
    assert headers[b"x-amzn-oidc-identity"] == b"user-1"
    assert headers[b"x-amzn-oidc-accesstoken"].startswith(b"access-")
    token = headers[b"x-amzn-oidc-data"].decode()
    kid = jwt.get_unverified_header(token)["kid"]
    pem = world.runtime.serve_key(f"/.well-known/albacore/keys/{kid}").body
    claims = jwt.decode(token, pem, algorithms=["ES256"], issuer=world.provider.base)
    assert claims["email_verified"] == "true"
    assert jwt.get_unverified_header(token)["signer"] == world.runtime.signer_arn
    assert (outcome.action, outcome.subject) == ("authenticate", "user-1")


async def test_neither_id_token_nor_refresh_token_reaches_the_target(world) -> None:
    browser = world.browser()
    await browser.log_in()
    everything = b"".join(headers_of(await browser.get(URL)).values())
    (refresh_token,) = world.provider.refresh_tokens
    assert refresh_token.encode() not in everything
    payload = headers_of(await browser.get(URL))[b"x-amzn-oidc-data"].split(b".")[1]
    assert "nonce" not in json.loads(base64.urlsafe_b64decode(payload))


async def test_what_passes_through_shows_no_token_in_its_repr(world) -> None:
    browser = world.browser()
    started = await browser.get(URL)
    assert "state=" not in repr(started)
    done = await browser.log_in()
    assert "AWSELB" not in repr(done)
    assert "access-" not in repr(await browser.get(URL))


async def test_without_session_the_browser_goes_to_the_provider(world) -> None:
    browser = world.browser()
    outcome = await browser.get(URL)
    assert goes_to_provider(world, outcome)
    assert outcome.actions == ("authenticate",)
    assert outcome.reason is None
    assert outcome.redirect_url == "", "the log must not hold a state"
    assert (b"Cache-Control", b"no-store") in outcome.headers
    assert b"302 Found" in outcome.body


async def test_allow_lets_strangers_pass_without_identity(world) -> None:
    assert await world.browser(on_unauthenticated_request=ALLOW).get(URL) == Proceed()


async def test_deny_answers_401_to_strangers(world) -> None:
    outcome = await world.browser(on_unauthenticated_request=DENY).get(URL)
    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.reason) == (401, Reason.AUTH_DENIED)


async def test_deny_redirects_an_expired_session(world) -> None:
    """Observed ALB behaviour: only who was never logged in is told 401."""
    handler = world.handler(session_timeout=60, on_unauthenticated_request=DENY)
    browser = world.browser(handler)
    await log_in_elsewhere(world, browser)
    assert isinstance(await browser.get(URL), Proceed)
    world.clock.ahead += 61
    assert goes_to_provider(world, await browser.get(URL))


async def log_in_elsewhere(world, browser) -> None:
    """Get a session for a handler that itself starts no login, from one of the same realm that does."""
    helper = world.browser(session_timeout=60)
    await helper.log_in()
    browser.jar = helper.jar


async def test_allow_lets_an_expired_session_pass_as_a_stranger(world) -> None:
    handler = world.handler(session_timeout=60, on_unauthenticated_request=ALLOW)
    browser = world.browser(handler)
    await log_in_elsewhere(world, browser)
    assert headers_of(await browser.get(URL))
    world.clock.ahead += 61
    assert await browser.get(URL) == Proceed()


async def test_session_timeout_is_absolute_from_login(world) -> None:
    world.provider.behaviour.expires_in = 30
    browser = world.browser(session_timeout=100)
    await browser.log_in()
    for _ in range(3):
        world.clock.ahead += 31
        assert isinstance(await browser.get(URL), Proceed)
    world.clock.ahead += 31
    assert goes_to_provider(world, await browser.get(URL))


async def test_a_remembered_session_costs_nothing_and_ends_in_time(world) -> None:
    browser = world.browser(session_timeout=20)
    await browser.log_in()
    first = await browser.get(URL)
    assert await browser.get(URL) is first
    world.clock.ahead += 21
    assert goes_to_provider(world, await browser.get(URL))


async def test_identity_tokens_are_signed_anew_before_they_expire(world) -> None:
    browser = world.browser()
    await browser.log_in()
    first = headers_of(await browser.get(URL))[b"x-amzn-oidc-data"]
    world.clock.ahead += CACHE_SECONDS + 1
    second = headers_of(await browser.get(URL))[b"x-amzn-oidc-data"]
    assert first != second


CHANGES = {
    "cut": lambda jar: {name: value[:-1] for name, value in jar.items()},
    "flipped": lambda jar: {name: value[:50] + b"!" + value[51:] for name, value in jar.items()},
    "empty": lambda jar: dict.fromkeys(jar, b""),
    "url-encoded": lambda jar: {name: value.replace(b"=", b"%3D") + b"%" for name, value in jar.items()},
    "count changed": lambda jar: {name: b"2" + value[1:] for name, value in jar.items()},
    "same end, other start": lambda jar: {name: b"1AAAA" + value[5:] for name, value in jar.items()},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_a_changed_cookie_means_a_login_even_while_the_good_one_is_remembered(world, change) -> None:
    browser = world.browser()
    await browser.log_in()
    assert isinstance(await browser.get(URL), Proceed)
    browser.jar = change(browser.jar)
    assert goes_to_provider(world, await browser.get(URL))


@pytest.mark.parametrize("planted", ["damaged", "expired"])
async def test_a_cookie_planted_before_the_session_keeps_nobody_out(world, planted: str) -> None:
    """A sibling domain may set a cookie of the same name that browsers send first."""
    handler = world.handler(session_timeout=100)
    browser, attacker = world.browser(handler), world.browser(handler)
    name = b"AWSELBAuthSessionCookie-0"
    await attacker.log_in()
    bad = attacker.jar[name] if planted == "expired" else b"1" + b"A" * 80
    world.clock.ahead = 120
    await browser.log_in()
    session = browser.jar.pop(name)
    for headers in (bad + b"; " + name + b"=" + session, bad):
        head = build_head(URL, headers=((b"cookie", name + b"=" + headers),))
        for _ in range(2):
            outcome = browser.handler.handle(head, world.clock())
            if headers == bad:
                assert goes_to_provider(world, outcome), "the session must not be remembered under this"
            else:
                assert headers_of(outcome)[b"x-amzn-oidc-identity"] == b"user-1"


async def test_large_sessions_travel_in_shards(world) -> None:
    world.provider.behaviour.claims = {"x": "y" * 9000}
    browser = world.browser()
    await browser.log_in()
    assert len([name for name in browser.jar if name.startswith(b"AWSELBAuthSessionCookie-")]) > 1
    assert isinstance(await browser.get(URL), Proceed)
    shards = sorted(browser.jar.items())
    browser.jar = dict(reversed(shards))
    assert isinstance(await browser.get(URL), Proceed), "the order of cookies is the browser's"
    (name0, value0), (name1, value1), *rest = shards
    browser.jar = dict([(name0, value1), (name1, value0), *rest])
    assert goes_to_provider(world, await browser.get(URL)), "shards under each other's names"
    browser.jar = dict(shards[:-1])
    assert goes_to_provider(world, await browser.get(URL))


async def test_deny_says_that_the_cookie_was_broken(world) -> None:
    browser = world.browser(on_unauthenticated_request=DENY)
    browser.jar = {b"AWSELBAuthSessionCookie-0": b"1AAAA"}
    outcome = await browser.get(URL)
    assert (outcome.status, outcome.reason) == (401, Reason.AUTH_INVALID_COOKIE)


@pytest.mark.parametrize("other", ["rule", "client", "issuer", "cookie name", "keys"])
async def test_a_session_of_one_realm_opens_at_no_other(world, other: str) -> None:
    browser = world.browser()
    await browser.log_in()
    action, binding = world.action(), "rule-1"
    if other == "rule":
        binding = "rule-2"
    elif other == "client":
        action = replace(action, client_id="client-2")
    elif other == "issuer":
        action = replace(
            action, issuer="https://other", authorization_endpoint=f"{world.provider.base}/authorize"
        )
    elif other == "cookie name":
        action = replace(action, session=replace(action.session, session_cookie_name="Other"))
        browser.jar = {
            name.replace(b"AWSELBAuthSessionCookie", b"Other"): v for name, v in browser.jar.items()
        }
    else:
        world.runtime.use_keys(KeyRing.from_secrets(["z" * 40]), world.runtime.signing)
    browser.handler = world.handler(action, binding=binding)
    assert goes_to_provider(world, await browser.get(URL))


async def test_rotated_keys_keep_sessions_alive(world) -> None:
    browser = world.browser()
    await browser.log_in()
    world.runtime.use_keys(KeyRing.from_secrets(["k" * 40, "n" * 40]), SigningKeys.generate())
    browser.handler = world.handler()
    kid = jwt.get_unverified_header(headers_of(await browser.get(URL))[b"x-amzn-oidc-data"])["kid"]
    assert kid == world.runtime.signing.current.kid


async def test_a_second_load_balancer_with_the_keys_opens_the_session(world) -> None:
    browser = world.browser()
    await browser.log_in()
    twin = AuthRuntime(world.runtime.keys, world.runtime.signing, "arn", world.runtime.http, world.clock)
    world.runtime = twin
    browser.handler = world.handler()
    assert isinstance(await browser.get(URL), Proceed)


# --- refresh


async def due(world, **policy):
    """A browser whose access token has just expired."""
    world.provider.behaviour.expires_in = 60
    browser = world.browser(**policy)
    await browser.log_in()
    await browser.get(URL)
    world.clock.ahead += 61
    return browser


async def test_an_expired_access_token_is_refreshed_on_the_next_request(world) -> None:
    browser = await due(world)
    before = dict(browser.jar)
    outcome = await browser.get(URL)
    assert headers_of(outcome)
    assert browser.jar != before
    assert world.provider.count("/token") == 2
    assert len(world.refreshes) == 1
    assert isinstance(await browser.get(URL), Proceed)
    assert browser.set_cookies == []
    assert world.provider.count("/token") == 2


async def test_parallel_requests_refresh_once(world) -> None:
    browser = await due(world)
    header = ((b"cookie", browser.cookie_header()),)
    outcomes = [browser.handler.handle(build_head(URL, headers=header), world.clock()) for _ in range(8)]
    assert all(isinstance(outcome, Pending) for outcome in outcomes)
    results = await asyncio.gather(*(outcome.run() for outcome in outcomes))
    assert world.provider.count("/token") == 2
    assert {headers_of(result)[b"x-amzn-oidc-accesstoken"] for result in results} == {
        headers_of(results[0])[b"x-amzn-oidc-accesstoken"]
    }
    assert all(result.response_headers for result in results)


async def test_a_straggler_with_the_old_cookie_is_served_without_waiting(world) -> None:
    browser = await due(world)
    header = ((b"cookie", browser.cookie_header()),)
    await browser.get(URL)
    outcome = browser.handler.handle(build_head(URL, headers=header), world.clock())
    assert headers_of(outcome)
    assert outcome.response_headers
    assert world.provider.count("/token") == 2


async def test_a_browser_that_hangs_up_does_not_stop_the_refresh(world) -> None:
    browser = await due(world)
    hold = world.provider.behaviour.holds["/token"] = asyncio.Event()
    header = ((b"cookie", browser.cookie_header()),)
    first, second = (
        asyncio.create_task(browser.handler.handle(build_head(URL, headers=header), world.clock()).run())
        for _ in range(2)
    )
    while world.provider.count("/token") < 2:
        await asyncio.sleep(0.005)
    first.cancel()
    hold.set()
    assert headers_of(await second)


async def test_a_refused_refresh_leads_to_a_login_and_is_not_tried_again(world) -> None:
    browser = await due(world)
    world.provider.refresh_tokens.clear()
    assert goes_to_provider(world, await browser.get(URL))
    assert goes_to_provider(world, await browser.get(URL))
    assert world.provider.count("/token") == 2
    world.clock.ahead += MEMORY_SECONDS + 1
    assert goes_to_provider(world, await browser.get(URL))
    assert world.provider.count("/token") == 3


async def test_a_refused_refresh_with_allow_passes_as_a_stranger(world) -> None:
    handler = world.handler(on_unauthenticated_request=ALLOW)
    browser = await due(world)
    browser.handler = handler
    world.provider.refresh_tokens.clear()
    assert await browser.get(URL) == Proceed()


async def test_an_outage_logs_nobody_out_for_a_quarter_of_an_hour(world) -> None:
    browser = await due(world)
    world.provider.behaviour.answers["/token"] = PlainTextResponse("", 503)
    assert headers_of(await browser.get(URL))
    assert headers_of(await browser.get(URL))
    assert world.provider.count("/token") == 2, "asked once, and then not for some seconds"
    world.clock.ahead += RETRY_SECONDS + 1
    assert headers_of(await browser.get(URL))
    assert world.provider.count("/token") == 3
    world.clock.ahead += GRACE_SECONDS
    assert goes_to_provider(world, await browser.get(URL))


async def test_a_changed_client_secret_is_an_outage_and_not_a_logout(world) -> None:
    browser = await due(world)
    world.provider.behaviour.answers["/token"] = JSONResponse({"error": "invalid_client"}, 401)
    assert headers_of(await browser.get(URL))


async def test_without_refresh_token_the_session_lasts_until_its_timeout(world) -> None:
    world.provider.behaviour.refresh_token = False
    browser = await due(world, session_timeout=1000)
    assert headers_of(await browser.get(URL))
    assert world.provider.count("/token") == 1


# --- hosts, discovery


@pytest.mark.parametrize(
    ("authority", "reason"),
    [("", Reason.AUTH_MISSING_HOST), ("evil.example\\@x", Reason.BAD_REQUEST), ("a b", Reason.BAD_REQUEST)],
)
async def test_a_login_needs_a_host(world, authority: str, reason: Reason) -> None:
    handler = world.handler()
    await handler.source.fetch(world.clock())
    head = build_head(URL)
    head.authority = authority
    outcome = handler.handle(head, world.clock())
    assert isinstance(outcome, Answer)
    assert outcome.reason is reason


async def test_cookies_are_secure_on_https_only(world) -> None:
    browser = world.browser()
    await browser.get("https://app.example/")
    assert all(line.endswith(b"; Secure") for line in browser.set_cookies)
    await browser.get("http://localhost:8080/")
    assert not any(b"Secure" in line for line in browser.set_cookies)


async def test_an_unreachable_provider_is_told_and_tried_again(world) -> None:
    path = "/.well-known/openid-configuration"
    world.provider.behaviour.answers[path] = PlainTextResponse("", 503)
    browser = world.browser()
    outcome = await browser.get(URL)
    assert (outcome.status, outcome.reason) == (500, Reason.AUTH_PROVIDER_UNAVAILABLE)
    del world.provider.behaviour.answers[path]
    world.clock.ahead += 6
    assert goes_to_provider(world, await browser.get(URL))


async def test_explicit_endpoints_redirect_without_asking_anybody(world) -> None:
    base = world.provider.base
    action = replace(
        world.action(),
        authorization_endpoint=f"{base}/authorize",
        token_endpoint=f"{base}/token",
        user_info_endpoint=f"{base}/userinfo",
    )
    outcome = world.handler(action).handle(build_head(URL), world.clock())
    assert goes_to_provider(world, outcome)
    assert world.provider.calls == []
