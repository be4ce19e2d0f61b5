"""How a refresh ended, handed on between processes: sealed, for one session, and of use to the next."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from lb.authn.idp_client import Refused
from lb.authn.realm import build_realm
from lb.authn.refresh import Ended, Kept, Refresher, Renewal, Renewed
from lb.authn.session import Session
from lb.authn.single_flight import SingleFlight
from lb.authn.tokens import Tokens
from lb.authn.turns import SealedTurns, open_renewal, seal_renewal
from lb.reasons import Reason
from lb.sealed import KeyRing
from rules.actions import SessionPolicy

DUE = 1000
NOW = DUE + 1.0
SESSION = Session("id", {"sub": "u"}, "access-0", "refresh-0", 100_000, DUE, 0)
REALM = build_realm(binding="b", issuer="i", client_id="c", policy=SessionPolicy())
OTHER = build_realm(binding="other", issuer="i", client_id="c", policy=SessionPolicy())
RING = KeyRing.from_secrets(["a secret of the tests that is long enough"])
STRANGER = KeyRing.from_secrets(["another secret of the tests, as long"])
OUTCOMES = [
    pytest.param(Renewed(replace(SESSION, generation=1)), id="renewed"),
    pytest.param(Kept(SESSION), id="kept"),
    pytest.param(Ended(Reason.AUTH_INVALID_GRANT, 3), id="ended"),
]


@pytest.mark.parametrize("renewal", OUTCOMES)
def test_what_is_sealed_opens_for_the_same_session(renewal: Renewal) -> None:
    text = seal_renewal(RING, REALM, "id", renewal, now=NOW)
    assert open_renewal(RING, REALM, "id", text, now=NOW) == renewal
    assert "access-0" not in text


def test_it_opens_for_no_other() -> None:
    text = seal_renewal(RING, REALM, "id", Kept(SESSION), now=NOW)
    assert open_renewal(RING, REALM, "another", text, now=NOW) is None
    assert open_renewal(RING, OTHER, "id", text, now=NOW) is None
    assert open_renewal(STRANGER, REALM, "id", text, now=NOW) is None
    assert open_renewal(RING, REALM, "id", text[:-2] + "é?", now=NOW) is None
    assert open_renewal(RING, REALM, "id", text, now=NOW + 601) is None


@dataclass
class Desk:
    """What the supervisor does, in this process: a lock and a text for each session."""

    locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    async def take(self, key: str) -> str | None:
        await self.locks.setdefault(key, asyncio.Lock()).acquire()
        return self.texts.get(key)

    def settle(self, key: str, text: str | None, seconds: float) -> None:
        if text is not None:
            self.texts[key] = text
        self.locks[key].release()


@dataclass
class Provider:
    """Takes each refresh token once."""

    now: float = NOW
    good: str = "refresh-0"
    asked: list[str | None] = field(default_factory=list)
    failure: Refused | None = None

    async def talk(self, session: Session) -> Session | Refused:
        self.asked.append(session.refresh_token)
        await asyncio.sleep(0)
        if self.failure is not None:
            return self.failure
        assert session.refresh_token == self.good, "reuse: everybody is logged out"
        number = session.generation + 1
        self.good = f"refresh-{number}"
        tokens = Tokens(f"access-{number}", None, self.good, 60)
        return session.refreshed(tokens, {"sub": "u"}, now=self.now)

    def process(self, desk: Desk, ring: KeyRing = RING) -> Refresher:
        """Another process that refreshes."""
        turns = SealedTurns(desk, keys=lambda: ring, clock=lambda: self.now)
        return Refresher(clock=lambda: self.now, flights=SingleFlight(), turns=turns)


async def test_of_processes_at_once_one_refreshes_for_all() -> None:
    provider, desk = Provider(), Desk()
    processes = [provider.process(desk) for _ in range(3)]
    renewals = await asyncio.gather(*(each.renew(REALM, SESSION, provider.talk) for each in processes))
    assert provider.asked == ["refresh-0"]
    assert {each.session.access_token for each in renewals} == {"access-1"}  # type: ignore[union-attr]


async def test_a_process_with_the_old_cookie_starts_from_the_newest_refresh_token() -> None:
    provider, desk = Provider(), Desk()
    first, second = provider.process(desk), provider.process(desk)
    await first.renew(REALM, SESSION, provider.talk)
    provider.now += 61
    renewal = await second.renew(REALM, SESSION, provider.talk)
    assert isinstance(renewal, Renewed)
    assert renewal.session.access_token == "access-2"
    assert provider.asked == ["refresh-0", "refresh-1"]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        pytest.param(Refused(Reason.AUTH_INVALID_GRANT, final=True), Ended, id="refused"),
        pytest.param(Refused(Reason.AUTH_TOKEN_ENDPOINT_TIMEOUT), Kept, id="away"),
    ],
)
async def test_a_failure_is_asked_for_once(failure: Refused, kind: type) -> None:
    provider, desk = Provider(failure=failure), Desk()
    for process in (provider.process(desk), provider.process(desk)):
        assert isinstance(await process.renew(REALM, SESSION, provider.talk), kind)
    assert len(provider.asked) == 1


async def test_a_turn_is_given_back_when_the_talk_breaks_off() -> None:
    provider, desk = Provider(), Desk()

    async def fail(_: Session) -> Session | Refused:
        raise ConnectionError("cable")

    with pytest.raises(ConnectionError):
        await provider.process(desk).renew(REALM, SESSION, fail)
    assert isinstance(await provider.process(desk).renew(REALM, SESSION, provider.talk), Renewed)
