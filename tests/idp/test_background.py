"""Work that nobody waits for."""

from __future__ import annotations

import asyncio
import logging

import pytest

from idp.background import Background

LOG = logging.getLogger("idp.tests.background")


async def test_drain_waits_for_what_was_started_meanwhile() -> None:
    behind, done = Background(LOG), list[str]()

    async def second() -> None:
        done.append("second")

    async def first() -> None:
        await asyncio.sleep(0)
        behind.start(second(), "never")
        done.append("first")

    behind.start(first(), "never")
    assert len(behind) == 1
    await behind.drain()
    assert (done, len(behind)) == (["first", "second"], 0)


async def test_failure_is_seen_in_the_log_and_ends_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    behind, done = Background(LOG), asyncio.Event()

    async def fail() -> None:
        raise ZeroDivisionError

    async def go() -> None:
        done.set()

    behind.start(fail(), "task %s of %s failed", "a", "b")
    behind.start(go(), "never")
    await behind.drain()
    assert done.is_set()
    (record,) = caplog.records
    assert (record.getMessage(), record.exc_info is not None) == ("task a of b failed", True)
