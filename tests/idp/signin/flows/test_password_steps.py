"""Proving a password by SRP: equal work and equal answers for whoever is not let in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.outcomes import Challenged, SignedIn, SignInOutcome, SignInReason, SignInRefused
from idp.signin import srp
from idp.signin.flows.caller import Caller, Door
from idp.signin.flows.names import AuthFlow, ChallengeName
from tests.support.pools import OTHER_PASSWORD, PASSWORD, Scene
from tests.support.sign_in_pool import SrpClient

WRONG = "Wrong-Horse-77"


def caller(scene: Scene, *, hides: bool = True) -> Caller:
    return Caller(scene.pool, scene.client, "192.0.2.1", Door.API, truthful=not hides)


async def sign_in(scene: Scene, username: str, password: str = PASSWORD) -> SignInOutcome:
    half = SrpClient(password)
    parameters = {"USERNAME": username, "SRP_A": half.a}
    begun = await scene.core.signin.start(caller(scene), AuthFlow.USER_SRP_AUTH, parameters)
    assert isinstance(begun, Challenged), begun
    return await scene.core.signin.answer(
        caller(scene),
        ChallengeName.PASSWORD_VERIFIER,
        session=None,
        responses=half.claim(dict(begun.parameters), now=scene.clock.now()),
    )


@pytest.fixture
def powers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the powers of the server's half."""
    counted: list[int] = []
    real = srp.power

    def power(base: int, exponent: int) -> int:
        counted.append(exponent)
        return real(base, exponent)

    monkeypatch.setattr(srp, "power", power)
    return counted


async def test_whoever_is_not_let_in_costs_the_same_and_hears_the_same(
    scene: Scene, powers: list[int]
) -> None:
    """Nobody, a wrong password, a disabled user, a user without a verifier, and one of another directory."""
    for name in ("ann", "dis", "bare"):
        await scene.add(name)
    await scene.core.administration.disable(scene.pool, "dis")
    bare = await scene.core.administration.get(scene.pool, "bare")
    async with scene.core.store.writing() as records:
        key = (scene.pool.id, bare[0].sub)  # type: ignore[index]
        await records.users.update(key, lambda old: replace(old, srp_verifier=None))
    told = []
    for name, password in (("ghost", PASSWORD), ("ann", WRONG), ("dis", PASSWORD), ("bare", PASSWORD)):
        powers.clear()
        outcome = await sign_in(scene, name, password)
        told.append((repr(outcome), len(powers)))
    assert len(set(told)) == 1, told
    assert "incorrect" in told[0][0]
    assert isinstance(await sign_in(scene, "ann"), SignedIn)


async def test_sessions_and_blocks_have_one_length_whoever_they_are_about(scene: Scene) -> None:
    lengths = set()
    await scene.add("anna")
    for name in ("anna", "gina"):
        parameters = {"USERNAME": name, "SRP_A": SrpClient().a}
        begun = await scene.core.signin.start(caller(scene), AuthFlow.USER_SRP_AUTH, parameters)
        assert isinstance(begun, Challenged)
        lengths.add((len(begun.session), len(begun.parameters["SECRET_BLOCK"])))
    assert len(lengths) == 1


async def test_a_password_that_changes_between_the_messages_ends_the_attempt(scene: Scene) -> None:
    await scene.add()
    half = SrpClient()
    parameters = {"USERNAME": "ann", "SRP_A": half.a}
    begun = await scene.core.signin.start(caller(scene), AuthFlow.USER_SRP_AUTH, parameters)
    assert isinstance(begun, Challenged)
    await scene.core.administration.set_password(scene.pool, "ann", OTHER_PASSWORD, permanent=True)
    outcome = await scene.core.signin.answer(
        caller(scene),
        ChallengeName.PASSWORD_VERIFIER,
        session=begun.session,
        responses=half.claim(dict(begun.parameters), now=scene.clock.now()),
    )
    assert isinstance(outcome, SignInRefused)
    assert outcome.reason is SignInReason.INCORRECT
    assert isinstance(await sign_in(scene, "ann", OTHER_PASSWORD), SignedIn)


async def test_a_flood_of_exchanges_is_turned_away(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.users.passwords.MOST_WAITING", 0)
    parameters = {"USERNAME": "ghost", "SRP_A": "2"}
    outcome = await scene.core.signin.start(caller(scene), AuthFlow.USER_SRP_AUTH, parameters)
    assert isinstance(outcome, SignInRefused)
    assert outcome.reason is SignInReason.BUSY


async def test_no_tokens_for_a_proof_that_is_outdated(scene: Scene) -> None:
    """Between the last proof and the tokens, the password may change and the user be disabled or deleted."""
    for what in ("set_password", "disable", "delete"):
        name = f"user-{what}"
        await scene.add(name)
        signed_in = await sign_in(scene, name)
        assert isinstance(signed_in, SignedIn)
        more = {"permanent": True} if what == "set_password" else {}
        change = getattr(scene.core.administration, what)
        await change(scene.pool, name, *([OTHER_PASSWORD] if more else []), **more)
        done = await scene.core.completion.complete(caller(scene), signed_in, user_agent="")
        assert done is None
