"""Sign-up: what is accepted, who is told what, and how little a guess at a code buys."""

import asyncio
from collections.abc import Mapping

import pytest

from idp.model import UserStatus
from idp.outcomes import Confirmed, Delivery, SignedIn, SignedUp, UserReason, UserRefused
from tests.support.pools import PASSWORD, OpenScene, Scene


def reason_of(outcome: object) -> UserReason | str:
    return outcome.reason if isinstance(outcome, UserRefused) else type(outcome).__name__


async def sign_up(scene: Scene, username: str, password: str = PASSWORD, **attributes: str) -> object:
    return await scene.core.registration.sign_up(
        scene.pool, scene.client, username=username, password=password, attributes=attributes
    )


async def confirm(scene: Scene, username: str, code: str, **options: bool) -> object:
    return await scene.core.registration.confirm(
        scene.pool, scene.client, username=username, code=code, **options
    )


async def resend(scene: Scene, username: str, **options: bool) -> object:
    return await scene.core.registration.resend(scene.pool, scene.client, username=username, **options)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_sign_up_code_and_sign_in(scene: Scene) -> None:
    signed_up = await scene.sign_up("ann")
    assert signed_up.delivery == Delivery("a***@e***")
    assert not signed_up.confirmed
    confirmed = await confirm(scene, "ann", await scene.latest_code())
    assert isinstance(confirmed, Confirmed)
    assert confirmed.user.status is UserStatus.CONFIRMED
    assert confirmed.user.attributes["email_verified"] == "true"
    assert isinstance(await scene.sign_in(), SignedIn)


async def test_the_mail_is_cognitos(scene: Scene) -> None:
    await scene.sign_up("ann")
    mail = (await scene.core.outbox.messages())[0]
    assert (mail.recipient, mail.subject) == ("ann@example.com", "Your verification code")
    assert mail.body == f"Your confirmation code is {await scene.latest_code()}"


REFUSED: Mapping[str, tuple[str, str, Mapping[str, str], UserReason]] = {
    "space in the name": ("a n", PASSWORD, {}, UserReason.INVALID_PARAMETER),
    "no name": ("", PASSWORD, {}, UserReason.INVALID_PARAMETER),
    "control character": ("a\nb", PASSWORD, {}, UserReason.INVALID_PARAMETER),
    "weak password": ("ann", "short", {}, UserReason.INVALID_PASSWORD),
    "bad address": ("ann", PASSWORD, {"email": "no"}, UserReason.INVALID_PARAMETER),
    "header injection": ("ann", PASSWORD, {"email": "a@b.c\nBcc: d@e.f"}, UserReason.INVALID_PARAMETER),
    "unknown attribute": ("ann", PASSWORD, {"role": "admin"}, UserReason.INVALID_PARAMETER),
    "verifying oneself": (
        "ann",
        PASSWORD,
        {"email": "a@b.c", "email_verified": "true"},
        UserReason.INVALID_PARAMETER,
    ),
    "choosing the sub": ("ann", PASSWORD, {"sub": "1"}, UserReason.INVALID_PARAMETER),
}


@pytest.mark.parametrize(("name", "password", "attributes", "reason"), REFUSED.values(), ids=REFUSED)
async def test_refuses(
    scene: Scene, name: str, password: str, attributes: Mapping[str, str], reason: UserReason
) -> None:
    assert reason_of(await sign_up(scene, name, password, **attributes)) is reason
    assert await scene.core.administration.list(scene.pool) == ()


async def test_a_taken_name_is_told_in_both_modes(scene: Scene) -> None:
    await scene.add("ann")
    assert reason_of(await sign_up(scene, "ann")) is UserReason.USERNAME_EXISTS


async def test_of_parallel_sign_ups_one_gets_the_name(scene: Scene) -> None:
    outcomes = await asyncio.gather(*(sign_up(scene, "ann") for _ in range(5)))
    assert sorted(map(str, map(reason_of, outcomes))) == ["SignedUp", *4 * ["username-exists"]]


async def test_a_pool_without_self_service_refuses(open_scene: OpenScene) -> None:
    scene = await open_scene(AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
    assert reason_of(await sign_up(scene, "ann")) is UserReason.NOT_AUTHORIZED


async def test_required_and_unwritable_attributes(open_scene: OpenScene) -> None:
    scene = await open_scene(
        Schema=[{"Name": "email", "Required": True}], client={"WriteAttributes": ["email", "name"]}
    )
    assert reason_of(await sign_up(scene, "ann")) is UserReason.INVALID_PARAMETER
    refused = await sign_up(scene, "ann", email="ann@example.com", nickname="annie")
    assert reason_of(refused) is UserReason.NOT_AUTHORIZED
    assert isinstance(await sign_up(scene, "ann", email="ann@example.com", name="Ann"), SignedUp)


async def test_where_the_address_is_the_username_the_real_one_is_the_sub(open_scene: OpenScene) -> None:
    scene = await open_scene(UsernameAttributes=["email"])
    signed_up = await scene.sign_up("ann@example.com")
    assert signed_up.username == signed_up.user_sub
    assert reason_of(await sign_up(scene, "ann@example.com")) is UserReason.USERNAME_EXISTS
    assert reason_of(await sign_up(scene, "ann")) is UserReason.INVALID_PARAMETER
    assert isinstance(await confirm(scene, "ann@example.com", await scene.latest_code()), Confirmed)
    for name in ("ann@example.com", signed_up.user_sub):
        assert isinstance(await scene.sign_in(name), SignedIn)


async def test_an_alias_belongs_to_whoever_verified_it_first(open_scene: OpenScene) -> None:
    scene = await open_scene(AliasAttributes=["email"])
    await scene.add("ann", email="shared@example.com")
    assert reason_of(await sign_up(scene, "ann@example.com")) is UserReason.INVALID_PARAMETER
    await scene.sign_up("bob", email="shared@example.com")
    code = await scene.latest_code()
    assert reason_of(await confirm(scene, "bob", code)) is UserReason.ALIAS_EXISTS
    outcome = await scene.sign_in("shared@example.com")
    assert isinstance(outcome, SignedIn)
    assert outcome.user.username == "ann"


async def test_without_verification_no_mail_leaves(open_scene: OpenScene) -> None:
    scene = await open_scene(AutoVerifiedAttributes=[])
    assert (await scene.sign_up("ann")).delivery is None
    assert await scene.mail_count() == 0
    assert reason_of(await resend(scene, "ann")) is UserReason.INVALID_PARAMETER


async def test_a_code_works_once(scene: Scene) -> None:
    await scene.sign_up("ann")
    code = await scene.latest_code()
    outcomes = await asyncio.gather(*(confirm(scene, "ann", code) for _ in range(4)))
    assert [reason_of(outcome) for outcome in outcomes].count("Confirmed") == 1


async def test_a_code_ends_after_a_day(scene: Scene) -> None:
    await scene.sign_up("ann")
    scene.clock.advance(86_400)
    assert reason_of(await confirm(scene, "ann", await scene.latest_code())) is UserReason.CODE_EXPIRED


async def test_five_wrong_guesses_kill_a_code(scene: Scene) -> None:
    await scene.sign_up("ann")
    code = await scene.latest_code()
    for _ in range(5):
        assert reason_of(await confirm(scene, "ann", wrong(code))) is UserReason.CODE_MISMATCH
    assert reason_of(await confirm(scene, "ann", code)) is UserReason.CODE_EXPIRED


async def test_new_codes_buy_no_new_guesses(scene: Scene) -> None:
    await scene.sign_up("ann")
    tried = 0
    for _ in range(4):
        for _ in range(5):
            outcome = await confirm(scene, "ann", wrong(await scene.latest_code()))
            tried += reason_of(outcome) is UserReason.CODE_MISMATCH
        await resend(scene, "ann")
    assert tried == 15
    assert reason_of(await confirm(scene, "ann", await scene.latest_code())) is UserReason.LIMIT_EXCEEDED
    scene.clock.advance(3601)
    assert isinstance(await confirm(scene, "ann", await scene.latest_code()), Confirmed)


async def test_guesses_in_parallel_are_counted_one_by_one(scene: Scene) -> None:
    await scene.sign_up("ann")
    code = await scene.latest_code()
    outcomes = await asyncio.gather(*(confirm(scene, "ann", wrong(code)) for _ in range(20)))
    assert [reason_of(outcome) for outcome in outcomes].count(UserReason.CODE_MISMATCH) == 5


async def test_resending_ends_the_earlier_code_and_is_limited(scene: Scene) -> None:
    await scene.sign_up("ann")
    first = await scene.latest_code()
    for _ in range(5):
        assert await resend(scene, "ann") == Delivery("a***@e***")
    assert reason_of(await resend(scene, "ann")) is UserReason.LIMIT_EXCEEDED
    last = await scene.latest_code()
    if first != last:
        assert reason_of(await confirm(scene, "ann", first)) is UserReason.CODE_MISMATCH
    assert isinstance(await confirm(scene, "ann", last), Confirmed)
    assert await scene.mail_count() == 6


async def test_resending_looks_the_same_for_names_nobody_has(scene: Scene) -> None:
    await scene.add("confirmed")
    for name in ("ghost", "confirmed"):
        answers = [await resend(scene, name) for _ in range(6)]
        assert {type(answer) for answer in answers} == {Delivery}
        assert len({repr(answer) for answer in answers}) == 1
        assert reason_of(await resend(scene, name)) is UserReason.LIMIT_EXCEEDED
    assert await scene.mail_count() == 0


async def test_confirming_looks_the_same_for_names_nobody_has(scene: Scene) -> None:
    await scene.add("confirmed")
    for name in ("ghost", "confirmed"):
        reasons = [reason_of(await confirm(scene, name, "123456")) for _ in range(16)]
        assert reasons == [*15 * [UserReason.CODE_EXPIRED], UserReason.LIMIT_EXCEEDED]


async def test_an_api_client_may_hear_the_truth(scene: Scene) -> None:
    await scene.add("confirmed")
    ghost = await confirm(scene, "ghost", "123456", hide_existence=False)
    assert reason_of(ghost) is UserReason.USER_NOT_FOUND
    known = await confirm(scene, "confirmed", "123456", hide_existence=False)
    assert isinstance(known, UserRefused)
    assert known.message == "User cannot be confirmed. Current status is CONFIRMED"


async def test_a_strangers_mailbox_is_not_filled(scene: Scene) -> None:
    for number in range(6):
        await scene.sign_up(f"bot{number}", email="victim@example.com")
    refused = await sign_up(scene, "bot7", email="VICTIM@example.com")
    assert reason_of(refused) is UserReason.LIMIT_EXCEEDED
    assert await scene.mail_count() == 6


async def test_codes_are_not_readable_in_the_store(scene: Scene) -> None:
    await scene.sign_up("ann")
    async with scene.core.store.reading() as records:
        user = await records.users.by_login(scene.pool.id, "ann")
        assert user is not None
        record = await records.mailed_codes.get(scene.pool.id, user.sub, "sign-up")
    assert record.code_hash is not None
    assert len(record.code_hash) == 64
    assert "code_hash" not in repr(record)
