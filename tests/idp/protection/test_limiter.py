"""What is counted for whom, and what the log says."""

import ipaddress
import logging

import pytest

from idp.clock import ManualClock
from idp.protection.limiter import Limiter
from idp.protection.settings import GuardSettings, Limit, Rate

RATES = {limit: Rate(2, 60) for limit in Limit}


def limiter(clock: ManualClock | None = None, **changes: object) -> Limiter:
    return Limiter(GuardSettings(**{"rates": RATES, **changes}), clock or ManualClock())  # type: ignore[arg-type]


def test_each_limit_counts_for_itself_and_by_subscriber() -> None:
    guard = limiter()
    for host in ("2001:db8::1", "2001:db8::2"):
        assert guard.take(Limit.FAILURES, host) == 0
    assert guard.take(Limit.FAILURES, "2001:db8::3") > 0
    assert guard.take(Limit.MESSAGES, "2001:db8::3") == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "192.0.2.77", ""])
def test_exempt_addresses_and_unknown_ones_are_not_counted(address: str) -> None:
    networks = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "::1/128", "192.0.2.0/24")))
    guard = limiter(exempt=networks)
    assert not any(guard.take(Limit.REQUESTS, address) for _ in range(50))
    guard.give_back(Limit.REQUESTS, address)


def test_a_count_of_zero_is_no_limit() -> None:
    guard = limiter(rates={**RATES, Limit.FAILURES: Rate(0, 60)})
    assert not any(guard.take(Limit.FAILURES, "192.0.2.1") for _ in range(50))
    guard.give_back(Limit.FAILURES, "192.0.2.1")


def test_an_account_is_counted_whatever_the_address_and_apart_from_other_pools() -> None:
    guard = limiter()
    assert [bool(guard.take_for_account("pool", "ann")) for _ in range(3)] == [False, False, True]
    assert guard.take_for_account("other", "ann") == 0


def test_the_log_names_who_reached_a_limit_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    guard = limiter(clock)
    with caplog.at_level(logging.WARNING, "idp.protection"):
        for _ in range(50):
            guard.take(Limit.FAILURES, "192.0.2.1")
    assert [record.getMessage() for record in caplog.records] == [
        "rate limit Failures reached by 192.0.2.1: refused for now"
    ]
    clock.advance(60)
    with caplog.at_level(logging.WARNING, "idp.protection"):
        for _ in range(50):
            guard.take(Limit.FAILURES, "192.0.2.1")
    assert len(caplog.records) == 2
