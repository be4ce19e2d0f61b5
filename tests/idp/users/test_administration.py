"""What administrators do with users."""

import pytest

from idp.model import UserStatus
from idp.outcomes import Challenged, Delivery, SignedIn, SignInRefused, UserReason, UserRefused
from idp.users.administration import Added
from tests.support.pools import OTHER_PASSWORD, PASSWORD, OpenScene, Scene


def reason_of(outcome: object) -> UserReason | str:
    return outcome.reason if isinstance(outcome, UserRefused) else type(outcome).__name__


async def test_a_new_user_gets_a_temporary_password_and_an_invitation(scene: Scene) -> None:
    added = await scene.core.administration.add(
        scene.pool, username="ann", attributes={"email": "ann@example.com"}, invite=True
    )
    assert isinstance(added, Added)
    assert added.invited
    assert added.temporary_password is not None
    assert added.temporary_password not in repr(added)
    mail = (await scene.core.outbox.messages())[0]
    assert mail.subject == "Your temporary password"
    assert mail.body == f"Your username is ann and temporary password is {added.temporary_password}."
    assert isinstance(await scene.sign_in(password=added.temporary_password), Challenged)


async def test_an_invitation_names_what_the_user_signs_in_with(open_scene: OpenScene) -> None:
    scene = await open_scene(UsernameAttributes=["email"])
    await scene.core.administration.add(scene.pool, username="ann@example.com", invite=True)
    assert "Your username is ann@example.com and" in (await scene.core.outbox.messages())[0].body


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"username": "a b"}, UserReason.INVALID_PARAMETER),
        ({"username": "ann", "attributes": {"email": "no"}}, UserReason.INVALID_PARAMETER),
        ({"username": "ann", "attributes": {"sub": "x"}}, UserReason.INVALID_PARAMETER),
        ({"username": "ann", "password": "weak", "permanent": True}, UserReason.INVALID_PASSWORD),
        ({"username": "ann", "groups": ["nowhere"]}, UserReason.GROUP_NOT_FOUND),
        ({"username": "taken"}, UserReason.USERNAME_EXISTS),
    ],
)
async def test_refuses_to_add(scene: Scene, options: dict[str, object], reason: UserReason) -> None:
    await scene.add("taken")
    assert reason_of(await scene.core.administration.add(scene.pool, **options)) is reason  # type: ignore[arg-type]
    assert len(await scene.core.administration.list(scene.pool)) == 1


async def test_disable_and_enable(scene: Scene) -> None:
    await scene.add()
    await scene.core.administration.disable(scene.pool, "ann")
    assert isinstance(await scene.sign_in(), SignInRefused)
    await scene.core.administration.enable(scene.pool, "ann")
    assert isinstance(await scene.sign_in(), SignedIn)


@pytest.mark.parametrize("permanent", [True, False])
async def test_set_password(scene: Scene, permanent: bool) -> None:
    await scene.add()
    for _ in range(6):
        await scene.sign_in(password="Wrong-Horse-77")
    changed = await scene.core.administration.set_password(
        scene.pool, "ann", OTHER_PASSWORD, permanent=permanent
    )
    assert not isinstance(changed, UserRefused)
    assert changed.status is (UserStatus.CONFIRMED if permanent else UserStatus.FORCE_CHANGE_PASSWORD)
    expected = SignedIn if permanent else Challenged
    assert isinstance(await scene.sign_in(password=OTHER_PASSWORD), expected)


async def test_set_password_keeps_the_policy(scene: Scene) -> None:
    await scene.add()
    outcome = await scene.core.administration.set_password(scene.pool, "ann", "weak", permanent=True)
    assert reason_of(outcome) is UserReason.INVALID_PASSWORD


async def test_reset_mails_a_code(scene: Scene) -> None:
    await scene.add()
    assert await scene.core.administration.reset(scene.pool, "ann") == Delivery("a***@e***")
    assert (await scene.core.outbox.messages())[0].subject == "Your password reset code"


async def test_reset_needs_a_verified_address(scene: Scene) -> None:
    await scene.add(email_verified="false")
    assert reason_of(await scene.core.administration.reset(scene.pool, "ann")) is UserReason.INVALID_PARAMETER


async def test_confirm_without_the_code(scene: Scene) -> None:
    await scene.sign_up("ann")
    confirmed = await scene.core.administration.confirm(scene.pool, "ann")
    assert not isinstance(confirmed, UserRefused)
    assert "email_verified" not in confirmed.attributes
    again = await scene.core.administration.confirm(scene.pool, "ann")
    assert isinstance(again, UserRefused)
    assert again.message == "User cannot be confirmed. Current status is CONFIRMED"


async def test_delete_frees_the_name(scene: Scene) -> None:
    first = await scene.add()
    await scene.core.administration.delete(scene.pool, "ann")
    assert isinstance(await scene.sign_in(), SignInRefused)
    assert (await scene.add()).sub != first.sub


async def test_finds_users_by_sub_and_alias_too(open_scene: OpenScene) -> None:
    scene = await open_scene(AliasAttributes=["email"])
    user = await scene.add()
    for name in (user.sub, "ann", "ann@example.com"):
        found = await scene.core.administration.get(scene.pool, name)
        assert found == (user, ())


async def test_a_sub_does_not_sign_in(scene: Scene) -> None:
    user = await scene.add()
    assert isinstance(await scene.sign_in(user.sub), SignInRefused)


@pytest.mark.parametrize("how", ["get", "disable", "enable", "confirm", "reset", "delete"])
async def test_an_unknown_user_is_told(scene: Scene, how: str) -> None:
    outcome = await getattr(scene.core.administration, how)(scene.pool, "ghost\x00")
    assert reason_of(outcome) is UserReason.USER_NOT_FOUND


async def test_groups(open_scene: OpenScene) -> None:
    scene = await open_scene(UserPoolGroups=[{"GroupName": "staff"}])
    await scene.add(password=PASSWORD)
    administration = scene.core.administration
    assert [group.name for group in await administration.groups(scene.pool)] == ["staff"]
    assert reason_of(await administration.add_to_group(scene.pool, "ann", "x")) is UserReason.GROUP_NOT_FOUND
    assert reason_of(await administration.add_to_group(scene.pool, "x", "staff")) is UserReason.USER_NOT_FOUND
    await administration.add_to_group(scene.pool, "ann", "staff")
    _user, groups = await administration.get(scene.pool, "ann")  # type: ignore[misc]
    assert [group.name for group in groups] == ["staff"]
    await administration.remove_from_group(scene.pool, "ann", "staff")
    _user, groups = await administration.get(scene.pool, "ann")  # type: ignore[misc]
    assert groups == ()
