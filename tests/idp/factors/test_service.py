"""The factors as the flows see them: what is wanted, what is asked, what passes."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyotp
import pytest

from idp.factors.preferences import Wish
from idp.factors.records import Factor, FactorSettings, Mfa
from idp.factors.service import SEED, SET_UP_DONE
from idp.model import Pool, User, UserStatus
from idp.outcomes import SignInReason, SignInRefused, UserRefused
from idp.signin.flows.factors import Asked, FactorTurn, Passed, Wanted
from idp.signin.flows.names import ChallengeName as Name
from tests.support.authenticator import Authenticator
from tests.support.pools import PUBLIC_URL, Scene

PHONE = "+12025550123"


def turn_of(scene: Scene, user: User | None, **options: Any) -> FactorTurn:
    name = user.username if user else "nobody@example.com"
    return FactorTurn(scene.pool, scene.client, user, name, **options)


async def start(scene: Scene, turn: FactorTurn, name: Name) -> Asked:
    asked = await scene.core.factors.start(turn, name)
    assert isinstance(asked, Asked), asked
    return asked


async def check(
    scene: Scene,
    turn: FactorTurn,
    name: Name,
    answer: Mapping[str, str],
    state: Mapping[str, str] | None = None,
) -> Passed | Asked | SignInReason:
    checked = await scene.core.factors.check(turn, name, answer=answer, state=state or {})
    return checked.reason if isinstance(checked, SignInRefused) else checked


async def sent_code(scene: Scene) -> tuple[str, str]:
    """Recipient and code of the newest message."""
    await scene.core.outbox.drain()
    newest = (await scene.core.outbox.messages())[0]
    found = re.search(r"\d{6,8}", newest.body)
    assert found
    return newest.recipient, found.group()


async def switch_on(scene: Scene, user: User, *factors: Factor) -> None:
    wishes = {factor: Wish(enabled=True) for factor in factors}
    assert await scene.core.factors.preferences.wish(scene.pool, user, wishes) is None


MESSAGES = [
    (Name.SMS_MFA, False, "SMS", "+*******0123", PHONE, "SMS_MFA_CODE", 6, "sms"),
    (Name.EMAIL_OTP, False, "EMAIL", "a***@e***", "ann@example.com", "EMAIL_OTP_CODE", 6, "email_otp"),
    (Name.SMS_OTP, True, "SMS", "+*******0123", PHONE, "SMS_OTP_CODE", 8, "sms"),
    (Name.EMAIL_OTP, True, "EMAIL", "a***@e***", "ann@example.com", "EMAIL_OTP_CODE", 8, "email_otp"),
]
IDS = [f"{name} {'first' if first else 'second'}" for name, first, *_ in MESSAGES]


@pytest.mark.parametrize(
    ("name", "first", "medium", "masked", "to", "key", "digits", "amr"), MESSAGES, ids=IDS
)
async def test_a_code_by_message_is_sent_and_works_once(
    scene: Scene, name: Name, first: bool, medium: str, masked: str, to: str, key: str, digits: int, amr: str
) -> None:
    user = await scene.add(phone_number=PHONE)
    turn = turn_of(scene, user, is_first=first)
    asked = await start(scene, turn, name)
    assert asked.parameters == {
        "CODE_DELIVERY_DELIVERY_MEDIUM": medium,
        "CODE_DELIVERY_DESTINATION": masked,
    }
    recipient, code = await sent_code(scene)
    assert (recipient, len(code)) == (to, digits)
    assert code not in repr(asked)
    passed = await check(scene, turn, name, {key: code}, asked.state)
    assert isinstance(passed, Passed)
    assert (passed.amr, passed.is_multi_factor) == ((amr,), False)
    assert await check(scene, turn, name, {key: code}, asked.state) is SignInReason.CODE_EXPIRED


async def test_a_code_lives_as_long_as_the_sign_in(scene: Scene) -> None:
    user = await scene.add()
    turn = turn_of(scene, user)
    await start(scene, turn, Name.EMAIL_OTP)
    _, code = await sent_code(scene)
    scene.clock.advance(scene.client.auth_session_seconds)
    assert await check(scene, turn, Name.EMAIL_OTP, {"EMAIL_OTP_CODE": code}) is SignInReason.CODE_EXPIRED


async def test_five_wrong_guesses_end_a_code_and_sends_are_limited(scene: Scene) -> None:
    user = await scene.add()
    turn = turn_of(scene, user)
    await start(scene, turn, Name.EMAIL_OTP)
    _, code = await sent_code(scene)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        reason = await check(scene, turn, Name.EMAIL_OTP, {"EMAIL_OTP_CODE": wrong})
        assert reason is SignInReason.CODE_MISMATCH
    assert await check(scene, turn, Name.EMAIL_OTP, {"EMAIL_OTP_CODE": code}) is SignInReason.CODE_EXPIRED
    for _ in range(4):
        await start(scene, turn, Name.EMAIL_OTP)
    refused = await scene.core.factors.start(turn, Name.EMAIL_OTP)
    assert isinstance(refused, SignInRefused)
    assert refused.reason is SignInReason.LIMIT_EXCEEDED


async def test_a_code_for_the_first_step_is_none_for_the_second(scene: Scene) -> None:
    """Anybody may have a first code sent; the second is for whoever knew the password."""
    user = await scene.add()
    await start(scene, turn_of(scene, user, is_first=True), Name.EMAIL_OTP)
    _, code = await sent_code(scene)
    second = await check(scene, turn_of(scene, user), Name.EMAIL_OTP, {"EMAIL_OTP_CODE": code})
    assert second is SignInReason.CODE_EXPIRED


async def test_a_code_that_went_to_an_old_address_is_wrong(scene: Scene) -> None:
    user = await scene.add()
    await start(scene, turn_of(scene, user), Name.EMAIL_OTP)
    _, code = await sent_code(scene)
    moved = replace(user, attributes={**user.attributes, "email": "new@example.com"})
    answer = {"EMAIL_OTP_CODE": code}
    assert await check(scene, turn_of(scene, moved), Name.EMAIL_OTP, answer) is SignInReason.CODE_MISMATCH


async def test_a_right_code_verifies_where_it_went(scene: Scene) -> None:
    user = await scene.add(phone_number=PHONE)
    assert not user.has_verified("phone_number")
    turn = turn_of(scene, user)
    await start(scene, turn, Name.SMS_MFA)
    passed = await check(scene, turn, Name.SMS_MFA, {"SMS_MFA_CODE": (await sent_code(scene))[1]})
    assert isinstance(passed, Passed)
    assert passed.user.has_verified("phone_number")


async def test_nobody_is_asked_like_somebody_and_nothing_is_sent(scene: Scene) -> None:
    for name, medium in ((Name.EMAIL_OTP, "EMAIL"), (Name.SMS_OTP, "SMS")):
        turn = turn_of(scene, None, is_first=True)
        asked = await start(scene, turn, name)
        assert asked.parameters["CODE_DELIVERY_DELIVERY_MEDIUM"] == medium
        assert asked.parameters == (await start(scene, turn, name)).parameters
        for _ in range(5):
            answer = {"EMAIL_OTP_CODE": "12345678", "SMS_OTP_CODE": "12345678"}
            assert await check(scene, turn, name, answer) is SignInReason.CODE_MISMATCH
        assert await check(scene, turn, name, answer) is SignInReason.CODE_EXPIRED
    assert await scene.mail_count() == 0


async def test_a_code_confirms_an_account_and_drops_a_password_that_may_be_a_strangers(scene: Scene) -> None:
    """Whoever signed up with somebody else's address must not get in once its owner does."""
    signed_up = await scene.sign_up("ann")
    async with scene.core.store.reading() as records:
        user = await records.users.get(scene.pool.id, signed_up.user_sub)
    assert Name.EMAIL_OTP in await scene.core.factors.first_factors(scene.pool, scene.client, user)
    turn = turn_of(scene, user, is_first=True)
    await start(scene, turn, Name.EMAIL_OTP)
    passed = await check(scene, turn, Name.EMAIL_OTP, {"EMAIL_OTP_CODE": (await sent_code(scene))[1]})
    assert isinstance(passed, Passed)
    assert passed.user.status is UserStatus.CONFIRMED
    assert passed.user.has_verified("email")
    assert (passed.user.password_hash, passed.user.srp_verifier) == (None, None)


async def test_an_app_is_asked_for_and_its_code_passes_once(scene: Scene) -> None:
    user = await scene.add()
    seed = await scene.core.factors.tokens.associate(scene.pool, user)
    assert isinstance(seed, str)
    code = pyotp.TOTP(seed).at(int(scene.clock.now()))
    assert await scene.core.factors.tokens.verify(scene.pool, user, code, device_name="My phone") is None
    await switch_on(scene, user, Factor.TOTP)
    assert await scene.core.factors.wanted(scene.pool, scene.client, user) == Wanted(
        (Name.SOFTWARE_TOKEN_MFA,)
    )
    scene.clock.advance(30)
    turn = turn_of(scene, user)
    asked = await start(scene, turn, Name.SOFTWARE_TOKEN_MFA)
    assert asked.parameters == {"FRIENDLY_DEVICE_NAME": "My phone"}
    answer = {"SOFTWARE_TOKEN_MFA_CODE": pyotp.TOTP(seed).at(int(scene.clock.now()))}
    assert isinstance(await check(scene, turn, Name.SOFTWARE_TOKEN_MFA, answer), Passed)
    assert await check(scene, turn, Name.SOFTWARE_TOKEN_MFA, answer) is SignInReason.CODE_EXPIRED
    wrong = {"SOFTWARE_TOKEN_MFA_CODE": "000000"}
    assert await check(scene, turn, Name.SOFTWARE_TOKEN_MFA, wrong) is SignInReason.CODE_MISMATCH
    assert await check(scene, turn, Name.SOFTWARE_TOKEN_MFA, {}) is SignInReason.CODE_MISMATCH


async def test_whoever_switched_a_second_factor_on_begins_with_the_password(scene: Scene) -> None:
    user = await scene.add(phone_number=PHONE)
    factors = scene.core.factors
    assert await factors.first_factors(scene.pool, scene.client, user) == (Name.EMAIL_OTP, Name.SMS_OTP)
    turn = turn_of(scene, user, is_first=True)
    await start(scene, turn, Name.EMAIL_OTP)
    _, code = await sent_code(scene)
    await switch_on(scene, user, Factor.SMS)
    assert await factors.first_factors(scene.pool, scene.client, user) == ()
    answer = {"EMAIL_OTP_CODE": code}
    assert await check(scene, turn, Name.EMAIL_OTP, answer) is SignInReason.FACTOR_UNAVAILABLE


@pytest.mark.parametrize(
    "change",
    [{"enabled": False}, {"status": UserStatus.FORCE_CHANGE_PASSWORD}, {"status": UserStatus.RESET_REQUIRED}],
    ids=["disabled", "temporary password", "reset required"],
)
async def test_who_cannot_begin_without_a_password(scene: Scene, change: dict[str, Any]) -> None:
    user = replace(await scene.add(), **change)
    assert await scene.core.factors.first_factors(scene.pool, scene.client, user) == ()


async def test_a_passkey_passes_and_says_what_it_was(scene: Scene) -> None:
    user, device = await scene.add(), Authenticator(PUBLIC_URL, attachment="cross-platform")
    passkeys = scene.core.factors.passkeys
    options = await passkeys.start_registration(scene.pool, user)
    assert isinstance(options, dict)
    await passkeys.complete_registration(scene.pool, user, device.create(options))
    assert Name.WEB_AUTHN in await scene.core.factors.first_factors(scene.pool, scene.client, user)
    assert set(await scene.core.factors.configured(scene.pool, user)) == {
        "PASSWORD",
        "EMAIL_OTP",
        "WEB_AUTHN",
    }
    turn = turn_of(scene, user, is_first=True)
    asked = await start(scene, turn, Name.WEB_AUTHN)
    wanted = json.loads(asked.parameters["CREDENTIAL_REQUEST_OPTIONS"])
    answer = {"CREDENTIAL": json.dumps(device.get(wanted))}
    assert (
        await check(scene, turn, Name.WEB_AUTHN, {"CREDENTIAL": "{}"}, asked.state) is SignInReason.INCORRECT
    )
    passed = await check(scene, turn, Name.WEB_AUTHN, answer, asked.state)
    assert passed == Passed(user, ("hwk",))
    assert await check(scene, turn, Name.WEB_AUTHN, answer, asked.state) is SignInReason.INCORRECT


REQUIRED = FactorSettings(Mfa.ON, (Factor.TOTP, Factor.EMAIL))


@pytest.fixture
async def required(scene: Scene) -> Scene:
    scene.pool = replace(scene.pool, recovery=("verified_email", "verified_phone_number"))
    scene.set_factors(REQUIRED)
    return scene


async def test_an_app_is_set_up_in_the_middle_of_a_sign_in(required: Scene) -> None:
    scene, factors = required, required.core.factors
    user = await scene.add()
    assert await factors.wanted(scene.pool, scene.client, user) == Wanted(set_up=(Name.SOFTWARE_TOKEN_MFA,))
    turn = turn_of(scene, user)
    asked = await start(scene, turn, Name.MFA_SETUP)
    assert json.loads(asked.parameters["MFAS_CAN_SETUP"]) == ["SOFTWARE_TOKEN_MFA"]
    seed = await factors.hand_out_seed(turn)
    assert isinstance(seed, str)
    state, code = {SEED: seed}, pyotp.TOTP(seed).at(int(scene.clock.now()))
    assert isinstance(await factors.take_first_code(turn, state, "000000", name=""), UserRefused)
    assert await check(scene, turn, Name.MFA_SETUP, {}, state) is SignInReason.SOFTWARE_TOKEN_UNAVAILABLE
    assert await factors.take_first_code(turn, state, code, name="phone") is None
    assert await check(scene, turn, Name.MFA_SETUP, {}, {SET_UP_DONE: "1"}) == Passed(user, ("otp",))
    assert (await factors.preferences.of(scene.pool, user)).preferred is Factor.TOTP
    assert await factors.wanted(scene.pool, scene.client, user) == Wanted((Name.SOFTWARE_TOKEN_MFA,))


async def test_a_sign_in_that_began_before_replaces_no_app(required: Scene) -> None:
    """Somebody with the password alone begins a set-up, waits until its owner did theirs, and goes on."""
    scene, factors = required, required.core.factors
    user = await scene.add()
    turn = turn_of(scene, user)
    mine, theirs = await factors.hand_out_seed(turn), await factors.hand_out_seed(turn)
    assert isinstance(mine, str)
    assert isinstance(theirs, str)
    now = int(scene.clock.now())
    assert await factors.take_first_code(turn, {SEED: mine}, pyotp.TOTP(mine).at(now), name="") is None
    refused = await factors.take_first_code(turn, {SEED: theirs}, pyotp.TOTP(theirs).at(now), name="")
    assert isinstance(refused, UserRefused)
    assert isinstance(await factors.hand_out_seed(turn), UserRefused)
    assert isinstance(
        await factors.tokens.install(scene.pool, user, theirs, pyotp.TOTP(theirs).at(now), name=""),
        UserRefused,
    )


async def test_an_address_is_set_up_in_the_middle_of_a_sign_in(scene: Scene) -> None:
    scene.set_factors(REQUIRED)
    added = await scene.core.administration.add(
        scene.pool, username="bob", password="Correct-Horse-9", permanent=True
    )
    assert not isinstance(added, UserRefused)
    turn = turn_of(scene, added.user)
    assert (
        await check(scene, turn, Name.MFA_SETUP, {"email": "nonsense"})
        is SignInReason.SOFTWARE_TOKEN_UNAVAILABLE
    )
    asked = await check(scene, turn, Name.MFA_SETUP, {"email": "bob@example.com"})
    assert isinstance(asked, Asked)
    assert asked.name is Name.EMAIL_OTP
    recipient, code = await sent_code(scene)
    assert recipient == "bob@example.com"
    assert await check(scene, turn, Name.EMAIL_OTP, {"EMAIL_OTP_CODE": code}) is SignInReason.CODE_MISMATCH
    passed = await check(scene, turn, Name.EMAIL_OTP, {"EMAIL_OTP_CODE": code}, asked.state)
    assert isinstance(passed, Passed)
    assert passed.user.has_verified("email")
    assert (await scene.core.factors.preferences.of(scene.pool, passed.user)).preferred is Factor.EMAIL


async def test_where_nothing_can_be_had_an_administrator_has_to_help(scene: Scene) -> None:
    user = await scene.add()
    settings = replace(scene.pool.factors, mfa=Mfa.ON, enabled=(Factor.SMS,))
    pool: Pool = replace(scene.pool, factors=settings)
    assert await scene.core.factors.wanted(pool, scene.client, user) == Wanted(is_impossible=True)
