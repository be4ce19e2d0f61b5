"""Authenticator apps: set up, replaced, used once, forgotten. pyotp is the app."""

import asyncio

import pyotp
import pytest

from idp.factors.preferences import Wish
from idp.factors.records import Factor
from idp.model import User
from idp.outcomes import UserReason, UserRefused
from idp.users.codes import Verdict
from tests.support.pools import OpenScene, Scene


def code_of(scene: Scene, seed: str) -> str:
    return pyotp.TOTP(seed).at(int(scene.clock.now()))


async def associate(scene: Scene, user: User) -> str:
    seed = await scene.core.factors.tokens.associate(scene.pool, user)
    assert isinstance(seed, str)
    return seed


async def verify(scene: Scene, user: User, code: str) -> UserReason | None:
    refused = await scene.core.factors.tokens.verify(scene.pool, user, code, device_name="phone")
    return refused.reason if refused else None


async def check(scene: Scene, user: User, code: str) -> Verdict:
    return await scene.core.factors.tokens.check(scene.pool, user, code)


async def set_up(scene: Scene, user: User) -> str:
    seed = await associate(scene, user)
    assert await verify(scene, user, code_of(scene, seed)) is None
    scene.clock.advance(60)
    return seed


async def test_a_seed_works_once_its_first_code_was_right(scene: Scene) -> None:
    user = await scene.add()
    seed = await associate(scene, user)
    assert await check(scene, user, code_of(scene, seed)) is Verdict.WRONG
    assert await verify(scene, user, "000000") is UserReason.SOFTWARE_TOKEN_UNPROVEN
    assert await verify(scene, user, code_of(scene, seed)) is None
    assert await check(scene, user, code_of(scene, seed)) is Verdict.EXPIRED, "the first code was used"
    scene.clock.advance(30)
    assert await check(scene, user, code_of(scene, seed)) is Verdict.RIGHT
    assert await scene.core.factors.tokens.device_name(scene.pool, user) == "phone"


async def test_a_new_seed_leaves_the_old_one_working_until_it_is_verified(scene: Scene) -> None:
    """Better than Cognito, where asking for a new seed locks people out (cognito.md 12.2, 27)."""
    user = await scene.add()
    old = await set_up(scene, user)
    new = await associate(scene, user)
    assert await check(scene, user, code_of(scene, old)) is Verdict.RIGHT
    assert await check(scene, user, code_of(scene, new)) is Verdict.WRONG
    assert await verify(scene, user, code_of(scene, new)) is None
    scene.clock.advance(30)
    assert await check(scene, user, code_of(scene, old)) is Verdict.WRONG
    assert await check(scene, user, code_of(scene, new)) is Verdict.RIGHT


async def test_of_two_sign_ins_at_once_with_one_code_one_gets_in(scene: Scene) -> None:
    user = await scene.add()
    code = code_of(scene, await set_up(scene, user))
    verdicts = await asyncio.gather(*(check(scene, user, code) for _ in range(5)))
    assert sorted(verdict.name for verdict in verdicts) == ["EXPIRED"] * 4 + ["RIGHT"]


async def test_a_code_of_one_user_is_no_code_of_another(scene: Scene) -> None:
    ann, bob = await scene.add("ann"), await scene.add("bob")
    seed, _ = await set_up(scene, ann), await set_up(scene, bob)
    assert await check(scene, bob, code_of(scene, seed)) is Verdict.WRONG


async def test_a_seed_at_rest_is_sealed_for_its_user(scene: Scene) -> None:
    ann, bob = await scene.add("ann"), await scene.add("bob")
    seed = await set_up(scene, ann)
    async with scene.core.store.reading() as records:
        token = await records.software_tokens.get(scene.pool.id, ann.sub)
    assert token.sealed_seed is not None
    assert seed not in token.sealed_seed
    assert token.sealed_seed not in repr(token)
    with pytest.raises(ValueError):
        scene.core.vault.open_text(token.sealed_seed, purpose=f"totp-seed:{scene.pool.id}:{bob.sub}")


async def test_nothing_to_verify_and_nothing_offered(scene: Scene, open_scene: OpenScene) -> None:
    user = await scene.add()
    assert await verify(scene, user, "123456") is UserReason.NO_SOFTWARE_TOKEN
    without = await open_scene()
    refused = await without.core.factors.tokens.associate(without.pool, user)
    assert isinstance(refused, UserRefused)
    assert refused.reason is UserReason.NO_SOFTWARE_TOKEN


async def test_deleting_takes_the_app_and_its_preference(scene: Scene) -> None:
    user = await scene.add()
    seed = await set_up(scene, user)
    factors = scene.core.factors
    assert await factors.preferences.wish(scene.pool, user, {Factor.TOTP: Wish(True, True)}) is None
    await factors.tokens.delete(scene.pool, user)
    await factors.tokens.delete(scene.pool, user)
    preference = await factors.preferences.of(scene.pool, user)
    assert (preference.enabled, preference.preferred) == ((), None)
    assert await check(scene, user, code_of(scene, seed)) is Verdict.WRONG
