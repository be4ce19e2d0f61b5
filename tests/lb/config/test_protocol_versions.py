"""What `ProtocolVersion` says about matchers, listeners and rules."""

from __future__ import annotations

import pytest

from lb.settings import ProtocolVersion
from tests.lb.config.conftest import GOOD, Check


def group(check: Check, extra: str) -> tuple[ProtocolVersion, str, str]:
    loaded = check(GOOD + extra).loaded
    assert loaded is not None
    settings = loaded.settings.target_groups["app"]
    return settings.protocol_version, settings.health_check.path, settings.health_check.matcher


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        pytest.param("", (ProtocolVersion.HTTP1, "/", "200"), id="default"),
        pytest.param("    ProtocolVersion: HTTP2\n", (ProtocolVersion.HTTP2, "/", "200"), id="HTTP2"),
        pytest.param(
            "    ProtocolVersion: grpc\n", (ProtocolVersion.GRPC, "/AWS.ALB/healthcheck", "12"), id="GRPC"
        ),
        pytest.param(
            "    ProtocolVersion: GRPC\n    HealthCheckPath: /a.B/c\n    Matcher: {GrpcCode: 0-16}\n",
            (ProtocolVersion.GRPC, "/a.B/c", "0-16"),
            id="GRPC, all said",
        ),
    ],
)
def test_defaults_of_health_checks_follow_the_version(
    check: Check, extra: str, expected: tuple[ProtocolVersion, str, str]
) -> None:
    assert group(check, extra) == expected


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        pytest.param("    Matcher: {GrpcCode: 0}\n", "`GrpcCode` needs `ProtocolVersion: GRPC`", id="code"),
        pytest.param(
            '    ProtocolVersion: GRPC\n    Matcher: {HttpCode: "200"}\n',
            "matched by `GrpcCode`",
            id="status",
        ),
        pytest.param(
            "    ProtocolVersion: GRPC\n    Matcher: {GrpcCode: 0-100}\n", "codes from 0 to 99", id="range"
        ),
        pytest.param("    ProtocolVersion: HTTP3\n", "'HTTP1', 'HTTP2' or 'GRPC'", id="version"),
    ],
)
def test_what_does_not_go_together_is_told(check: Check, extra: str, says: str) -> None:
    assert says in check(GOOD + extra).only.message


@pytest.mark.parametrize("version", ["HTTP2", "GRPC"])
def test_group_that_no_client_can_reach_is_a_warning(check: Check, version: str) -> None:
    checked = check(GOOD + f"    ProtocolVersion: {version}\n")
    (warning,) = checked.warnings
    assert (warning.code, warning.line) == ("NeedsHttps", 2)
    assert f"target group `app` ({version}) takes HTTP/2 alone" in warning.message


def test_attribute_of_resets_is_read(check: Check) -> None:
    text = (
        "    TargetGroupAttributes: {routing.http2.rst_stream_error_forwarding.enabled: true}\n"
        "    ProtocolVersion: HTTP2\n"
    )
    loaded = check(GOOD + text).loaded
    assert loaded is not None
    assert loaded.settings.target_groups["app"].forwards_reset_codes
