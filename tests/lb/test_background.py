"""Background tasks: kept, told about, ended."""

from __future__ import annotations

import asyncio

import pytest

from lb.background import Background


async def test_a_failure_is_logged_and_the_task_let_go(caplog: pytest.LogCaptureFixture) -> None:
    background = Background()

    async def fail() -> None:
        raise ValueError("no luck")

    background.spawn(fail())
    assert repr(background) == "Background(1 running)"
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert "no luck" in caplog.text
    assert repr(background) == "Background(0 running)"


async def test_closing_cancels_and_waits_and_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    background = Background()
    ended = asyncio.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    background.spawn(wait())
    await asyncio.sleep(0)
    await background.aclose()
    assert ended.is_set()
    assert not caplog.records
