"""Attribute tables: every key, its range, both spellings."""

from pathlib import Path

import pytest

from lb.config.attributes import LISTENER, LOAD_BALANCER, TARGET_GROUP, AttributeValue, read_attributes
from lb.config.document import Document, parse_document
from lb.config.environment import Expander


def read(text: str, table=TARGET_GROUP) -> tuple[dict[str, AttributeValue], Document]:
    document = parse_document(text, file="a.yaml", expander=Expander({}, Path()))
    return read_attributes(document, (), table, document.value), document


@pytest.mark.parametrize(
    "text",
    ["- {Key: deregistration_delay.timeout_seconds, Value: '7'}", "deregistration_delay.timeout_seconds: 7"],
    ids=["list", "mapping"],
)
def test_both_spellings_mean_the_same(text: str) -> None:
    values, document = read(text)
    assert values == {"deregistration_delay_seconds": 7}
    assert not document.problems


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("deregistration_delay.timeout_seconds", ["0", "3600"], ["-1", "3601", "x", "1.5", "true"]),
        ("slow_start.duration_seconds", ["0", "30", "900"], ["1", "29", "901"]),
        ("load_balancing.algorithm.type", ["round_robin", "weighted_random"], ["random"]),
        ("load_balancing.algorithm.anomaly_mitigation", ["'on'", "'off'"], ["true"]),
        ("load_balancing.cross_zone.enabled", ["true", "use_load_balancer_configuration"], ["maybe"]),
        ("stickiness.enabled", ["false"], ["maybe", "1"]),
        ("stickiness.lb_cookie.duration_seconds", ["1", "604800"], ["0", "604801"]),
        ("stickiness.app_cookie.cookie_name", ["session"], ["AWSALB", "AWSALBTG", "a b", "''"]),
        (
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
            ["'off'", "1", "100"],
            ["0", "101", "on"],
        ),
        (
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
            ["1", "1000"],
            ["0", "'off'"],
        ),
        ("target_group_health.dns_failover.minimum_healthy_targets.count", ["'off'", "1"], ["0"]),
    ],
)
def test_ranges_of_target_group_attributes(key: str, good: list[str], bad: list[str]) -> None:
    for value in good:
        assert not read(f"{key}: {value}")[1].problems, value
    for value in bad:
        assert [each.code for each in read(f"{key}: {value}")[1].problems] == ["BadAttribute"], value


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("idle_timeout.timeout_seconds", ["1", "4000"], ["0", "4001"]),
        ("client_keep_alive.seconds", ["60", "604800"], ["59", "604801"]),
        ("routing.http.drop_invalid_header_fields.enabled", ["true", "false"], ["1", "'no'"]),
        ("routing.http.xff_header_processing.mode", ["append", "preserve", "remove"], ["keep"]),
        ("routing.http.desync_mitigation_mode", ["monitor", "defensive", "strictest"], ["off"]),
        ("load_balancing.cross_zone.enabled", ["true"], ["false"]),
        ("access_logs.s3.bucket", ["mine"], ["[]"]),
    ],
)
def test_ranges_of_load_balancer_attributes(key: str, good: list[str], bad: list[str]) -> None:
    for value in good:
        assert not read(f"{key}: {value}", LOAD_BALANCER)[1].problems, value
    for value in bad:
        assert [each.code for each in read(f"{key}: {value}", LOAD_BALANCER)[1].problems] == [
            "BadAttribute"
        ], value


RESPONSE = "routing.http.response."


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("server.enabled", "false", "maybe"),
        ("strict_transport_security.header_value", "max-age=31536000; includeSubDomains", "'é'"),
        ("access_control_allow_credentials.header_value", "true", "false"),
        ("access_control_max_age.header_value", "600", "long"),
        ("x_content_type_options.header_value", "nosniff", "sniff"),
        ("x_frame_options.header_value", "ALLOW-FROM https://a.example", "ALLOW"),
        ("content_security_policy.header_value", "default-src 'self'", '"a\\r\\nSet-Cookie: x"'),
    ],
)
def test_ranges_of_listener_attributes(key: str, good: str, bad: str) -> None:
    quoted = f'"{good}"' if "'" in good else f"'{good}'"
    assert not read(f"{RESPONSE}{key}: {quoted}", LISTENER)[1].problems
    assert [each.code for each in read(f"{RESPONSE}{key}: {bad}", LISTENER)[1].problems] == ["BadAttribute"]


def test_a_header_value_has_a_length_limit() -> None:
    key = f"{RESPONSE}content_security_policy.header_value"
    assert not read(f"{key}: {'a' * 1024}", LISTENER)[1].problems
    assert read(f"{key}: {'a' * 1025}", LISTENER)[1].problems


def test_an_unknown_key_is_told_with_the_nearest_one() -> None:
    problem = read("stickyness.enabled: true")[1].problems[0]
    assert problem.message == "unknown attribute `stickyness.enabled`; did you mean `stickiness.enabled`?"


def test_a_key_given_twice_is_a_problem() -> None:
    text = "- {Key: stickiness.enabled, Value: false}\n- {Key: stickiness.enabled, Value: false}\n"
    assert [(each.line, each.code) for each in read(text)[1].problems] == [(2, "DuplicateAttribute")]


@pytest.mark.parametrize(
    "text", ["text", "- x", "- {Key: a}", "- {Key: a, Value: b, Other: c}", "- {Key: 1, Value: 2}"]
)
def test_other_shapes_are_refused(text: str) -> None:
    assert [each.code for each in read(text)[1].problems] == ["BadType"]


def test_what_would_break_an_app_is_refused_and_what_only_tunes_is_a_warning() -> None:
    refused, ignored = read("stickiness.enabled: true")[1], read("slow_start.duration_seconds: 30")[1]
    assert [each.code for each in refused.problems] == ["NotSupportedYet"]
    assert [each.code for each in ignored.warnings] == ["NotSupportedYet"]


@pytest.mark.parametrize("table", [LOAD_BALANCER, LISTENER, TARGET_GROUP])
def test_every_default_is_a_value_that_its_key_accepts_without_a_word(table) -> None:
    for attribute in table.values():
        if attribute.default:
            document = read(f"{attribute.key}: '{attribute.default}'", table)[1]
            assert not document.problems, attribute.key
            assert not document.warnings, attribute.key
