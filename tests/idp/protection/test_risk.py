"""What risk configurations say."""

from typing import Any

import pytest

from idp.protection.records import PasswordEvent, RiskConfiguration
from idp.protection.risk import blocks_password, choose

P = PasswordEvent


def configuration(client: str = "", **members: Any) -> RiskConfiguration:
    return RiskConfiguration("pool", client, 0.0, **members)


def test_a_clients_own_configuration_goes_before_the_pools() -> None:
    pool, client = configuration(), configuration("web")
    assert choose([pool, client], "web") is client
    assert choose([pool, client], "other") is pool
    assert choose([client], "other") is None


@pytest.mark.parametrize(
    ("compromised", "event", "blocked"),
    [
        ({}, P.SIGN_IN, True),
        ({"Actions": {"EventAction": "BLOCK"}}, P.SIGN_UP, True),
        ({"Actions": {"EventAction": "NO_ACTION"}}, P.SIGN_UP, False),
        ({"EventFilter": ["SIGN_UP"], "Actions": {"EventAction": "BLOCK"}}, P.SIGN_UP, True),
        ({"EventFilter": ["SIGN_UP"], "Actions": {"EventAction": "BLOCK"}}, P.SIGN_IN, False),
    ],
    ids=["not set", "blocked", "watched", "this event", "other events"],
)
def test_a_known_password_is_refused_as_configured(
    compromised: dict[str, Any], event: PasswordEvent, blocked: bool
) -> None:
    assert blocks_password(configuration(compromised=compromised), event) is blocked


def test_where_nothing_was_configured_known_passwords_are_refused() -> None:
    assert all(blocks_password(None, event) for event in PasswordEvent)
