import pytest

from lb.settings import HealthCheck, ProtocolVersion, TargetGroupSettings, TargetSettings
from lb.targets.group import Target, compile_group, format_address
from lb.targets.health import HEALTHY, TargetState


@pytest.mark.parametrize(
    ("host", "address"),
    [("10.1.2.3", "10.1.2.3:80"), ("::1", "[::1]:80"), ("localhost", "localhost:80")],
)
def test_addresses_are_spelt_as_in_host_headers(host: str, address: str) -> None:
    assert format_address(host, 80) == address


def test_a_target_registered_twice_counts_once_and_keeps_its_place() -> None:
    targets = (TargetSettings("10.0.0.1", 80), TargetSettings("10.0.0.2", 80), TargetSettings("10.0.0.1", 80))
    group = compile_group(TargetGroupSettings("app", "arn", protocol="HTTPS", targets=targets))
    assert group.keys == (
        ("10.0.0.1", 80, True, ProtocolVersion.HTTP1),
        ("10.0.0.2", 80, True, ProtocolVersion.HTTP1),
    )


def test_every_health_check_setting_arrives() -> None:
    check = HealthCheck(
        protocol="HTTPS", port=9000, path="/up?deep=1", interval_seconds=7, timeout_seconds=3,
        healthy_threshold=4, unhealthy_threshold=6, matcher="204",
    )  # fmt: skip
    group = compile_group(TargetGroupSettings("app", "arn", health_check=check))
    probe, thresholds = group.probe, group.thresholds
    assert (probe.tls, probe.port, probe.path, probe.interval, probe.timeout) == (
        True,
        9000,
        "/up?deep=1",
        7,
        3,
    )
    assert (thresholds.codes, thresholds.healthy, thresholds.unhealthy) == (frozenset({204}), 4, 6)


def test_grpc_is_matched_by_its_own_codes_and_shares_connections() -> None:
    check = HealthCheck(path="/a.B/c", matcher="0,12-14")
    settings = TargetGroupSettings(
        "app",
        "arn",
        targets=(TargetSettings("::1", 1),),
        health_check=check,
        protocol_version=ProtocolVersion.GRPC,
    )
    group = compile_group(settings)
    assert group.thresholds.codes == {0, 12, 13, 14}
    assert group.probe.version is ProtocolVersion.GRPC
    assert Target(group.keys[0], "app", "arn", HEALTHY).multiplexed


def test_a_target_reports_its_state() -> None:
    target = Target(("10.0.0.1", 80, False, ProtocolVersion.HTTP1), "app", "arn", HEALTHY)
    assert (target.state, target.reason, target.draining) == (TargetState.HEALTHY, None, False)
    assert repr(target) == "Target(app 10.0.0.1:80 healthy in_flight=0)"
