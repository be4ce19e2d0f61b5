"""Forgotten passwords: back in by mail, and nothing learned about who exists."""

import pytest

from idp.model import UserStatus
from idp.outcomes import Confirmed, Delivery, SignedIn, SignInReason, SignInRefused, UserReason, UserRefused
from tests.support.pools import OTHER_PASSWORD, OpenScene, Scene


def reason_of(outcome: object) -> UserReason | str:
    return outcome.reason if isinstance(outcome, UserRefused) else type(outcome).__name__


async def forgot(scene: Scene, username: str = "ann", **options: bool) -> object:
    return await scene.core.recovery.forgot(scene.pool, scene.client, username=username, **options)


async def reset(scene: Scene, code: str, username: str = "ann", password: str = OTHER_PASSWORD) -> object:
    return await scene.core.recovery.confirm_forgot(
        scene.pool, scene.client, username=username, code=code, new_password=password
    )


async def test_a_code_by_mail_sets_a_new_password(scene: Scene) -> None:
    await scene.add()
    assert await forgot(scene) == Delivery("a***@e***")
    assert isinstance(await reset(scene, await scene.latest_code()), Confirmed)
    assert isinstance(await scene.sign_in(password=OTHER_PASSWORD), SignedIn)
    assert isinstance(await scene.sign_in(), SignInRefused)


async def test_it_lifts_the_lockout(scene: Scene) -> None:
    await scene.add()
    for _ in range(6):
        await scene.sign_in(password="Wrong-Horse-77")
    await forgot(scene)
    await reset(scene, await scene.latest_code())
    assert isinstance(await scene.sign_in(password=OTHER_PASSWORD), SignedIn)


async def test_it_ends_a_required_reset(scene: Scene) -> None:
    await scene.add()
    await scene.core.administration.reset(scene.pool, "ann")
    outcome = await reset(scene, await scene.latest_code())
    assert isinstance(outcome, Confirmed)
    assert outcome.user.status is UserStatus.CONFIRMED


async def test_a_code_works_once_and_for_an_hour(scene: Scene) -> None:
    await scene.add()
    await forgot(scene)
    code = await scene.latest_code()
    assert isinstance(await reset(scene, code), Confirmed)
    assert reason_of(await reset(scene, code)) is UserReason.CODE_EXPIRED
    await forgot(scene)
    scene.clock.advance(3600)
    assert reason_of(await reset(scene, await scene.latest_code())) is UserReason.CODE_EXPIRED


async def test_an_unfit_password_leaves_the_code_good(scene: Scene) -> None:
    await scene.add()
    await forgot(scene)
    code = await scene.latest_code()
    assert reason_of(await reset(scene, code, password="short")) is UserReason.INVALID_PASSWORD
    assert isinstance(await reset(scene, code), Confirmed)


async def add_states(scene: Scene) -> list[str]:
    """Names in every state in which no code may go out, and one that nobody has."""
    await scene.add("disabled")
    await scene.core.administration.disable(scene.pool, "disabled")
    await scene.add("unverified", email_verified="false")
    await scene.sign_up("unconfirmed")
    await scene.core.administration.add(
        scene.pool, username="invited", attributes={"email": "i@example.com", "email_verified": "true"}
    )
    return ["ghost", "disabled", "unverified", "unconfirmed", "invited"]


async def test_whoever_cannot_recover_looks_like_somebody_who_can(scene: Scene) -> None:
    names = await add_states(scene)
    before = await scene.mail_count()
    for name in names:
        answers = [await forgot(scene, name) for _ in range(5)]
        assert {type(answer) for answer in answers} == {Delivery}
        assert len({repr(answer) for answer in answers}) == 1
        assert reason_of(await forgot(scene, name)) is UserReason.LIMIT_EXCEEDED
    assert await scene.mail_count() == before


@pytest.mark.parametrize("name", ["ann", "ghost"])
async def test_sends_and_guesses_are_limited_alike_for_all_names(scene: Scene, name: str) -> None:
    await scene.add()
    await forgot(scene, name)
    reasons = []
    for number in range(12):
        if number == 5:
            await forgot(scene, name)
        reasons.append(reason_of(await reset(scene, "not-it", name)))
    assert reasons == [*10 * [UserReason.CODE_MISMATCH], *2 * [UserReason.LIMIT_EXCEEDED]]


async def test_every_guess_costs_the_same_hashing(scene: Scene) -> None:
    await scene.add()
    await forgot(scene)
    costs = []
    for name in ("ann", "ghost"):
        before = scene.core.hasher.operations
        await reset(scene, "000000x", name)
        costs.append(scene.core.hasher.operations - before)
    assert costs == [1, 1]


async def test_before_any_request_the_code_is_expired_for_all(scene: Scene) -> None:
    await scene.add()
    assert reason_of(await reset(scene, "123456", "ann")) is UserReason.CODE_EXPIRED
    assert reason_of(await reset(scene, "123456", "ghost")) is UserReason.CODE_EXPIRED


async def test_the_simulated_destination_fits_the_typed_name(open_scene: OpenScene) -> None:
    scene = await open_scene(UsernameAttributes=["email"])
    await scene.add("ann@example.com")
    assert await forgot(scene, "ANN@example.com") == await forgot(scene, "ann@example.com")
    assert await forgot(scene, "Ghost@Example.com") == Delivery("g***@e***")


async def test_mail_goes_to_the_address_on_record_never_to_the_typed_one(open_scene: OpenScene) -> None:
    scene = await open_scene(UsernameAttributes=["email"], UsernameConfiguration={"CaseSensitive": False})
    await scene.add("kim@example.com")
    assert isinstance(await forgot(scene, "\u212aim@example.com"), Delivery)
    await scene.core.outbox.drain()
    assert (await scene.core.outbox.messages())[0].recipient == "kim@example.com"


async def test_a_code_for_an_old_address_does_not_work_after_a_change(scene: Scene) -> None:
    user = await scene.add()
    await forgot(scene)
    code = await scene.latest_code()
    async with scene.core.store.writing() as records:
        changed = {**user.attributes, "email": "new@example.com"}
        await records.users.update(
            (user.pool_id, user.sub), lambda old: type(old)(**{**as_dict(old), "attributes": changed})
        )
    assert reason_of(await reset(scene, code)) is UserReason.CODE_MISMATCH


def as_dict(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}  # type: ignore[attr-defined]


async def test_a_sign_up_code_resets_no_password(scene: Scene) -> None:
    await scene.sign_up("ann")
    code = await scene.latest_code()
    assert reason_of(await reset(scene, code)) is UserReason.CODE_EXPIRED


async def test_administrators_only(open_scene: OpenScene) -> None:
    scene = await open_scene(
        AccountRecoverySetting={"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]}
    )
    outcome = await forgot(scene, "ghost")
    assert isinstance(outcome, UserRefused)
    assert outcome.message == "Contact administrator to reset password."


async def test_an_api_client_may_hear_the_truth(scene: Scene) -> None:
    names = await add_states(scene)
    reasons = [reason_of(await forgot(scene, name, hide_existence=False)) for name in names]
    assert reasons == [
        UserReason.USER_NOT_FOUND,
        UserReason.NOT_AUTHORIZED,
        UserReason.INVALID_PARAMETER,
        UserReason.INVALID_PARAMETER,
        UserReason.INVALID_PARAMETER,
    ]


async def test_the_old_password_keeps_working_until_the_code_is_entered(scene: Scene) -> None:
    await scene.add()
    await forgot(scene)
    outcome = await scene.sign_in()
    assert isinstance(outcome, SignedIn)
    assert not isinstance(outcome, SignInReason)
