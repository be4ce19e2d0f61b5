"""Answers that leave at a fixed time, so that the time tells nothing.

Reading a user who is there takes a little longer than finding nobody, some tenths of a millisecond. That
drowns in the hashing of a password, but not where nothing is hashed and somebody may ask without end: at a
locked account, or for one more mail than is allowed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

EVEN_SECONDS: Final = 0.05
"""Longer than the work that it hides, shorter than people notice."""


@asynccontextmanager
async def evenly() -> AsyncIterator[None]:
    """Leave the block no earlier than `EVEN_SECONDS` after entering it; an exception is not held up."""
    started = asyncio.get_running_loop().time()
    yield
    await rest_until(started)


async def rest_until(started: float) -> None:
    """Wait until `EVEN_SECONDS` have passed since `started`, a time of the running loop."""
    await asyncio.sleep(started + EVEN_SECONDS - asyncio.get_running_loop().time())
