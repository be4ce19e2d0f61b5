from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lb.observe import names
from lb.observe.metrics import AuthEvent, Metrics
from lb.observe.record import AccessRecord
from lb.reasons import Reason
from lb.targets.live import GroupCounts

ARN = "arn:aws:elasticloadbalancing:local:000000000000:targetgroup/app/0123456789abcdef"
DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample that is not zero, by name (without prefix) and label values."""
    return {
        (sample.name.removeprefix("albacore_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if sample.value
    }


def forwarded(**more: object) -> AccessRecord:
    values: dict[str, object] = {
        "type": "https", "client": "10.0.0.9", "target": "10.0.0.1:80", "target_group_arn": ARN,
        "status": 200, "target_status": 200, "received_bytes": 10, "sent_bytes": 20, "created": 1.0,
        "dispatched": 1.5, "target_head": 1.75, "done": 2.0, "actions": ("forward",), "rule_evaluations": 3,
    }  # fmt: skip
    return AccessRecord(**{**values, **more})  # type: ignore[arg-type]


def counted(*records: AccessRecord) -> dict[tuple[str, ...], float]:
    metrics = Metrics()
    for each in records:
        metrics.record(each)
    return samples(metrics)


def test_a_forwarded_request() -> None:
    got = counted(forwarded())
    assert {name: value for name, value in got.items() if "bucket" not in name[0]} == {
        ("requests_total", "https"): 1,
        ("processed_bytes_total",): 30,
        ("rule_evaluations_total",): 3,
        ("request_count_total", "app"): 1,
        ("http_code_target_2xx_count_total", "app"): 1,
        ("target_response_time_seconds_count", "app"): 1,
        ("target_response_time_seconds_sum", "app"): 0.25,
    }


def test_response_times_fall_into_buckets() -> None:
    got = counted(forwarded(), forwarded(target_head=1.503), forwarded(target_head=500.0))
    buckets = {
        key[1:]: value for key, value in got.items() if key[0] == "target_response_time_seconds_bucket"
    }
    by_bound = {next(label for label in labels if label != "app"): value for labels, value in buckets.items()}
    assert (by_bound["0.005"], by_bound["0.25"], by_bound["60.0"], by_bound["+Inf"]) == (1, 2, 2, 3)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(
            AccessRecord(status=503, reason=Reason.NO_TARGETS),
            {
                ("http_code_elb_5xx_count_total",),
                ("http_code_elb_503_count_total",),
                ("answers_total", "NO_TARGETS"),
            },
            id="no targets",
        ),
        pytest.param(
            forwarded(status=502, target_status=0, target_head=0.0, reason=Reason.TARGET_CONNECTION_REFUSED),
            {
                ("http_code_elb_5xx_count_total",),
                ("http_code_elb_502_count_total",),
                ("answers_total", "TARGET_CONNECTION_REFUSED"),
                ("request_count_total", "app"),
                ("target_connection_error_count_total", "app"),
            },
            id="target refused",
        ),
        pytest.param(
            forwarded(status=502, target_status=0, target_head=0.0, reason=Reason.TARGET_TLS_ERROR),
            {
                ("http_code_elb_5xx_count_total",),
                ("http_code_elb_502_count_total",),
                ("answers_total", "TARGET_TLS_ERROR"),
                ("request_count_total", "app"),
                ("target_tls_negotiation_error_count_total", "app"),
            },
            id="target's TLS",
        ),
        pytest.param(
            AccessRecord(status=400, reason=Reason.HEADER_TOO_LARGE),
            {("http_code_elb_4xx_count_total",), ("answers_total", "HEADER_TOO_LARGE")},
            id="a status class is counted once",
        ),
        pytest.param(
            AccessRecord(status=401, reason=Reason.AUTH_INVALID_STATE, actions=("authenticate",)),
            {
                ("http_code_elb_4xx_count_total",),
                ("elb_auth_failure_total",),
                ("answers_total", "AUTH_INVALID_STATE"),
            },
            id="login refused",
        ),
        pytest.param(
            AccessRecord(status=302, uri="/oauth2/idpresponse?code=redacted", actions=("authenticate",)),
            {
                ("http_code_elb_3xx_count_total",),
                ("elb_auth_success_total",),
                ("elb_auth_latency_seconds_count",),
            },
            id="login completed",
        ),
        pytest.param(
            AccessRecord(status=302, uri="/", actions=("authenticate",)),
            {("http_code_elb_3xx_count_total",)},
            id="sent to log in",
        ),
        pytest.param(
            AccessRecord(status=301, actions=("redirect",)),
            {("http_code_elb_3xx_count_total",), ("http_redirect_count_total",)},
            id="redirect",
        ),
        pytest.param(
            AccessRecord(status=200, actions=("fixed-response",)),
            {("http_fixed_response_count_total",)},
            id="fixed",
        ),
        pytest.param(
            AccessRecord(status=401, reason=Reason.JWT_HEADER_NOT_PRESENT),
            {
                ("http_code_elb_4xx_count_total",),
                ("jwt_validation_failure_count_total",),
                ("answers_total", "JWT_HEADER_NOT_PRESENT"),
            },
            id="bearer token refused",
        ),
    ],
)
def test_what_counts_where(record: AccessRecord, expected: set[tuple[str, ...]]) -> None:
    ignored = {"requests_total", "processed_bytes_total", "rule_evaluations_total"}
    got = {name for name in counted(record) if name[0] not in ignored and "_bucket" not in name[0]}
    assert got == expected


@pytest.mark.parametrize("digit", [2, 3, 4, 5])
def test_targets_answers_by_class(digit: int) -> None:
    got = counted(forwarded(status=digit * 100, target_status=digit * 100))
    assert got[f"http_code_target_{digit}xx_count_total", "app"] == 1
    assert not any(name[0].startswith("http_code_elb") for name in got)


def test_a_client_that_left_counts_beside_the_targets_answer() -> None:
    got = counted(forwarded(status=460, reason=Reason.CLIENT_CLOSED))
    assert got["http_code_elb_4xx_count_total",] == got["http_code_target_2xx_count_total", "app"] == 1


def test_ipv6_desync_and_bearer_tokens() -> None:
    got = counted(forwarded(client="::1", classification="Ambiguous", actions=("jwt-validation", "forward")))
    assert got["ipv6_request_count_total",] == 1
    assert got["ipv6_processed_bytes_total",] == 30
    assert got["desync_mitigation_mode_non_compliant_request_count_total",] == 1
    assert got["jwt_validation_success_count_total",] == 1


def test_connections_and_named_counters() -> None:
    metrics = Metrics()
    metrics.connection_opened()
    metrics.connection_opened()
    metrics.connection_closed()
    metrics.count("RejectedConnectionCount", 2)
    metrics.auth(AuthEvent.REFRESHED)
    got = samples(metrics)
    assert got["new_connection_count_total",] == 2
    assert got["active_connection_count",] == 1
    assert got["rejected_connection_count_total",] == 2
    assert got["elb_auth_refresh_token_success_total",] == 1
    with pytest.raises(KeyError):
        metrics.count("NoSuchCounter")


def test_gauges_of_target_groups_and_lost_rows() -> None:
    counts = GroupCounts("app", ARN, 2, 1, 4, 5, 6, failing_open=True, fail_open_choices=7)
    got = samples(Metrics(group_counts=lambda: [counts], rows_lost=lambda: 8))
    assert got == {
        ("access_log_lost_rows_total",): 8,
        ("healthy_host_count", "app"): 2,
        ("unhealthy_host_count", "app"): 1,
        ("unhealthy_state_routing", "app"): 1,
        ("draining_host_count", "app"): 5,
        ("in_flight_requests", "app"): 6,
        ("unhealthy_routing_request_count_total", "app"): 7,
    }


def test_two_load_balancers_do_not_share_numbers() -> None:
    one, other = Metrics(), Metrics()
    one.record(forwarded())
    assert samples(other) == {}


def test_the_docs_name_every_metric_and_no_other() -> None:
    families = text_string_to_metric_families(Metrics().exposition().decode())
    exposed = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    documented = set(re.findall(r"`(albacore_[a-z0-9_]+)`", DOCS.read_text()))
    supervisors = {"albacore_workers", "albacore_worker_deaths_total"}
    assert documented == exposed | supervisors


def test_the_docs_map_cloudwatch_names() -> None:
    text = DOCS.read_text()
    for table in (names.COUNTERS, names.GROUP_COUNTERS, names.GROUP_GAUGES):
        for cloudwatch, name in table.items():
            suffix = "" if table is names.GROUP_GAUGES else "_total"
            assert f"| `{cloudwatch}` | `albacore_{name.prometheus}{suffix}` |" in text
