"""Sessions of a sign-up: when they end, and what they were bound to (cognito.md 4.5)."""

import pytest

from idp.outcomes import Confirmed, SignInReason, SignInRefused
from idp.signin.flows.progress import Progress
from tests.support.pools import OTHER_PASSWORD, OpenScene, Scene

USER_AUTH = {"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}


@pytest.fixture
async def scene(open_scene: OpenScene) -> Scene:
    return await open_scene(
        client=USER_AUTH,
        AutoVerifiedAttributes=["phone_number"],
        Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "SMS_OTP"]}},
    )


async def begin(scene: Scene) -> tuple[str, str]:
    signed_up = await scene.sign_up("ann", phone_number="+12025550123")
    session = await scene.core.signin.sign_ups.begin(scene.pool, scene.client, signed_up.user_sub)
    assert session is not None
    return signed_up.user_sub, session


async def judge(scene: Scene, session: str) -> SignInReason | None:
    opened = await scene.core.signin.sign_ups.open(scene.pool, scene.client, session, username="ann")
    return opened.reason if isinstance(opened, SignInRefused) else None


async def test_ends_with_the_validity_of_the_clients_sessions(scene: Scene) -> None:
    _, session = await begin(scene)
    scene.clock.advance(scene.client.auth_session_seconds - 1)
    assert await judge(scene, session) is None
    scene.clock.advance(1)
    assert await judge(scene, session) is SignInReason.SESSION_EXPIRED


async def test_ends_with_the_password_it_began_with(scene: Scene) -> None:
    _, session = await begin(scene)
    await scene.core.administration.set_password(scene.pool, "ann", OTHER_PASSWORD, permanent=True)
    assert await judge(scene, session) is SignInReason.SESSION_INVALID


async def test_of_two_confirmations_at_a_time_one_spends_it(scene: Scene) -> None:
    _, session = await begin(scene)
    sign_ups = scene.core.signin.sign_ups
    opened = await sign_ups.open(scene.pool, scene.client, session, username="ann")
    assert isinstance(opened, Progress)
    assert [await sign_ups.spend(opened), await sign_ups.spend(opened)] == [True, False]
    assert await judge(scene, session) is SignInReason.SESSION_INVALID


async def test_a_texted_code_is_a_first_factor_too(scene: Scene) -> None:
    await begin(scene)
    confirmed = await scene.core.registration.confirm(
        scene.pool, scene.client, username="ann", code=await scene.latest_code()
    )
    assert isinstance(confirmed, Confirmed)
    assert scene.core.signin.sign_ups.keep_confirmation(scene.pool, scene.client, confirmed.user) is not None
