"""Holding a password against all lists; the range service as it is, as it fails, and as it lies."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from idp.clock import ManualClock
from idp.protection.breach_file import truncated_hash, write_breach_file
from idp.protection.breached import REST_SECONDS, BreachedPasswords, RangeFailure, is_in_range
from idp.protection.settings import BreachSettings
from idp.store.base import StoreUnusable

F = RangeFailure
KNOWN = "Pwned-Elephant-4711"
HASH = hashlib.sha1(KNOWN.encode()).hexdigest().upper()


class RangeService:
    """Answers every request with one text, and remembers what it was sent."""

    def __init__(self) -> None:
        self.body, self.status, self.stall = f"{HASH[5:]}:3\r\n", 200, 0.0
        self.requests: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
        try:
            await asyncio.sleep(self.stall)
            head = (
                f"HTTP/1.1 {self.status} X\r\ncontent-length: {len(self.body)}\r\nconnection: close\r\n\r\n"
            )
            writer.write((head + self.body).encode())
            await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()


@pytest.fixture
async def service() -> AsyncIterator[RangeService]:
    served = RangeService()
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    yield served
    server.close()
    await server.wait_closed()


Ask = Callable[[RangeService], BreachedPasswords]


def asking(service: RangeService, clock: ManualClock | None = None, timeout: int = 5) -> BreachedPasswords:
    url = f"http://127.0.0.1:{service.port}/range"
    return BreachedPasswords(BreachSettings(range_url=url, timeout_seconds=timeout), clock or ManualClock())


async def test_only_five_digits_of_the_hash_leave(service: RangeService) -> None:
    assert await asking(service).contains(KNOWN)
    (request,) = service.requests
    assert request.startswith(f"GET /range/{HASH[:5]} HTTP/1.1")
    assert "add-padding: true" in request.lower()
    assert HASH[5:10] not in request.upper()


async def test_what_the_service_does_not_list_is_not_known(service: RangeService) -> None:
    assert not await asking(service).contains("Unheard-Of-4711")


@pytest.mark.parametrize(
    ("body", "known"),
    [
        (f"{HASH[5:]}:3", True),
        (f"{HASH[5:].lower()}:3\r\n", True),
        (f"{HASH[5:]}:0", False),
        (f"{'0' * 35}:1\r\n{HASH[5:]}:12", True),
        ("<html>", False),
        ("", False),
    ],
    ids=["listed", "in lower case", "padding", "second", "nonsense", "nothing"],
)
def test_answers_are_read(body: str, known: bool) -> None:
    assert is_in_range(HASH[5:], body) is known


@pytest.mark.parametrize(
    ("trouble", "failure"),
    [("status", F.STATUS), ("size", F.TOO_LONG), ("stall", F.TIMEOUT), ("gone", F.NETWORK)],
)
async def test_a_service_that_fails_stops_nobody_and_is_left_alone_for_a_while(
    service: RangeService, trouble: str, failure: RangeFailure, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    breached = asking(service, clock, timeout=1)
    if trouble == "status":
        service.status = 503
    elif trouble == "size":
        service.body = "x" * (2 << 20)
    elif trouble == "stall":
        service.stall = 5.0
    else:
        breached = BreachedPasswords(BreachSettings(range_url="http://127.0.0.1:1/range"), clock)
    assert not await breached.contains(KNOWN)
    asked = len(service.requests)
    assert not await breached.contains(KNOWN)
    assert (len(service.requests), breached.failures) == (asked, {failure: 1})
    assert f"does not answer: {failure.value}" in caplog.text
    assert HASH[:5] not in caplog.text
    clock.advance(REST_SECONDS)
    await breached.contains(KNOWN)
    assert breached.failures == {failure: 2}
    assert f"since the start: {failure.value} 2" in caplog.text


async def test_the_operators_file_and_the_commonest_are_asked_before_the_service(
    service: RangeService, tmp_path: Path
) -> None:
    file = tmp_path / "breached"
    write_breach_file([truncated_hash(KNOWN)], file)
    url = f"http://127.0.0.1:{service.port}/range"
    breached = BreachedPasswords(BreachSettings(file=file, range_url=url), ManualClock())
    assert await breached.contains(KNOWN)
    assert await breached.contains("Password1!")
    assert service.requests == []
    breached.close()


async def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match=r"BreachedPasswords\.File"):
        BreachedPasswords(BreachSettings(file=tmp_path / "missing"), ManualClock())
