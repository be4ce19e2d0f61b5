"""The callback: what is accepted, and every attack on it."""

import asyncio
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from starlette.responses import PlainTextResponse

from lb.authn.callback import Callback
from lb.authn.flow import ATTEMPT_SECONDS, MAX_ATTEMPTS
from lb.authn.runtime import compile_pre_action
from lb.outcomes import Answer, Proceed
from lb.reasons import Reason
from lb.sealed import KeyRing
from rules.actions import JwtValidation
from tests.support.login_browser import LoginBrowser, at_provider, build_head, location

URL = "https://app.example/page"


def session_names(browser: LoginBrowser) -> list[bytes]:
    return [name for name in browser.jar if name.startswith(b"AWSELBAuthSessionCookie")]


def attempts(browser: LoginBrowser) -> list[bytes]:
    return [name for name in browser.jar if b"AWSALBAuthNonce" in name]


async def refused(browser: LoginBrowser, url: str, reason: Reason) -> None:
    """Expect a refusal that neither reached the provider nor made a session."""
    answer = await browser.get(url)
    assert isinstance(answer, Answer)
    assert (answer.reason, answer.status) == (reason, reason.status)
    assert session_names(browser) == []


def with_parameter(url: str, name: str, value: str | None) -> str:
    pairs = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    pairs.pop(name, None)
    if value is not None:
        pairs[name] = value
    return url.partition("?")[0] + "?" + "&".join(f"{key}={quote(text)}" for key, text in pairs.items())


async def test_a_login_ends_at_the_original_url_with_one_session(world) -> None:
    browser = world.browser()
    answer = await browser.log_in("https://app.example/a%20b?x=1&y=%2F")
    assert location(answer) == "https://app.example/a%20b?x=1&y=%2F"
    assert session_names(browser) == [b"AWSELBAuthSessionCookie-0"]
    assert attempts(browser) == []
    line = next(line for line in browser.set_cookies if line.startswith(b"AWSELBAuthSessionCookie-0="))
    value, *attributes = line.split(b"; ")
    assert attributes[1:] == [b"Path=/", b"HttpOnly", b"SameSite=Lax", b"Secure"]
    assert attributes[0].startswith(b"Expires=")
    assert set(value.partition(b"=")[2]) <= set(
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
    )


async def test_the_redirect_uri_is_the_same_at_both_endpoints(world) -> None:
    browser = world.browser()
    await browser.log_in("https://app.example:8443/x")
    asked = [form["redirect_uri"] for path, form in world.provider.calls if path in ("/authorize", "/token")]
    assert asked == ["https://app.example:8443/oauth2/idpresponse"] * 2


async def test_several_tabs_log_in_at_once(world) -> None:
    """ALB keeps one nonce, and all tabs but the last end in a 401."""
    browser = world.browser()
    urls = [await browser.callback_url(f"https://app.example/tab{number}") for number in range(4)]
    assert len(attempts(browser)) == 4
    ends = [location(await browser.get(url)) for url in (urls[2], urls[0], urls[3], urls[1])]
    assert ends == [f"https://app.example/tab{number}" for number in (2, 0, 3, 1)]
    assert attempts(browser) == []


async def test_attempts_are_capped_and_the_newest_still_works(world) -> None:
    browser = world.browser()
    tabs = [f"https://app.example/tab{number}" for number in range(MAX_ATTEMPTS + 3)]
    urls = [await browser.callback_url(tab) for tab in tabs]
    assert len(attempts(browser)) <= MAX_ATTEMPTS
    ends = [await browser.get(url) for url in urls]
    assert location(ends[-1]) == tabs[-1]
    assert [end.status for end in ends] == [401] * 3 + [302] * MAX_ATTEMPTS


async def test_a_burst_of_background_requests_does_not_break_the_login(world) -> None:
    browser = world.browser()
    navigate = ((b"sec-fetch-mode", b"navigate"),)
    url = await at_provider(location(await browser.get(URL, headers=navigate)))
    for _ in range(30):
        await browser.get("https://app.example/asset", headers=((b"sec-fetch-mode", b"no-cors"),))
    assert location(await browser.get(url)) == URL


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("state", None, Reason.AUTH_MISSING_STATE),
        ("state", "forged", Reason.AUTH_INVALID_STATE),
        ("code", None, Reason.AUTH_MISSING_CODE),
        ("iss", "https://evil", Reason.AUTH_INVALID_STATE),
    ],
)
async def test_a_callback_that_is_not_whole_is_refused(
    world, name: str, value: str | None, reason: Reason
) -> None:
    browser = world.browser()
    url = await browser.callback_url(URL)
    await refused(browser, with_parameter(url, name, value), reason)
    assert world.provider.count("/token") == 0
    assert location(await browser.get(url)) == URL, "and it did not use up the login"


async def test_the_providers_own_iss_parameter_is_fine(world) -> None:
    browser = world.browser()
    url = await browser.callback_url(URL)
    assert location(await browser.get(with_parameter(url, "iss", world.provider.base))) == URL


async def test_a_callback_in_another_browser_is_refused(world) -> None:
    """Login CSRF: the attacker's code and state in the victim's browser."""
    attacker = world.browser()
    url = await attacker.callback_url(URL)
    victim = LoginBrowser(attacker.handler, attacker.callback, world.clock)
    await refused(victim, url, Reason.AUTH_MISSING_NONCE)
    await victim.get(URL)
    await refused(victim, url, Reason.AUTH_MISSING_NONCE)
    assert world.provider.count("/token") == 0


async def test_the_attempt_cookie_of_another_login_does_not_fit(world) -> None:
    attacker = world.browser()
    url = await attacker.callback_url(URL)
    victim = LoginBrowser(attacker.handler, attacker.callback, world.clock)
    await victim.get(URL)
    (name,) = attempts(attacker)
    victim.jar = {name: next(iter(victim.jar.values()))}
    await refused(victim, url, Reason.AUTH_INVALID_NONCE)
    assert world.provider.count("/token") == 0


async def test_a_state_works_once(world) -> None:
    browser = world.browser()
    url = await browser.callback_url(URL)
    kept = dict(browser.jar)
    assert location(await browser.get(url)) == URL
    browser.jar = kept
    await refused(browser, url, Reason.AUTH_INVALID_STATE)
    assert world.provider.count("/token") == 1


async def test_a_state_works_once_even_with_a_fresh_code(world) -> None:
    browser = world.browser()
    started = location(await browser.get(URL))
    kept = dict(browser.jar)
    first, second = await at_provider(started), await at_provider(started)
    await browser.get(first)
    browser.jar = kept
    await refused(browser, second, Reason.AUTH_INVALID_STATE)


async def test_of_two_simultaneous_callbacks_one_redeems(world) -> None:
    browser = world.browser()
    url = await browser.callback_url(URL)
    head = build_head(url, headers=((b"cookie", browser.cookie_header()),))
    first = browser.callback.handle(head, world.clock())
    second = browser.callback.handle(head, world.clock())
    assert isinstance(second, Answer)
    assert second.reason is Reason.AUTH_INVALID_STATE
    assert location(await first.run()) == URL


async def test_a_repeated_callback_of_a_logged_in_browser_goes_on_without_redeeming(world) -> None:
    """A double click on the login button, or a tab restored in between."""
    browser = world.browser()
    url = await browser.callback_url(URL)
    await browser.get(url)
    again = await browser.get(url)
    assert location(again) == URL
    assert browser.set_cookies == []
    assert world.provider.count("/token") == 1


async def test_a_code_of_another_login_does_not_pass_pkce(world) -> None:
    """Code injection: a stolen code under the attacker's own state."""
    victim, attacker = world.browser(), world.browser()
    stolen = parse_qs(urlsplit(await victim.callback_url(URL)).query)["code"][0]
    own = await attacker.callback_url(URL)
    answer = await attacker.get(with_parameter(own, "code", stolen))
    assert answer.reason is Reason.AUTH_INVALID_GRANT
    assert session_names(attacker) == []


async def test_a_login_of_one_rule_finishes_at_that_rule_only(world) -> None:
    one, two = world.handler(binding="rule-1"), world.handler(binding="rule-2")
    callback = Callback({"1": one, "2": two}, world.runtime)
    browser = LoginBrowser(one, callback, world.clock)
    await browser.log_in(URL)
    assert isinstance(await browser.get(URL), Proceed)
    browser.handler = two
    assert isinstance(await browser.get(URL), Answer)


async def test_a_state_of_a_rule_that_the_listener_lacks_is_refused(world) -> None:
    browser = world.browser()
    url = await browser.callback_url(URL)
    browser.callback = Callback({"other": world.handler(binding="other")}, world.runtime)
    await refused(browser, url, Reason.AUTH_INVALID_STATE)
    assert world.provider.count("/token") == 0


async def test_a_state_under_foreign_keys_is_refused(world) -> None:
    browser = world.browser()
    url = await browser.callback_url(URL)
    world.runtime.use_keys(KeyRing.from_secrets(["z" * 40]), world.runtime.signing)
    browser.callback = Callback({"1": world.handler()}, world.runtime)
    await refused(browser, url, Reason.AUTH_INVALID_STATE)


@pytest.mark.parametrize(
    "elsewhere", ["https://other.example", "http://app.example", "https://app.example:8443"]
)
async def test_a_callback_at_another_origin_is_refused(world, elsewhere: str) -> None:
    browser = world.browser()
    url = await browser.callback_url(URL)
    await refused(browser, url.replace("https://app.example", elsewhere), Reason.AUTH_INVALID_STATE)


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
async def test_only_get_finishes_a_login(world, method: str) -> None:
    browser = world.browser()
    url = await browser.callback_url(URL)
    answer = await browser.get(url, method=method)
    assert answer.status == 405
    assert (b"Allow", b"GET") in answer.headers
    assert location(await browser.get(url)) == URL


async def test_too_long_on_the_login_page_starts_over(world) -> None:
    """ALB answers a bare 401 here; users wait more than 15 minutes all the time."""
    browser = world.browser()
    url = await browser.callback_url("https://app.example/deep?x=1")
    world.clock.ahead += ATTEMPT_SECONDS + 1
    answer = await browser.get(url)
    assert location(answer) == "https://app.example/deep?x=1"
    assert world.provider.count("/token") == 0
    assert session_names(browser) == []


async def test_a_callback_a_day_late_is_refused(world) -> None:
    browser = world.browser()
    url = await browser.callback_url(URL)
    world.clock.ahead += 86401
    await refused(browser, url, Reason.AUTH_INVALID_STATE)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        ("access_denied", 401, Reason.AUTH_IDP_DENIED),
        ("server_error", 561, Reason.AUTH_IDP_ERROR),
        ("", 561, Reason.AUTH_IDP_ERROR),
        ("<script>", 561, Reason.AUTH_IDP_ERROR),
    ],
)
async def test_errors_of_the_provider(world, error: str, status: int, reason: Reason) -> None:
    browser = world.browser()
    url = with_parameter(await browser.callback_url(URL), "code", None) + f"&error={quote(error)}"
    answer = await browser.get(url)
    assert (answer.status, answer.reason) == (status, reason)
    assert b"script" not in answer.body
    assert attempts(browser) == []


async def test_an_error_without_state_is_told_as_well(world) -> None:
    answer = await world.browser().get("https://app.example/oauth2/idpresponse?error=invalid_request")
    assert answer.reason is Reason.AUTH_IDP_ERROR


@pytest.mark.parametrize("authority", ["", "a b", "evil.example\\"])
async def test_a_callback_needs_a_host(world, authority: str) -> None:
    browser = world.browser()
    head = build_head(await browser.callback_url(URL))
    head.authority = authority
    answer = browser.callback.handle(head, world.clock())
    assert answer.reason in (Reason.AUTH_MISSING_HOST, Reason.BAD_REQUEST)


async def test_token_endpoint_down_is_500_and_no_session(world) -> None:
    browser = world.browser()
    url = await browser.callback_url(URL)
    world.provider.behaviour.answers["/token"] = PlainTextResponse("", 500)
    await refused(browser, url, Reason.AUTH_TOKEN_ENDPOINT_FAILED)


OPEN_REDIRECTS = [
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "/%09/evil.example/",
    "/%5cevil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "/@evil.example",
    "/.//evil.example",
]


@pytest.mark.parametrize("target", OPEN_REDIRECTS)
async def test_no_login_ends_at_another_origin(world, target: str) -> None:
    browser = world.browser()
    started = build_head(URL)
    started.path = target
    outcome = browser.handler.handle(started, world.clock())
    outcome = outcome if isinstance(outcome, Answer) else await outcome.run()
    browser._take(outcome)
    end = location(await browser.get(await at_provider(location(outcome))))
    assert end.startswith("https://app.example/")
    assert not end.removeprefix("https://app.example/").startswith(("/", "\\"))


async def test_a_leftover_shard_of_a_larger_session_is_expired(world) -> None:
    world.provider.behaviour.claims = {"x": "y" * 9000}
    browser = world.browser()
    await browser.log_in()
    assert len(session_names(browser)) > 1
    world.provider.behaviour.claims = {}
    browser.handler = world.handler(binding="rule-2")
    browser.callback = Callback({"2": browser.handler}, world.runtime)
    await browser.log_in(URL)
    assert len(session_names(browser)) == 1
    assert isinstance(await browser.get(URL), Proceed)


async def test_a_browser_that_hung_up_cannot_redeem_again(world) -> None:
    browser = world.browser()
    url = await browser.callback_url(URL)
    hold = world.provider.behaviour.holds["/token"] = asyncio.Event()
    head = build_head(url, headers=((b"cookie", browser.cookie_header()),))
    waiting = asyncio.create_task(browser.callback.handle(head, world.clock()).run())
    while not world.provider.count("/token"):
        await asyncio.sleep(0.005)
    waiting.cancel()
    hold.set()
    await asyncio.gather(waiting, return_exceptions=True)
    await refused(browser, url, Reason.AUTH_INVALID_STATE)


async def test_pre_actions_that_do_not_log_in_have_no_callback(world) -> None:
    bearer = compile_pre_action(
        JwtValidation("https://idp/k", "https://idp"), binding="b", provider=None, runtime=world.runtime
    )
    assert not Callback({"1": bearer}, world.runtime)
    assert Callback({"1": bearer, "2": world.handler()}, world.runtime)
