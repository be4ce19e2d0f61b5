"""How many groups there may be, and how many of them one user may be in (cognito.md 11)."""

import asyncio

import pytest

from idp.model import Group, User
from idp.outcomes import UserReason, UserRefused
from idp.users import groups
from tests.support.pools import Scene


def reason_of(outcome: object) -> UserReason | None:
    return outcome.reason if isinstance(outcome, UserRefused) else None


async def make(scene: Scene, count: int) -> None:
    async with scene.core.store.writing() as records:
        for number in range(count):
            await records.groups.create(Group(scene.pool.id, f"group{number:05}"))


async def test_a_user_is_in_a_hundred_groups_even_where_two_come_at_once(scene: Scene) -> None:
    user = await scene.add()
    await make(scene, 103)
    async with scene.core.store.writing() as records:
        for number in range(99):
            await records.groups.add_member(scene.pool.id, f"group{number:05}", user.sub)
    add = scene.core.administration.add_to_group
    names = ("group00100", "group00101", "group00102")
    outcomes = await asyncio.gather(*(add(scene.pool, "ann", name) for name in names))
    assert sorted(str(reason_of(outcome)) for outcome in outcomes) == ["None", *["limit-exceeded"] * 2]
    assert isinstance(await add(scene.pool, "ann", "group00000"), User), "being in it already is fine"


async def test_nobody_is_created_into_more(scene: Scene) -> None:
    await make(scene, 101)
    outcome = await scene.core.administration.add(
        scene.pool, username="ann", groups=[f"group{number:05}" for number in range(101)]
    )
    assert reason_of(outcome) is UserReason.LIMIT_EXCEEDED
    assert reason_of(await scene.core.administration.get(scene.pool, "ann")) is UserReason.USER_NOT_FOUND


async def test_a_pool_that_is_full_takes_no_more_groups(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert groups.MOST_GROUPS == 10_000
    monkeypatch.setattr(groups, "MOST_GROUPS", 5)
    await make(scene, 3)
    wanted = (scene.core.groups.create(Group(scene.pool.id, f"more{number}")) for number in range(4))
    outcomes = await asyncio.gather(*wanted)
    assert [reason_of(outcome) for outcome in outcomes].count(UserReason.LIMIT_EXCEEDED) == 2
    assert len(await scene.core.groups.list(scene.pool)) == 5
