"""The steps of a login that need no I/O."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from lb.admission import MAX_HEADER
from lb.authn.flow import (
    ATTEMPT_SECONDS,
    MAX_ATTEMPTS,
    MAX_EXPIRED_AT_ONCE,
    RESTART_SECONDS,
    Attempt,
    Start,
    State,
    open_attempt,
    open_state,
    read_callback,
    start_login,
    surplus_attempts,
)
from lb.authn.origin import Origin
from lb.authn.realm import Realm, build_realm
from lb.reasons import Reason
from lb.sealed import KeyRing
from rules.actions import SessionPolicy
from tests.support.login_browser import build_head

NOW = 1_700_000_000
RING = KeyRing.from_secrets(["s" * 40])
ORIGIN = Origin("https", "app.example")
PREFIX = b"__Host-AWSALBAuthNonce-"


def realm(binding: str = "b", **policy: Any) -> Realm:
    return build_realm(binding=binding, issuer="i", client_id="c 1", policy=SessionPolicy(**policy))


class Counter:
    """Random bytes that a test can tell apart: 1, 2, 3, ..."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, size: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(size, "big")


def start(
    url: str = "https://app.example/path?q=1",
    *,
    of: Realm | None = None,
    endpoint: str = "https://idp/authorize",
    cookie: bytes | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Start:
    return start_login(
        build_head(url, headers=headers),
        ORIGIN,
        realm=of or realm(),
        endpoint=endpoint,
        cookie=cookie,
        ring=RING,
        random=Counter(),
        now=NOW,
    )


def query(started: Start) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(started.location).query).items()}


def cookie_of(started: Start) -> bytes:
    return started.cookies[0][1].partition(b";")[0]


def state_of(started: Start, now: float = NOW) -> State:
    state = open_state(query(started)["state"], ring=RING, now=now)
    assert state is not None
    return state


def attempt_of(started: Start, cookie: bytes | None = None, of: Realm | None = None) -> Attempt | Reason:
    return open_attempt(
        state_of(started), cookie or cookie_of(started), realm=of or realm(), ring=RING, now=NOW
    )


def test_the_authorization_request_has_albs_parameters_and_pkce_and_nonce() -> None:
    started = start(of=realm(scope="openid email"))
    names = [name for name, _ in parse_qsl(urlsplit(started.location).query)]
    assert names[:5] == ["client_id", "redirect_uri", "response_type", "scope", "state"]
    asked = query(started)
    assert started.location.startswith("https://idp/authorize?client_id=c+1&")
    assert asked["redirect_uri"] == "https://app.example/oauth2/idpresponse"
    assert (asked["response_type"], asked["scope"]) == ("code", "openid email")
    attempt = attempt_of(started)
    assert isinstance(attempt, Attempt)
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert asked["code_challenge_method"] == "S256"
    assert asked["nonce"] == attempt.nonce
    assert 43 <= len(attempt.verifier) <= 128


def test_secrets_of_the_attempt_are_not_in_the_url() -> None:
    started = start()
    attempt = attempt_of(started)
    assert isinstance(attempt, Attempt)
    assert attempt.verifier not in started.location
    assert attempt.verifier.encode() not in cookie_of(started)
    assert "/path" not in started.location
    assert attempt.verifier not in repr(attempt)
    assert "idp" not in repr(started)


def test_extra_parameters_are_added_and_cannot_replace_reserved_ones() -> None:
    extra = (
        ("prompt", "login"),
        ("state", "evil"),
        ("redirect_uri", "https://evil"),
        ("response_mode", "form_post"),
    )
    pairs = parse_qsl(urlsplit(start(of=realm(authentication_request_extra_params=extra)).location).query)
    assert ("prompt", "login") in pairs
    assert [value for name, value in pairs if name == "redirect_uri"] == [ORIGIN.redirect_uri]
    assert not any(value in ("evil", "form_post") for _, value in pairs)


@pytest.mark.parametrize(
    ("endpoint", "begins"),
    [
        ("https://idp/a?tenant=1", "https://idp/a?tenant=1&client_id="),
        ("https://idp/a#fragment", "https://idp/a?client_id="),
    ],
)
def test_an_endpoint_with_a_query_keeps_it(endpoint: str, begins: str) -> None:
    assert start(endpoint=endpoint).location.startswith(begins)


def test_the_attempt_cookie_is_short_lived_and_private() -> None:
    name, line = start().cookies[0]
    assert name == b"Set-Cookie"
    assert line.startswith(b"__Host-AWSALBAuthNonce-")
    assert line.endswith(b"; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure")


def test_state_and_cookie_lead_back_to_the_original_url() -> None:
    started = start()
    attempt = attempt_of(started)
    assert isinstance(attempt, Attempt)
    assert state_of(started).target == attempt.target == "/path?q=1"
    assert state_of(started).origin == "https://app.example"


@pytest.mark.parametrize(
    ("length", "in_state", "kept"),
    [(1000, True, True), (2000, False, True), (5000, False, False)],
    ids=["short", "long", "very long"],
)
def test_long_urls_move_to_the_cookie_and_longer_ones_lose_their_query(
    length: int, in_state: bool, kept: bool
) -> None:
    target = "/path?" + "q" * length
    started = start(f"https://app.example{target}")
    attempt = attempt_of(started)
    assert isinstance(attempt, Attempt)
    assert attempt.target == (target if kept else "/path")
    assert (state_of(started).target is not None) is (in_state or not kept)
    assert len(cookie_of(started)) < 4096
    assert len(started.location) < 3000


def test_a_path_that_fits_nowhere_becomes_the_root() -> None:
    attempt = attempt_of(start("https://app.example/" + "p" * 5000))
    assert isinstance(attempt, Attempt)
    assert attempt.target == "/"


def test_two_attempts_do_not_share_a_cookie() -> None:
    random = Counter()
    names = {
        start_login(
            build_head("https://app.example/"),
            ORIGIN,
            realm=realm(),
            endpoint="https://idp/a",
            cookie=None,
            ring=RING,
            random=random,
            now=NOW,
        )
        .cookies[0][1]
        .partition(b"=")[0]
        for _ in range(3)
    }
    assert len(names) == 3


def test_fetches_in_the_background_share_one_slot() -> None:
    """A burst of them without a session must not push out the tab in which somebody logs in."""
    for mode in (b"cors", b"no-cors", b"websocket"):
        assert cookie_of(start(headers=((b"sec-fetch-mode", mode),))).startswith(PREFIX + b"0=")
    assert not cookie_of(start(headers=((b"sec-fetch-mode", b"navigate"),))).startswith(PREFIX + b"0=")


def names(count: int, first: int = 0) -> list[bytes]:
    return [PREFIX + b"%08xabcdef01" % (first + number) for number in range(count)]


def as_header(cookies: list[bytes]) -> bytes:
    return b"; ".join(name + b"=v" for name in cookies)


def test_the_oldest_attempts_make_room() -> None:
    sent = names(MAX_ATTEMPTS + 2)
    assert surplus_attempts(as_header(sent[::-1]), secure=True) == sent[:3]
    assert surplus_attempts(as_header(sent[: MAX_ATTEMPTS - 1]), secure=True) == []
    assert surplus_attempts(None, secure=True) == []


def test_the_background_slot_does_not_count() -> None:
    assert surplus_attempts(as_header([PREFIX + b"0", *names(MAX_ATTEMPTS - 1)]), secure=True) == []


def test_over_http_the_name_is_the_plain_one() -> None:
    """Browsers refuse `__Host-` there."""
    started = start_login(
        build_head("http://localhost/"),
        Origin("http", "localhost"),
        realm=realm(),
        endpoint="https://idp/a",
        cookie=None,
        ring=RING,
        random=Counter(),
        now=NOW,
    )
    assert cookie_of(started).startswith(b"AWSALBAuthNonce-")
    assert isinstance(attempt_of(started), Attempt)


def test_an_attempt_planted_by_a_sibling_domain_is_not_read() -> None:
    started = start()
    planted = cookie_of(started).removeprefix(b"__Host-")
    assert attempt_of(started, planted) is Reason.AUTH_MISSING_NONCE


def test_windows_that_a_foreign_page_opens_on_long_urls_do_not_fill_the_cookie_header() -> None:
    """Past the limit of a header line the browser would be refused at every request."""
    jar: dict[bytes, bytes] = {}
    random = Counter()
    for tab in range(40):
        started = start_login(
            build_head(f"https://app.example/?{'x' * 2000}{tab}"),
            ORIGIN,
            realm=realm(),
            endpoint="https://idp/a",
            cookie=b"; ".join(name + b"=" + value for name, value in jar.items()),
            ring=RING,
            random=random,
            now=NOW + tab,
        )
        for _, line in started.cookies:
            name, _, value = line.partition(b";")[0].partition(b"=")
            jar[name] = value
            if b"Max-Age=0" in line:
                del jar[name]
    sent = b"; ".join(name + b"=" + value for name, value in jar.items())
    assert len(sent) <= MAX_HEADER - 2000


def test_a_bomb_of_attempt_cookies_is_answered_with_few_lines() -> None:
    started = start(cookie=as_header(names(500)))
    assert len(started.cookies) == 1 + MAX_EXPIRED_AT_ONCE


def test_names_that_cannot_be_ours_are_not_spelled_in_a_header() -> None:
    odd = [PREFIX + b"\x00evil", PREFIX + b"a b", PREFIX + "é".encode(), PREFIX]
    assert (
        surplus_attempts(as_header(odd + names(MAX_ATTEMPTS + 5)), secure=True) == names(MAX_ATTEMPTS + 5)[:6]
    )


CALLBACKS = {
    "good": ("code=a&state=b", ("a", "b", None, None)),
    "with iss": ("code=a&state=b&iss=https%3A%2F%2Fi", ("a", "b", None, "https://i")),
    "others ignored": ("code=a&state=b&session_state=x&scope=y&scope=z", ("a", "b", None, None)),
    "error": ("error=access_denied&state=b", (None, "b", "access_denied", None)),
    "empty": ("", (None, None, None, None)),
    "empty values": ("code=&state=", (None, None, None, None)),
    "bare names": ("code&state", (None, None, None, None)),
}


@pytest.mark.parametrize(("text", "read"), CALLBACKS.values(), ids=CALLBACKS.keys())
def test_callbacks_are_read(text: str, read: tuple[str | None, ...]) -> None:
    found = read_callback(text)
    assert found is not None
    assert (found.code, found.state, found.error, found.issuer) == read
    assert "state='b'" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "code=a&code=b&state=c",
        "code=a&state=b&state=c",
        "error=a&error=b",
        "code=a&code=&state=b",
        "code=" + "a" * 5000,
        "state=" + "a" * 5000,
        "&".join(f"p{number}=1" for number in range(100)),
    ],
    ids=["two codes", "two states", "two errors", "second code empty", "long code", "long state", "many"],
)
def test_ambiguous_callbacks_are_refused(text: str) -> None:
    assert read_callback(text) is None


@pytest.mark.parametrize("text", ["", "abc", "é", "===", "a" * 3000, "%00"], ids=repr)
def test_other_texts_are_no_state(text: str) -> None:
    assert open_state(text, ring=RING, now=NOW) is None


def test_a_changed_state_does_not_open() -> None:
    text = query(start())["state"]
    middle = len(text) // 2
    changed = text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
    assert open_state(changed, ring=RING, now=NOW) is None


def test_a_state_is_late_after_fifteen_minutes_and_gone_after_a_day() -> None:
    started = start()
    assert not state_of(started, NOW + ATTEMPT_SECONDS).is_late(NOW + ATTEMPT_SECONDS)
    assert state_of(started, NOW + ATTEMPT_SECONDS + 1).is_late(NOW + ATTEMPT_SECONDS + 1)
    assert open_state(query(started)["state"], ring=RING, now=NOW + RESTART_SECONDS + 1) is None


def test_a_late_attempt_does_not_open() -> None:
    started = start()
    late = NOW + ATTEMPT_SECONDS + 1
    found = open_attempt(state_of(started), cookie_of(started), realm=realm(), ring=RING, now=late)
    assert found is Reason.AUTH_INVALID_NONCE


def test_without_its_cookie_an_attempt_is_missing() -> None:
    started = start()
    state = state_of(started)
    for cookie in (None, b"", b"AWSALBAuthNonce=x", b"other=1"):
        assert open_attempt(state, cookie, realm=realm(), ring=RING, now=NOW) is Reason.AUTH_MISSING_NONCE


def test_the_cookie_of_another_attempt_does_not_fit() -> None:
    """Login CSRF: the attacker's state with the victim's cookie."""
    mine = start(headers=((b"sec-fetch-mode", b"cors"),))
    random = Counter()
    random.drawn = 50
    theirs = start_login(
        build_head("https://app.example/", headers=((b"sec-fetch-mode", b"cors"),)),
        ORIGIN,
        realm=realm(),
        endpoint="https://idp/a",
        cookie=None,
        ring=RING,
        random=random,
        now=NOW,
    )
    assert state_of(mine).slot == state_of(theirs).slot
    assert attempt_of(mine, cookie_of(theirs)) is Reason.AUTH_INVALID_NONCE


def test_an_attempt_of_one_realm_opens_in_no_other() -> None:
    assert attempt_of(start(), of=realm("other")) is Reason.AUTH_INVALID_NONCE


@pytest.mark.parametrize("value", [b"", b"x", b"\xff", b"AAAA", b"%41"], ids=repr)
def test_a_broken_attempt_cookie_is_invalid(value: bytes) -> None:
    started = start()
    name = cookie_of(started).partition(b"=")[0]
    assert attempt_of(started, name + b"=" + value) is Reason.AUTH_INVALID_NONCE
