"""The hosted pages' browser session: one hour from the sign-in, and what ends it."""

import pytest

from idp.model import User
from idp.outcomes import SignedIn
from tests.support.pools import OTHER_PASSWORD, Scene


async def open_session(scene: Scene) -> tuple[User, str]:
    user = await scene.add()
    token = await scene.core.sessions.create(scene.pool, user, auth_time=int(scene.clock.now()))
    assert token is not None
    return user, token


async def test_leads_back_to_the_user_for_an_hour_and_no_longer(scene: Scene) -> None:
    user, token = await open_session(scene)
    signed_in_at = int(scene.clock.now())
    scene.clock.advance(3599)
    assert await scene.core.sessions.lookup(scene.pool, token) == (user, signed_in_at, ())
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


@pytest.mark.parametrize("how", ["disable", "delete", "reset", "new password"])
async def test_none_opens_for_a_password_that_was_checked_before_access_was_taken_away(
    scene: Scene, how: str
) -> None:
    """Checking a password takes a while; what ends sessions must not miss the one that comes after."""
    await scene.add()
    signed_in = await scene.sign_in()
    assert isinstance(signed_in, SignedIn)
    administration = scene.core.administration
    if how == "new password":
        await administration.set_password(scene.pool, "ann", OTHER_PASSWORD, permanent=True)
    else:
        await getattr(administration, how)(scene.pool, "ann")
    user, auth_time = signed_in.user, signed_in.auth_time
    assert await scene.core.sessions.create(scene.pool, user, auth_time=auth_time) is None
