"""TrustedProxies and RateLimits: what is read, and what is refused with its place."""

import ipaddress

import pytest

from idp.config import InvalidPools, parse_guard
from idp.protection.settings import LOOPBACK, RATES, Limit, Rate


def test_what_is_not_said_is_the_default() -> None:
    settings = parse_guard({})
    assert settings.trusted_proxies == settings.exempt == LOOPBACK
    assert settings.rates == RATES


def test_what_is_said_replaces_the_default_of_its_own_place_only() -> None:
    settings = parse_guard(
        {
            "TrustedProxies": ["10.0.0.0/8"],
            "RateLimits": {"Exempt": [], "Failures": {"Count": 5}, "Messages": {"Count": 0}},
        }
    )
    assert settings.trusted_proxies == (ipaddress.ip_network("10.0.0.0/8"),)
    assert settings.exempt == ()
    assert settings.rates[Limit.FAILURES] == Rate(5, 600)
    assert settings.rates[Limit.MESSAGES].count == 0
    assert settings.rates[Limit.REQUESTS] == RATES[Limit.REQUESTS]


@pytest.mark.parametrize(
    ("document", "place", "words"),
    [
        ({"TrustedProxies": ["10.0.0.1/8"]}, "TrustedProxies[0]", "address or CIDR block"),
        ({"TrustedProxies": ["proxy"]}, "TrustedProxies[0]", "address or CIDR block"),
        ({"RateLimits": {"Exempt": ["*"]}}, "RateLimits.Exempt[0]", "address or CIDR block"),
        ({"RateLimits": {"Failures": {"Count": -1}}}, "RateLimits.Failures.Count", "from 0"),
        ({"RateLimits": {"Failures": {"Seconds": 0}}}, "RateLimits.Failures.Seconds", "from 1"),
        ({"RateLimits": {"Failure": {}}}, "RateLimits.Failure", "did you mean `Failures`"),
    ],
)
def test_mistakes_are_told_with_their_place(document: dict[str, object], place: str, words: str) -> None:
    with pytest.raises(InvalidPools) as told:
        parse_guard(document)
    (problem,) = told.value.problems
    assert str(problem).startswith(f"{place}: ")
    assert words in problem.message
