"""Answers that leave at a fixed time."""

import asyncio

import pytest

from idp.pace import EVEN_SECONDS, evenly
from tests.support.pools import PASSWORD, Scene


async def measure(work: object) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    await work  # type: ignore[misc]
    return loop.time() - started


@pytest.mark.parametrize("seconds", [0.0, EVEN_SECONDS / 2])
async def test_quick_and_slow_work_leave_at_the_same_time(seconds: float) -> None:
    async def work() -> None:
        async with evenly():
            await asyncio.sleep(seconds)

    assert await measure(work()) >= EVEN_SECONDS


async def test_a_failure_is_not_held_up() -> None:
    async def fail() -> None:
        async with evenly():
            raise LookupError

    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(LookupError):
        await fail()
    assert loop.time() - started < EVEN_SECONDS


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_where_nothing_is_hashed_answers_leave_at_a_fixed_time(scene: Scene, name: str) -> None:
    await scene.add()
    for _ in range(5):
        await scene.sign_in(name, "Wrong-Horse-1")
    core, ends = scene.core, (scene.pool, scene.client)
    for work in (
        scene.sign_in(name, PASSWORD),
        core.recovery.forgot(*ends, username=name),
        core.registration.resend(*ends, username=name),
        core.registration.confirm(*ends, username=name, code="000000"),
    ):
        hashed = core.hasher.operations
        assert await measure(work) >= EVEN_SECONDS
        assert core.hasher.operations == hashed
