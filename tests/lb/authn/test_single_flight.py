"""Work shared by those who ask at the same time."""

import asyncio

import pytest

from lb.authn.single_flight import SingleFlight


class Work:
    """Counts its runs and waits for permission to finish."""

    def __init__(self) -> None:
        self.runs = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> int:
        self.runs += 1
        await self.gate.wait()
        return self.runs


async def test_all_who_ask_meanwhile_share_one_run() -> None:
    flights, work = SingleFlight(), Work()
    asking = [asyncio.create_task(flights.run("key", work)) for _ in range(5)]
    await asyncio.sleep(0)
    work.gate.set()
    assert await asyncio.gather(*asking) == [1] * 5
    assert await flights.run("key", work) == 2


async def test_keys_keep_results_apart() -> None:
    flights, work = SingleFlight(), Work()
    work.gate.set()
    assert sorted(await asyncio.gather(flights.run("a", work), flights.run("b", work))) == [1, 2]


async def test_a_waiter_that_leaves_does_not_stop_the_others() -> None:
    flights, work = SingleFlight(), Work()
    leaver, stayer = (asyncio.create_task(flights.run("key", work)) for _ in range(2))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.sleep(0)
    work.gate.set()
    assert await stayer == 1
    assert leaver.cancelled()


async def test_a_failure_reaches_every_waiter_and_is_not_kept() -> None:
    async def fail() -> None:
        raise RuntimeError("broken")

    flights = SingleFlight()
    results = await asyncio.gather(*(flights.run("key", fail) for _ in range(2)), return_exceptions=True)
    assert [str(result) for result in results] == ["broken", "broken"]
    with pytest.raises(RuntimeError):
        await flights.run("key", fail)


async def test_closing_cancels_what_runs() -> None:
    flights, work = SingleFlight(), Work()
    asking = asyncio.create_task(flights.run("key", work))
    await asyncio.sleep(0)
    await flights.aclose()
    with pytest.raises(asyncio.CancelledError):
        await asking
