"""When a session is refreshed, by whom, and what a failure means."""

import asyncio
from dataclasses import replace

import pytest

from lb.authn.idp_client import Refused
from lb.authn.realm import build_realm
from lb.authn.refresh import (
    GRACE_SECONDS,
    MEMORY_SECONDS,
    RETRY_SECONDS,
    Ended,
    Kept,
    Refresher,
    Renewed,
    after_failure,
    answers_for,
)
from lb.authn.session import Session
from lb.authn.single_flight import SingleFlight
from lb.authn.tokens import Tokens
from lb.reasons import Reason
from rules.actions import SessionPolicy

DUE = 1000
SESSION = Session("id", {"sub": "u"}, "a0", "r0", 100_000, DUE, 0)
REALM = build_realm(binding="b", issuer="i", client_id="c", policy=SessionPolicy())
OTHER = build_realm(binding="other", issuer="i", client_id="c", policy=SessionPolicy())
OUTAGE = Refused(Reason.AUTH_TOKEN_ENDPOINT_TIMEOUT)
NO = Refused(Reason.AUTH_INVALID_GRANT, final=True)


class Provider:
    """Refreshes when allowed to; refresh tokens rotate."""

    def __init__(self) -> None:
        self.now = DUE + 1.0
        self.seen: list[str | None] = []
        self.failure: Refused | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.refresher = Refresher(clock=lambda: self.now, flights=SingleFlight())

    async def talk(self, session: Session) -> Session | Refused:
        self.seen.append(session.refresh_token)
        await self.gate.wait()
        if self.failure is not None:
            return self.failure
        number = session.generation + 1
        return session.refreshed(Tokens(f"a{number}", None, f"r{number}", 3600), {"sub": "u"}, now=self.now)

    async def renew(self, session: Session = SESSION, realm=REALM):
        return await self.refresher.renew(realm, session, self.talk)


@pytest.fixture
def provider() -> Provider:
    return Provider()


async def test_parallel_requests_share_one_refresh(provider) -> None:
    provider.gate.clear()
    asking = [asyncio.create_task(provider.renew()) for _ in range(10)]
    await asyncio.sleep(0)
    provider.gate.set()
    renewals = await asyncio.gather(*asking)
    assert provider.seen == ["r0"]
    assert {renewal.session.access_token for renewal in renewals} == {"a1"}


async def test_requests_with_the_old_cookie_get_the_new_session(provider) -> None:
    """A rotated refresh token spent twice makes providers revoke the whole family."""
    await provider.renew()
    provider.now += MEMORY_SECONDS - 2
    known = provider.refresher.recall(REALM, SESSION, provider.now)
    assert isinstance(known, Renewed)
    assert known.session.access_token == "a1"
    assert isinstance(await provider.renew(), Renewed)
    assert provider.seen == ["r0"]


async def test_the_memory_ends(provider) -> None:
    await provider.renew()
    assert provider.refresher.recall(REALM, SESSION, provider.now + MEMORY_SECONDS) is None


async def test_an_old_cookie_never_brings_back_an_old_refresh_token(provider) -> None:
    first = await provider.renew()
    provider.now = first.session.access_expires_at
    provider.refresher._memory.put((REALM.digest, "id"), first, expires=provider.now + 60)
    await provider.renew(SESSION)
    assert provider.seen == ["r0", "r1"]


async def test_sessions_of_other_realms_with_the_same_id_are_others(provider) -> None:
    """One user's answer must never reach another through a shared key."""
    await provider.renew()
    assert provider.refresher.recall(OTHER, SESSION, provider.now) is None
    assert provider.refresher.recall(REALM, replace(SESSION, id="other"), provider.now) is None
    await provider.renew(realm=OTHER)
    assert len(provider.seen) == 2


async def test_a_refusal_is_remembered(provider) -> None:
    provider.failure = NO
    assert isinstance(await provider.renew(), Ended)
    assert isinstance(await provider.renew(), Ended)
    assert provider.seen == ["r0"]


async def test_the_refusal_of_an_old_cookie_does_not_end_the_newer_session(provider) -> None:
    provider.failure = NO
    await provider.renew(SESSION)
    newer = replace(SESSION, generation=5, refresh_token="r5")
    assert provider.refresher.recall(REALM, newer, provider.now) is None
    provider.failure = None
    assert isinstance(await provider.renew(newer), Renewed)


async def test_an_outage_keeps_the_session_and_is_asked_about_again_later(provider) -> None:
    provider.failure = OUTAGE
    assert await provider.renew() == Kept(SESSION)
    assert provider.refresher.recall(REALM, SESSION, provider.now + RETRY_SECONDS - 1) == Kept(SESSION)
    provider.now += RETRY_SECONDS
    provider.failure = None
    assert isinstance(await provider.renew(), Renewed)


@pytest.mark.parametrize(
    ("refused", "now", "kept"),
    [
        (OUTAGE, DUE + 1, True),
        (OUTAGE, DUE + GRACE_SECONDS - 1, True),
        (OUTAGE, DUE + GRACE_SECONDS, False),
        (NO, DUE + 1, False),
    ],
    ids=["outage", "outage within grace", "outage beyond grace", "refused"],
)
def test_what_a_failure_means(refused: Refused, now: float, kept: bool) -> None:
    assert isinstance(after_failure(SESSION, refused, now), Kept if kept else Ended)


NEW = replace(SESSION, generation=1, access_expires_at=DUE + 500)


@pytest.mark.parametrize(
    ("known", "session", "now", "answers"),
    [
        (Renewed(NEW), SESSION, DUE, True),
        (Renewed(NEW), SESSION, DUE + 500, False),
        (Renewed(NEW), NEW, DUE, False),
        (Ended(NO.reason, 0), SESSION, DUE, True),
        (Ended(NO.reason, 0), NEW, DUE, False),
        (Kept(SESSION), SESSION, DUE, True),
        (Kept(SESSION), NEW, DUE, False),
    ],
    ids=["newer", "newer, due again", "same", "ended", "ended before", "kept", "kept before"],
)
def test_which_requests_an_outcome_answers(known, session: Session, now: float, answers: bool) -> None:
    assert answers_for(known, session, now) is answers
