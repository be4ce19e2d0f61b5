"""Lists of actions: one pre-action at most, one routing action, in order."""

from typing import Any

import pytest

from rules import AuthenticateCognito, FixedResponse, Forward, parse_ruleset
from tests.support.rules_heads import places_of, problems_of

FORWARD = {"Type": "forward", "TargetGroupArn": "app"}
FIXED = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
LOGIN = {
    "Type": "authenticate-cognito",
    "AuthenticateCognitoConfig": {"UserPoolArn": "p", "UserPoolClientId": "c"},
}
JWT = {"Type": "jwt-validation", "JwtValidationConfig": {"JwksEndpoint": "https://i/k", "Issuer": "i"}}


def actions(*items: Any) -> dict[str, Any]:
    return {"DefaultActions": list(items)}


def ordered(action: dict[str, Any], order: object) -> dict[str, Any]:
    return {**action, "Order": order}


@pytest.mark.parametrize(
    "document",
    [
        actions(ordered(LOGIN, 1), ordered(FIXED, 2)),
        actions(ordered(FIXED, 50_000), ordered(LOGIN, "7")),
        actions(LOGIN, FIXED),
    ],
    ids=["in-order", "by-order-number", "without-numbers"],
)
def test_a_login_comes_before_the_routing_action(document: dict[str, Any]) -> None:
    default = parse_ruleset(document).default
    assert isinstance(default.pre_action, AuthenticateCognito)
    assert default.routing == FixedResponse(200)


def test_one_routing_action_is_enough() -> None:
    default = parse_ruleset(actions(ordered(FORWARD, 3))).default
    assert isinstance(default.routing, Forward)
    assert default.pre_action is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, {"(document)": "MissingMember"}),
        (actions(), {"DefaultActions": "MissingMember"}),
        (actions("forward"), {"DefaultActions[0]": "MissingMember"}),
        (actions({"Type": "forwrd"}), {"DefaultActions[0].Type": "ValidationError"}),
        (actions(LOGIN), {"DefaultActions": "InvalidLoadBalancerAction"}),
        (actions(FORWARD, FIXED), {"DefaultActions[1]": "TooManyActions"}),
        (actions(LOGIN, JWT, FORWARD), {"DefaultActions[1]": "TooManyActions"}),
        (actions(FORWARD, LOGIN), {"DefaultActions[0]": "InvalidLoadBalancerAction"}),
        (actions(ordered(FORWARD, 1), ordered(LOGIN, 2)), {"DefaultActions[0]": "InvalidLoadBalancerAction"}),
        (actions(ordered(LOGIN, 1), FORWARD), {"DefaultActions[1]": "ValidationError"}),
        (actions(ordered(LOGIN, 1), ordered(FORWARD, 1)), {"DefaultActions[1].Order": "ValidationError"}),
        (actions(ordered(FORWARD, 0)), {"DefaultActions[0].Order": "ValidationError"}),
        (actions(ordered(FORWARD, 50_001)), {"DefaultActions[0].Order": "ValidationError"}),
        (
            actions({**FORWARD, "RedirectConfig": {}}),
            {"DefaultActions[0].RedirectConfig": "ValidationError"},
        ),
        (
            actions({**FIXED, "TargetGroupArn": "app"}),
            {"DefaultActions[0].TargetGroupArn": "ValidationError"},
        ),
        (actions({"Type": "redirect"}), {"DefaultActions[0]": "MissingMember"}),
        (actions({**FORWARD, "Ordre": 1}), {"DefaultActions[0].Ordre": "UnknownMember"}),
    ],
)
def test_every_fault_is_reported_at_its_place(document: dict[str, Any], expected: dict[str, str]) -> None:
    assert places_of(document) == expected


@pytest.mark.parametrize("pre", [LOGIN, JWT], ids=["login", "jwt"])
def test_authentication_on_an_http_listener_is_a_warning_here(pre: dict[str, Any]) -> None:
    """AWS refuses it; a developer's machine has no certificate."""
    (problem,) = problems_of(actions(pre, FORWARD), listener_protocol="HTTP")
    assert (problem.code, problem.severity) == ("InvalidLoadBalancerAction", "warning")
    assert problem.where == ("DefaultActions", 0, "Type")
    assert not problems_of(actions(pre, FORWARD), listener_protocol="HTTPS")
