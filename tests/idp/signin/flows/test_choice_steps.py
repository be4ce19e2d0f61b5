"""USER_AUTH: choosing the first factor, mailed codes as one of them, and signing in right after sign-up."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from idp.model import UserStatus
from idp.outcomes import Challenged, Confirmed, SignedIn, SignInOutcome, SignInReason, SignInRefused
from idp.signin.flows.caller import Caller, Door
from idp.signin.flows.names import AuthFlow
from idp.signin.flows.names import ChallengeName as C
from tests.support.pools import PASSWORD, OpenScene, Scene

CODES = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}
CODE = "EMAIL_OTP_CODE"


@pytest.fixture
async def scene(open_scene: OpenScene) -> Scene:
    return await open_scene(Policies=CODES)


def caller(scene: Scene) -> Caller:
    return Caller(scene.pool, scene.client, "192.0.2.1", Door.API, truthful=False)


async def start(scene: Scene, username: str = "ann", **more: str) -> Challenged:
    parameters = {"USERNAME": username, **more}
    asked = await scene.core.signin.start(caller(scene), AuthFlow.USER_AUTH, parameters)
    assert isinstance(asked, Challenged), asked
    return asked


async def answer(
    scene: Scene, asked: Challenged, responses: Mapping[str, str], name: C | None = None
) -> SignInOutcome:
    return await scene.core.signin.answer(
        caller(scene), name or asked.name, session=asked.session, responses=responses
    )


async def mailed_code(scene: Scene) -> str:
    await scene.core.outbox.drain()
    body = (await scene.core.outbox.messages())[0].body
    return next(word.strip(".") for word in body.split() if word.strip(".").isdecimal())


def reason_of(outcome: object) -> SignInReason | str:
    return outcome.reason if isinstance(outcome, SignInRefused) else type(outcome).__name__


async def test_a_mailed_code_alone_signs_in_once(scene: Scene) -> None:
    await scene.add()
    offered = await start(scene)
    assert set(offered.available) == {C.PASSWORD, C.PASSWORD_SRP, C.EMAIL_OTP}
    asked = await answer(scene, offered, {"ANSWER": "EMAIL_OTP"})
    assert isinstance(asked, Challenged)
    assert asked.parameters["CODE_DELIVERY_DELIVERY_MEDIUM"] == "EMAIL"
    code = await mailed_code(scene)
    assert reason_of(await answer(scene, asked, {CODE: "00000000"})) is SignInReason.CODE_MISMATCH
    done = await answer(scene, asked, {CODE: code})
    assert isinstance(done, SignedIn)
    assert done.amr == ("email_otp",)
    assert reason_of(await answer(scene, asked, {CODE: code})) is SignInReason.SESSION_INVALID


async def test_nobody_is_offered_and_asked_what_anybody_is(scene: Scene) -> None:
    await scene.add("anna")
    seen = []
    for name in ("anna", "gina"):
        offered = await start(scene, name)
        asked = await answer(scene, offered, {"ANSWER": "EMAIL_OTP"})
        assert isinstance(asked, Challenged)
        refused = await answer(scene, asked, {CODE: "00000000"})
        seen.append(
            (
                offered.available,
                len(offered.session),
                set(asked.parameters),
                len(asked.session),
                reason_of(refused),
            )
        )
    assert seen[0] == seen[1]


async def test_a_preferred_code_is_sent_at_once(scene: Scene) -> None:
    await scene.add()
    asked = await start(scene, PREFERRED_CHALLENGE="EMAIL_OTP")
    assert asked.name is C.EMAIL_OTP
    assert isinstance(await answer(scene, asked, {CODE: await mailed_code(scene)}), SignedIn)


async def test_wrong_codes_lock_and_a_right_password_does_not_forgive_them(scene: Scene) -> None:
    await scene.add()
    asked = await start(scene, PREFERRED_CHALLENGE="EMAIL_OTP")
    code = await mailed_code(scene)
    for _ in range(4):
        await answer(scene, asked, {CODE: "00000000"})
    assert isinstance(await scene.sign_in(), SignedIn)
    await answer(scene, asked, {CODE: "00000000"})
    assert reason_of(await answer(scene, asked, {CODE: code})) is SignInReason.LOCKED


@pytest.mark.parametrize("given", ["WEB_AUTHN", "SMS_OTP", "CUSTOM_CHALLENGE", "NEW_PASSWORD_REQUIRED", "x"])
async def test_only_what_was_offered_can_be_chosen(scene: Scene, given: str) -> None:
    await scene.add()
    outcome = await answer(scene, await start(scene), {"ANSWER": given})
    assert reason_of(outcome) is SignInReason.PARAMETER_UNFIT


async def confirm(scene: Scene) -> str:
    await scene.sign_up()
    confirmed = await scene.core.registration.confirm(
        scene.pool, scene.client, username="ann", code=await scene.latest_code()
    )
    assert isinstance(confirmed, Confirmed)
    assert confirmed.user.status is UserStatus.CONFIRMED
    session = scene.core.signin.sign_ups.keep_confirmation(scene.pool, scene.client, confirmed.user)
    assert session is not None
    return session


async def test_who_has_just_confirmed_is_signed_in_without_another_code(scene: Scene) -> None:
    session = await confirm(scene)
    for name, expected in (("bob", "session-invalid"), ("ann", "SignedIn"), ("ann", "session-invalid")):
        outcome = await scene.core.signin.start_confirmed(caller(scene), session, {"USERNAME": name})
        assert reason_of(outcome) == expected


async def test_a_session_of_a_confirmation_answers_no_challenge_and_no_other_session_begins_so(
    scene: Scene,
) -> None:
    session = await confirm(scene)
    asked = Challenged(C.SELECT_CHALLENGE, session, None)
    for name, responses in (
        (C.SELECT_CHALLENGE, {"ANSWER": "PASSWORD"}),
        (C.EMAIL_OTP, {CODE: "1"}),
        (C.PASSWORD, {"PASSWORD": PASSWORD}),
    ):
        assert reason_of(await answer(scene, asked, responses, name)) in {
            SignInReason.SESSION_INVALID,
            SignInReason.PARAMETER_UNFIT,
        }
    offered = await start(scene)
    outcome = await scene.core.signin.start_confirmed(caller(scene), offered.session, {"USERNAME": "ann"})
    assert reason_of(outcome) is SignInReason.SESSION_INVALID


async def test_without_mailed_codes_a_confirmation_opens_nothing(open_scene: OpenScene) -> None:
    scene = await open_scene()
    user = await scene.add()
    assert scene.core.signin.sign_ups.keep_confirmation(scene.pool, scene.client, user) is None
