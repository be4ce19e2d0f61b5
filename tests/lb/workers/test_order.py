"""What the supervisor tells a worker crosses the link whole, and its secrets stay out of reprs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lb.config import load_settings
from lb.settings import IdentityProvider
from lb.workers.order import BALANCER, LogOptions, NotUnderstood, Order, describe_endpoints, read_order
from lb.workers.pool_way import PoolWay, pool_providers
from rules.actions import AuthenticateCognito

CONFIG = """\
Listeners:
  - Port: 8080
    DefaultActions:
      - Type: authenticate-cognito
        Order: 1
        AuthenticateCognitoConfig: {UserPoolArn: people, UserPoolClientId: web, UserPoolDomain: people}
      - {Type: fixed-response, Order: 2, FixedResponseConfig: {StatusCode: "200", MessageBody: hi}}
    Rules:
      - Priority: 1
        Conditions: [{Field: path-pattern, Values: ["/a*b"]}]
        Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "404"}}]
UserPools:
  - UserPoolName: people
    UserPoolClients:
      - {ClientName: web, GenerateSecret: true, CallbackURLs: [http://localhost/oauth2/idpresponse]}
"""


@pytest.fixture
def order(tmp_path: Path) -> Order:
    (tmp_path / "albacore.yaml").write_text(CONFIG)
    loaded = load_settings(tmp_path / "albacore.yaml")
    return Order(
        role=BALANCER,
        name="balancer-1",
        settings=loaded.settings,
        pools=loaded.pools,
        sockets={"arn": 7},
        logs=LogOptions("debug", "json"),
        drain_seconds=3.0,
        turns=9,
    )


def action(order: Order) -> AuthenticateCognito:
    found = order.settings.listeners[0].ruleset.default.pre_action
    assert isinstance(found, AuthenticateCognito)
    return found


def test_an_order_arrives_as_it_was_sent(order: Order) -> None:
    assert read_order(json.loads(json.dumps(order.message()))) == order


def test_another_version_is_not_understood(order: Order) -> None:
    with pytest.raises(NotUnderstood, match=r"the supervisor is albacore 0\.0\.1.*restart it"):
        read_order({**order.message(), "version": "0.0.1"})


@pytest.mark.parametrize("message", [None, {"type": "open"}])
def test_no_order_is_not_understood(message: dict[str, str] | None) -> None:
    with pytest.raises(NotUnderstood):
        read_order(message)


async def test_endpoints_find_their_actions_again(order: Order) -> None:
    provider = IdentityProvider("i", "a", "t", "u", "j", "id", "hush-hush", app=object())
    endpoints = json.loads(json.dumps(describe_endpoints({action(order): provider})))
    assert order.settings.pool_server is not None
    way = PoolWay(order.settings.pool_server)
    found = pool_providers([action(order)], endpoints, way)
    assert found == {action(order): provider}
    assert found[action(order)].app is way
    assert pool_providers([action(order)], [], way) == {}
    assert "hush-hush" not in repr(Order(**{**fields_of(order), "endpoints": endpoints}))
    await way.aclose()


def fields_of(order: Order) -> dict[str, object]:
    return {name: getattr(order, name) for name in Order.__dataclass_fields__}
