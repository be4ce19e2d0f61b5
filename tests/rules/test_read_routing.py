"""The routing actions in documents."""

from typing import Any

import pytest

from rules import (
    AWS,
    FixedResponse,
    Forward,
    Redirect,
    TargetGroupStickiness,
    WeightedTargetGroup,
    parse_ruleset,
)
from tests.support.rules_heads import places_of, problems_of

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/app/0123456789abcdef"


def forward(*groups: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "DefaultActions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": list(groups), **members}}]
    }


def group(name: object, weight: object = None) -> dict[str, Any]:
    return {"TargetGroupArn": name} if weight is None else {"TargetGroupArn": name, "Weight": weight}


def redirect(**members: Any) -> dict[str, Any]:
    return {"DefaultActions": [{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", **members}}]}


def fixed(**members: Any) -> dict[str, Any]:
    return {"DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": members}]}


FORWARD_AT = "DefaultActions[0].ForwardConfig"
REDIRECT_AT = "DefaultActions[0].RedirectConfig"
FIXED_AT = "DefaultActions[0].FixedResponseConfig"
STICKY = "TargetGroupStickinessConfig"


@pytest.mark.parametrize(
    ("document", "action"),
    [
        (
            {"DefaultActions": [{"Type": "forward", "TargetGroupArn": ARN}]},
            Forward((WeightedTargetGroup("app"),)),
        ),
        (
            {
                "DefaultActions": [
                    {"Type": "forward", "TargetGroupArn": "app", **forward(group(ARN))["DefaultActions"][0]}
                ]
            },
            Forward((WeightedTargetGroup("app"),)),
        ),
        (
            forward(group("a", 90), group("b", "10"), **{STICKY: {"Enabled": True, "DurationSeconds": 60}}),
            Forward(
                (WeightedTargetGroup("a", 90), WeightedTargetGroup("b", 10)), TargetGroupStickiness(True, 60)
            ),
        ),
        (forward(group("a"), **{STICKY: {"Enabled": False}}), Forward((WeightedTargetGroup("a"),))),
        (redirect(Port=443, Protocol="HTTPS"), Redirect(301, "HTTPS", port="443")),
        (redirect(Port="443", StatusCode="HTTP_302"), Redirect(302, port="443")),
        (redirect(Host="www.#{host}", Port="#{port}"), Redirect(301, host="www.#{host}")),
        (
            redirect(Path="/#{host}/#{port}/#{path}", Query=""),
            Redirect(301, path="/#{host}/#{port}/#{path}", query=""),
        ),
        (
            redirect(Host="o.org", Query="p=#{protocol}&#{query}"),
            Redirect(301, host="o.org", query="p=#{protocol}&#{query}"),
        ),
        (fixed(StatusCode="404"), FixedResponse(404)),
        (
            fixed(StatusCode=503, ContentType="text/html", MessageBody="<p>\nlater"),
            FixedResponse(503, "text/html", "<p>\nlater"),
        ),
        (fixed(StatusCode=200, MessageBody=""), FixedResponse(200)),
    ],
)
def test_every_shape_is_read(document: dict[str, Any], action: object) -> None:
    ruleset = parse_ruleset(document, limits=AWS)
    assert ruleset.default.routing == action
    assert not ruleset.warnings


@pytest.mark.parametrize(
    ("document", "place", "code"),
    [
        ({"DefaultActions": [{"Type": "forward"}]}, "DefaultActions[0]", "MissingMember"),
        (
            {"DefaultActions": [{"Type": "forward", "TargetGroupArn": 3}]},
            "DefaultActions[0].TargetGroupArn",
            "ValidationError",
        ),
        (
            {
                "DefaultActions": [
                    {"Type": "forward", "TargetGroupArn": ARN.replace("targetgroup", "loadbalancer")}
                ]
            },
            "DefaultActions[0].TargetGroupArn",
            "ValidationError",
        ),
        (
            {"DefaultActions": [{"TargetGroupArn": "b", **forward(group("a"))["DefaultActions"][0]}]},
            "DefaultActions[0].TargetGroupArn",
            "InvalidLoadBalancerAction",
        ),
        (forward(), f"{FORWARD_AT}.TargetGroups", "MissingMember"),
        (forward(group(None, 1)), f"{FORWARD_AT}.TargetGroups[0]", "MissingMember"),
        (forward(group("a", 1000)), f"{FORWARD_AT}.TargetGroups[0].Weight", "ValidationError"),
        (forward(group("a", -1)), f"{FORWARD_AT}.TargetGroups[0].Weight", "ValidationError"),
        (
            forward(group("a", 1), group("a", 2)),
            f"{FORWARD_AT}.TargetGroups[1].TargetGroupArn",
            "ValidationError",
        ),
        (forward(group("a"), **{STICKY: {"Enabled": True}}), f"{FORWARD_AT}.{STICKY}", "MissingMember"),
        (
            forward(group("a"), **{STICKY: {"Enabled": True, "DurationSeconds": 604_801}}),
            f"{FORWARD_AT}.{STICKY}.DurationSeconds",
            "ValidationError",
        ),
        (redirect(), REDIRECT_AT, "InvalidLoadBalancerAction"),
        (redirect(Query="a=b"), REDIRECT_AT, "InvalidLoadBalancerAction"),
        (redirect(Protocol="#{protocol}", Host="#{host}"), REDIRECT_AT, "InvalidLoadBalancerAction"),
        (redirect(Path="/x", StatusCode=301), f"{REDIRECT_AT}.StatusCode", "ValidationError"),
        (redirect(Path="/x", StatusCode=None), REDIRECT_AT, "MissingMember"),
        (redirect(Path="/x", Protocol="https"), f"{REDIRECT_AT}.Protocol", "ValidationError"),
        (redirect(Port=0), f"{REDIRECT_AT}.Port", "ValidationError"),
        (redirect(Port="#{host}"), f"{REDIRECT_AT}.Port", "ValidationError"),
        (redirect(Host="#{path}.org"), f"{REDIRECT_AT}.Host", "ValidationError"),
        (redirect(Host="a.org:80"), f"{REDIRECT_AT}.Host", "ValidationError"),
        (redirect(Host="u@a.org"), f"{REDIRECT_AT}.Host", "ValidationError"),
        (redirect(Host="a.org/x"), f"{REDIRECT_AT}.Host", "ValidationError"),
        (redirect(Host="a" * 129), f"{REDIRECT_AT}.Host", "ValidationError"),
        (redirect(Path="x"), f"{REDIRECT_AT}.Path", "ValidationError"),
        (redirect(Path="/#{query}"), f"{REDIRECT_AT}.Path", "ValidationError"),
        (redirect(Path="/#{hots}"), f"{REDIRECT_AT}.Path", "ValidationError"),
        (redirect(Path="/a\r\nX: y"), f"{REDIRECT_AT}.Path", "ValidationError"),
        (redirect(Path="/caf\u00e9"), f"{REDIRECT_AT}.Path", "ValidationError"),
        (redirect(Path="/x", Query="?a=b"), f"{REDIRECT_AT}.Query", "ValidationError"),
        (redirect(Path="/x", Query="a b"), f"{REDIRECT_AT}.Query", "ValidationError"),
        (redirect(Path="/x", Query="q" * 129), f"{REDIRECT_AT}.Query", "ValidationError"),
        (redirect(Path="/x", Hosts="a"), f"{REDIRECT_AT}.Hosts", "UnknownMember"),
        (fixed(), FIXED_AT, "MissingMember"),
        (fixed(StatusCode="302"), f"{FIXED_AT}.StatusCode", "ValidationError"),
        (fixed(StatusCode="4000"), f"{FIXED_AT}.StatusCode", "ValidationError"),
        (fixed(StatusCode="4XX"), f"{FIXED_AT}.StatusCode", "ValidationError"),
        (fixed(StatusCode=200, ContentType="image/png"), f"{FIXED_AT}.ContentType", "ValidationError"),
        (fixed(StatusCode=200, MessageBody="x" * 1025), f"{FIXED_AT}.MessageBody", "ValidationError"),
        (fixed(StatusCode=200, MessageBody=5), f"{FIXED_AT}.MessageBody", "ValidationError"),
    ],
)
def test_every_fault_is_reported_at_its_place(document: dict[str, Any], place: str, code: str) -> None:
    assert places_of(document) == {place: code}


def test_number_of_target_groups_is_limited() -> None:
    groups = [group(f"g{at}", 1) for at in range(6)]
    assert places_of(forward(*groups), limits=AWS) == {f"{FORWARD_AT}.TargetGroups": "TooManyTargetGroups"}
    assert not problems_of(forward(*groups))


@pytest.mark.parametrize(
    ("document", "place", "code"),
    [
        (forward(group("a", 0), group("b", 0)), f"{FORWARD_AT}.TargetGroups", "NoWeight"),
        (forward(group("a", 1), group("b")), f"{FORWARD_AT}.TargetGroups[1]", "WeightMissing"),
    ],
)
def test_doubtful_weights_are_warnings(document: dict[str, Any], place: str, code: str) -> None:
    assert places_of(document) == {place: code}
    assert parse_ruleset(document).warnings


def test_https_listener_does_not_redirect_to_http() -> None:
    to_http = redirect(Protocol="HTTP", Port="80")
    assert places_of(to_http, listener_protocol="HTTPS") == {
        f"{REDIRECT_AT}.Protocol": "InvalidLoadBalancerAction"
    }
    assert not problems_of(to_http, listener_protocol="HTTP")
    assert not problems_of(to_http)


def test_unknown_target_groups_are_reported_when_the_known_ones_are_told() -> None:
    known = {"app", "api"}
    assert not problems_of(forward(group("app", 1), group("api", 1)), known_target_groups=known)
    (problem,) = problems_of(forward(group("appp", 1), group("api", 1)), known_target_groups=known)
    assert problem.where == ("DefaultActions", 0, "ForwardConfig", "TargetGroups", 0, "TargetGroupArn")
    assert problem.message == "there is no target group 'appp'; did you mean app?"
