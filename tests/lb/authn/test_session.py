"""Sessions and their sealed form."""

import secrets
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lb.authn.realm import build_realm
from lb.authn.session import Session, access_expiry, open_session, seal_session
from lb.authn.tokens import Tokens
from lb.sealed import KeyRing, encode_text
from rules.actions import SessionPolicy

NOW = 1_700_000_000
RING = KeyRing.from_secrets(["s" * 40])
REALM = build_realm(binding="b", issuer="i", client_id="c", policy=SessionPolicy())
SESSION = Session("id", {"sub": "u", "name": "홍"}, "access", "refresh", NOW + 1000, NOW + 100, 3)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.text(st.characters(codec="utf-8"), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def as_cookies(value: bytes) -> bytes:
    return b"".join(REALM.cookie.shard(value))


def seal(session: Session = SESSION) -> bytes:
    value = seal_session(RING, REALM, session, now=NOW)
    assert value is not None
    return as_cookies(value)


def test_a_session_survives_its_cookie() -> None:
    assert open_session(RING, REALM, seal(), now=NOW) == SESSION


@settings(max_examples=30)
@given(
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=10), JSON, max_size=6),
    st.text("abc.", max_size=3000),
    st.none() | st.text("xyz", max_size=3000),
)
def test_any_claims_and_tokens_survive(claims: dict[str, Any], access: str, refresh: str | None) -> None:
    session = replace(SESSION, claims=claims | {"sub": "u"}, access_token=access, refresh_token=refresh)
    assert open_session(RING, REALM, seal(session), now=NOW) == session


def test_large_sessions_are_packed_into_four_cookies() -> None:
    """11 K of claims and access token plus a refresh token exceed 16 K in base64 unless they are packed."""
    session = replace(SESSION, access_token="eyJhbGciOiJSUzI1NiJ9." * 500, refresh_token="r" * 2000)
    text = seal(session)
    assert len(text) <= 4 * 4096
    assert open_session(RING, REALM, text, now=NOW) == session


def test_a_session_that_does_not_fit_is_not_sealed() -> None:
    session = replace(SESSION, access_token=secrets.token_hex(40_000))
    assert seal_session(RING, REALM, session, now=NOW) is None


@pytest.mark.parametrize(
    "other",
    [
        {"binding": "other rule"},
        {"issuer": "other issuer"},
        {"client_id": "other client"},
        {"policy": SessionPolicy(session_cookie_name="other")},
    ],
    ids=["rule", "issuer", "client", "cookie"],
)
def test_a_session_opens_in_its_own_realm_only(other: dict[str, Any]) -> None:
    realm = build_realm(
        **({"binding": "b", "issuer": "i", "client_id": "c", "policy": SessionPolicy()} | other)
    )
    assert open_session(RING, realm, seal(), now=NOW) is None


@given(st.data())
def test_any_changed_character_closes_it(data: st.DataObject) -> None:
    text = bytearray(seal())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] = data.draw(st.integers(0, 255).filter(lambda octet: octet != text[place]))
    assert open_session(RING, REALM, bytes(text), now=NOW) is None


BROKEN = {
    "empty": b"",
    "count only": b"1",
    "cut": seal()[:-1],
    "halved": seal()[: len(seal()) // 2],
    "doubled": seal() * 2,
    "without count": seal()[1:],
    "other count": b"2" + seal()[1:],
    "url-encoded": seal().replace(b"+", b"%2B").replace(b"=", b"%3D").replace(b"/", b"%2F") + b"%",
    "quoted": b'"' + seal() + b'"',
    "not base64": b"1\xff\xfe",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_broken_cookies_open_nothing(text: bytes) -> None:
    assert open_session(RING, REALM, text, now=NOW) is None


def test_a_payload_of_another_version_is_no_session() -> None:
    sealed = RING.seal(b'p{"v":2}', purpose="session", context=REALM.digest, now=NOW)
    assert open_session(RING, REALM, as_cookies(encode_text(sealed)), now=NOW) is None


def test_a_value_sealed_for_another_purpose_is_no_session() -> None:
    sealed = RING.seal(b"p[]", purpose="login state", context=REALM.digest, now=NOW)
    assert open_session(RING, REALM, as_cookies(encode_text(sealed)), now=NOW) is None


def test_a_session_timeout_is_absolute() -> None:
    assert not SESSION.is_expired(SESSION.expires_at - 0.5)
    assert SESSION.is_expired(SESSION.expires_at)
    refreshed = SESSION.refreshed(Tokens("a2", None, None, 3600), {"sub": "u"}, now=NOW + 500)
    assert refreshed.expires_at == SESSION.expires_at


@pytest.mark.parametrize(
    ("changes", "later", "due"),
    [
        ({}, 99, False),
        ({}, 100, True),
        ({"refresh_token": None}, 100, False),
        ({"access_expires_at": None}, 100, False),
    ],
    ids=["not yet", "expired", "no refresh token", "lifetime unknown"],
)
def test_refresh_falls_due_with_the_access_token(changes: dict[str, Any], later: int, due: bool) -> None:
    assert replace(SESSION, **changes).needs_refresh(NOW + later) is due


def test_rotated_refresh_tokens_replace_the_old_and_missing_ones_do_not() -> None:
    kept = SESSION.refreshed(Tokens("a2", None, None, 60), {"sub": "u"}, now=NOW)
    rotated = SESSION.refreshed(Tokens("a2", None, "r2", 60), {"sub": "u"}, now=NOW)
    assert (kept.refresh_token, rotated.refresh_token) == ("refresh", "r2")
    assert (kept.generation, kept.access_token, kept.access_expires_at) == (4, "a2", NOW + 60)


def test_a_zero_lifetime_still_lets_one_request_through() -> None:
    assert access_expiry(Tokens("a", None, None, 0), NOW) == NOW + 1
    assert access_expiry(Tokens("a", None, None, None), NOW) is None


def test_repr_holds_no_token_or_claim() -> None:
    assert not any(word in repr(SESSION) for word in ("access'", "refresh'", "홍"))
