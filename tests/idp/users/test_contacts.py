"""Where codes of sign-up and recovery go."""

from dataclasses import replace

import pytest

from idp.clock import ManualClock
from idp.factors.preferences import Wish
from idp.factors.records import Factor, FactorSettings, Mfa
from idp.model import Pool, Secret, User, UserStatus
from idp.outbox.base import Outbox
from idp.outbox.settings import SmsSettings
from idp.outbox.webhook import WebhookCarrier
from idp.outcomes import Confirmed, Delivery, SignedIn, UserReason, UserRefused
from idp.users.contacts import (
    Contact,
    find_sign_up_contact,
    list_barred,
    list_recovery_attributes,
    simulate,
)
from tests.support.pools import OTHER_PASSWORD, OpenScene, Scene

PHONE, MAIL = "+12025550123", "ann@example.com"
BY_PHONE = {"RecoveryMechanisms": [{"Name": "verified_phone_number", "Priority": 1}]}
BOTH = {
    "RecoveryMechanisms": [
        {"Name": "verified_email", "Priority": 1},
        {"Name": "verified_phone_number", "Priority": 2},
    ]
}


def make(pool: Pool, **attributes: str) -> User:
    return User(pool.id, "sub", "ann", UserStatus.CONFIRMED, 0, 0, attributes=attributes)


POOL = Pool("local_1", "staff")
SIGN_UP = {
    "mail": (("email",), {"email": MAIL, "phone_number": PHONE}, Contact("email", MAIL)),
    "phone": (("phone_number",), {"email": MAIL, "phone_number": PHONE}, Contact("phone_number", PHONE)),
    "both": (
        ("email", "phone_number"),
        {"email": MAIL, "phone_number": PHONE},
        Contact("phone_number", PHONE),
    ),
    "both, but no number": (("email", "phone_number"), {"email": MAIL}, Contact("email", MAIL)),
    "neither": ((), {"email": MAIL}, None),
}


@pytest.mark.parametrize(("verified", "attributes", "expected"), SIGN_UP.values(), ids=SIGN_UP)
def test_where_the_code_of_a_sign_up_goes(
    verified: tuple[str, ...], attributes: dict[str, str], expected: Contact | None
) -> None:
    pool = replace(POOL, auto_verified=verified)
    assert find_sign_up_contact(pool, make(pool, **attributes)) == expected
    assert find_sign_up_contact(pool, None) is None


class Leaving:
    """Mails that leave; what else there is of a carrier nobody asks for."""

    is_inbox = False


def test_text_messages_are_a_way_only_where_something_delivers_them() -> None:
    sms = WebhookCarrier(SmsSettings("http://localhost:1/", Secret("s" * 16)), ManualClock())
    inbox = Leaving()
    inbox.is_inbox = True
    without = Outbox(Leaving(), inbox)  # type: ignore[arg-type]
    assert list_recovery_attributes(POOL, without) == ("email",)
    assert list_recovery_attributes(POOL, Outbox(Leaving(), sms)) == ("phone_number", "email")  # type: ignore[arg-type]
    assert list_recovery_attributes(POOL, Outbox(inbox)) == ("phone_number", "email")  # type: ignore[arg-type]


BARRED = {
    "no MFA": (FactorSettings(), ("verified_email",), (Factor.EMAIL,), set()),
    "a chosen one": (FactorSettings(Mfa.OPTIONAL, tuple(Factor)), (), (Factor.EMAIL,), {"email"}),
    "an app": (FactorSettings(Mfa.ON, tuple(Factor)), ("verified_email",), (Factor.TOTP,), set()),
    "what is taken anyway": (
        FactorSettings(Mfa.ON, tuple(Factor)),
        ("verified_email", "verified_phone_number"),
        (),
        {"phone_number"},
    ),
    "no setting and nothing chosen": (FactorSettings(Mfa.ON, tuple(Factor)), (), (), set()),
}


@pytest.mark.parametrize(("settings", "recovery", "enabled", "expected"), BARRED.values(), ids=BARRED)
def test_a_second_factor_recovers_no_password(
    settings: FactorSettings, recovery: tuple[str, ...], enabled: tuple[Factor, ...], expected: set[str]
) -> None:
    pool = replace(POOL, factors=settings, recovery=recovery)
    assert list_barred(pool, make(pool, email=MAIL, phone_number=PHONE), enabled) == expected


async def newest(scene: Scene) -> tuple[str, str]:
    await scene.core.outbox.drain()
    message = (await scene.core.outbox.messages())[0]
    return message.recipient, await scene.latest_code()


async def forgot(scene: Scene, username: str) -> Delivery | UserRefused:
    return await scene.core.recovery.forgot(scene.pool, scene.client, username=username)


async def reset(scene: Scene, username: str, code: str) -> object:
    return await scene.core.recovery.confirm_forgot(
        scene.pool, scene.client, username=username, code=code, new_password=OTHER_PASSWORD
    )


async def test_a_number_is_verified_at_sign_up(open_scene: OpenScene) -> None:
    scene = await open_scene(AutoVerifiedAttributes=["phone_number"], SmsVerificationMessage="Hello {####}")
    signed_up = await scene.sign_up("ann", phone_number=PHONE)
    assert signed_up.delivery == Delivery("+*******0123", "SMS", "phone_number")
    recipient, code = await newest(scene)
    assert recipient == PHONE
    confirmed = await scene.core.registration.confirm(scene.pool, scene.client, username="ann", code=code)
    assert isinstance(confirmed, Confirmed)
    assert confirmed.user.has_verified("phone_number")
    assert not confirmed.user.has_verified("email")


async def test_a_password_is_recovered_by_phone(open_scene: OpenScene) -> None:
    scene = await open_scene(AccountRecoverySetting=BY_PHONE)
    await scene.add(phone_number=PHONE, phone_number_verified="true")
    await scene.add("bob", phone_number=PHONE)
    assert await forgot(scene, "ann") == Delivery("+*******0123", "SMS", "phone_number")
    recipient, code = await newest(scene)
    assert recipient == PHONE
    assert isinstance(await reset(scene, "ann", code), Confirmed)
    assert isinstance(await scene.sign_in(password=OTHER_PASSWORD), SignedIn)
    nobody, unverified = await forgot(scene, "nobody"), await forgot(scene, "bob")
    assert isinstance(nobody, Delivery)
    assert isinstance(unverified, Delivery)
    assert (nobody.medium, unverified.medium) == ("SMS", "SMS")
    assert await scene.mail_count() == 1


async def test_the_second_factor_is_not_the_way_to_a_new_password(open_scene: OpenScene) -> None:
    """Whoever reads the mailbox would have both steps."""
    scene = await open_scene(
        MfaConfiguration="OPTIONAL", EnabledMfas=["EMAIL_OTP", "SMS_MFA"], AccountRecoverySetting=BOTH
    )
    user = await scene.add(phone_number=PHONE, phone_number_verified="true")
    preferences = scene.core.factors.preferences
    assert await forgot(scene, "ann") == Delivery("a***@e***")
    _, code = await newest(scene)
    assert await preferences.wish(scene.pool, user, {Factor.EMAIL: Wish(True, True)}) is None
    refused = await reset(scene, "ann", code)
    assert isinstance(refused, UserRefused)
    assert refused.reason is UserReason.CODE_MISMATCH
    assert (await forgot(scene, "ann")).medium == "SMS"  # type: ignore[union-attr]
    assert await preferences.wish(scene.pool, user, {Factor.SMS: Wish(enabled=True)}) is None
    before = await scene.mail_count()
    told = await scene.core.recovery.forgot(scene.pool, scene.client, username="ann", hide_existence=False)
    assert isinstance(told, UserRefused)
    assert told.reason is UserReason.INVALID_PARAMETER
    assert isinstance(await scene.core.administration.reset(scene.pool, "ann"), UserRefused)
    assert await scene.mail_count() == before


SIMULATED = {
    "a name": ({}, "nobody", "EMAIL"),
    "a mail address": ({}, "nobody@example.com", "EMAIL"),
    "a number": ({}, PHONE, "SMS"),
    "a name where numbers are verified": ({"auto_verified": ("phone_number",)}, "nobody", "SMS"),
    "a name where numbers alone recover": ({"recovery": ("verified_phone_number",)}, "nobody", "SMS"),
}


@pytest.mark.parametrize(("changes", "name", "medium"), SIMULATED.values(), ids=SIMULATED)
async def test_nobodys_code_goes_where_most_codes_go(
    scene: Scene, changes: dict[str, tuple[str, ...]], name: str, medium: str
) -> None:
    pool = replace(scene.pool, **changes)  # type: ignore[arg-type]
    order = list_recovery_attributes(pool, scene.core.outbox)
    assert simulate(scene.core.vault, pool, name, order).medium == medium
