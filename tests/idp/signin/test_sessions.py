"""The hosted pages' browser session: one hour from the sign-in, and what ends it."""

import pytest

from idp.model import User
from tests.support.pools import OTHER_PASSWORD, Scene


async def open_session(scene: Scene) -> tuple[User, str]:
    user = await scene.add()
    return user, await scene.core.sessions.create(scene.pool, user, auth_time=int(scene.clock.now()))


async def test_leads_back_to_the_user_for_an_hour_and_no_longer(scene: Scene) -> None:
    user, token = await open_session(scene)
    signed_in_at = int(scene.clock.now())
    scene.clock.advance(3599)
    assert await scene.core.sessions.lookup(scene.pool, token) == (user, signed_in_at)
    scene.clock.advance(1)
    assert await scene.core.sessions.lookup(scene.pool, token) is None


async def test_use_does_not_extend_it(scene: Scene) -> None:
    _user, token = await open_session(scene)
    for _ in range(4):
        scene.clock.advance(900)
        await scene.core.sessions.lookup(scene.pool, token)
    assert await scene.core.sessions.lookup(scene.pool, token) is None


@pytest.mark.parametrize("token", ["", "made-up", "\x00", "é" * 99])
async def test_made_up_tokens_lead_nowhere_and_end_quietly(scene: Scene, token: str) -> None:
    assert await scene.core.sessions.lookup(scene.pool, token) is None
    await scene.core.sessions.end(token)


async def test_ends_at_logout(scene: Scene) -> None:
    _user, token = await open_session(scene)
    await scene.core.sessions.end(token)
    assert await scene.core.sessions.lookup(scene.pool, token) is None


@pytest.mark.parametrize("how", ["disable", "delete", "reset"])
async def test_ends_when_an_administrator_takes_access_away(scene: Scene, how: str) -> None:
    _user, token = await open_session(scene)
    await getattr(scene.core.administration, how)(scene.pool, "ann")
    assert await scene.core.sessions.lookup(scene.pool, token) is None
    if how == "disable":
        await scene.core.administration.enable(scene.pool, "ann")
        assert await scene.core.sessions.lookup(scene.pool, token) is None


async def test_ends_when_the_password_is_recovered(scene: Scene) -> None:
    _user, token = await open_session(scene)
    recovery = scene.core.recovery
    await recovery.forgot(scene.pool, scene.client, username="ann")
    code = await scene.latest_code()
    await recovery.confirm_forgot(
        scene.pool, scene.client, username="ann", code=code, new_password=OTHER_PASSWORD
    )
    assert await scene.core.sessions.lookup(scene.pool, token) is None
