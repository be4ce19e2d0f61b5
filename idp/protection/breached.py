"""Whether a password is known to be out: the commonest ones, the operator's own file, a range service.

The service is asked with five hex digits of the password's SHA-1 and answers with some hundred endings
(k-anonymity); it is asked to pad its answers. It never holds anybody up for long: a short timeout, and after
a failure it is left alone for a while. What it cannot say counts as not known, and the log says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Final

import httpx

from idp.clock import Clock
from idp.protection.breach_file import BadBreachFile, BreachFile, full_hash
from idp.protection.common_passwords import is_common
from idp.protection.settings import BreachSettings
from idp.store.base import StoreUnusable

log = logging.getLogger("idp.protection")
REST_SECONDS: Final = 30.0
MOST_BYTES: Final = 1 << 20
PREFIX: Final = 5


class RangeFailure(StrEnum):
    """Why the range service did not answer; the value is the word in the log."""

    TIMEOUT = "timeout"
    NETWORK = "network"
    STATUS = "status"
    TOO_LONG = "too-long"


class BadAnswer(Exception):  # noqa: N818 - a state, said plainly
    """An answer that is none."""

    def __init__(self, failure: RangeFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


def classify(error: Exception) -> RangeFailure:
    """Say why there is no answer. Pure."""
    if isinstance(error, BadAnswer):
        return error.failure
    is_late = isinstance(error, TimeoutError | httpx.TimeoutException)
    return RangeFailure.TIMEOUT if is_late else RangeFailure.NETWORK


class BreachedPasswords:
    """The lists that passwords are held against."""

    def __init__(self, settings: BreachSettings, clock: Clock) -> None:
        """Open the file; raises StoreUnusable."""
        self._file = _open(settings.file) if settings.file is not None else None
        self._url = settings.range_url
        self._timeout = settings.timeout_seconds
        self._clock = clock
        self._rests_until = 0.0
        self.failures: Counter[RangeFailure] = Counter()
        """How often the range service did not answer, and why, since the start."""

    async def contains(self, password: str) -> bool:
        """Whether a password is known; the dearer lists are asked only where the cheaper do not know it."""
        if is_common(password):
            return True
        # In a thread: a page of the file may have to come from the disk.
        if self._file is not None and await asyncio.to_thread(self._file.__contains__, password):
            return True
        return await self._ask(password)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    async def _ask(self, password: str) -> bool:
        if self._url is None or self._clock.now() < self._rests_until:
            return False
        full = full_hash(password).hex().upper()
        try:
            answer = await asyncio.wait_for(self._fetch(full[:PREFIX]), self._timeout)
        except (httpx.HTTPError, TimeoutError, BadAnswer) as error:
            self._give_up(classify(error))
            return False
        return is_in_range(full[PREFIX:], answer)

    def _give_up(self, failure: RangeFailure) -> None:
        """Leave the service alone for a while."""
        self.failures[failure] += 1
        self._rests_until = self._clock.now() + REST_SECONDS
        log.warning(
            "the range service of breached passwords does not answer: %s; failures since the start: %s",
            failure.value,
            ", ".join(f"{kind.value} {count}" for kind, count in sorted(self.failures.items())),
        )

    async def _fetch(self, prefix: str) -> str:
        headers = {"add-padding": "true", "user-agent": "albacore"}
        async with (
            httpx.AsyncClient(timeout=self._timeout, follow_redirects=False, trust_env=False) as http,
            http.stream("GET", f"{self._url}/{prefix}", headers=headers) as response,
        ):
            if response.status_code != 200:
                raise BadAnswer(RangeFailure.STATUS)
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise BadAnswer(RangeFailure.TOO_LONG)
        return body.decode("ascii", "replace")


def is_in_range(ending: str, answer: str) -> bool:
    """Whether an ending is among the `ENDING:COUNT` lines; those with count 0 are padding. Pure."""
    for line in answer.splitlines():
        found, _, count = line.strip().partition(":")
        if found.upper() == ending and count.strip().lstrip("0"):
            return True
    return False


def _open(path: Path) -> BreachFile:
    try:
        return BreachFile(path)
    except (OSError, BadBreachFile) as error:
        raise StoreUnusable(f"BreachedPasswords.File cannot be used: {error}") from error
