"""One at a time per key, and nothing left behind."""

import asyncio
import contextlib

from idp.signin.turns import Turns


async def test_one_at_a_time_per_key_and_keys_do_not_wait_for_each_other() -> None:
    turns, inside, most = Turns(), dict.fromkeys("ab", 0), dict.fromkeys("ab", 0)
    together = 0

    async def work(key: str) -> None:
        nonlocal together
        async with turns.take(key):
            inside[key] += 1
            most[key] = max(most[key], inside[key])
            together = max(together, sum(inside.values()))
            await asyncio.sleep(0)
            inside[key] -= 1

    await asyncio.gather(*(work(key) for key in "aabbaabb"))
    assert most == {"a": 1, "b": 1}
    assert together == 2
    assert len(turns) == 0


async def test_a_cancelled_waiter_leaves_nothing_behind() -> None:
    turns = Turns()

    async def wait() -> None:
        async with turns.take("key"):
            pass

    async with turns.take("key"):
        waiter = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiter.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiter
    assert len(turns) == 0
    await wait()
