"""The administration port: what it tells, whom it answers, what it never shows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lb.admin import build_admin_app
from lb.observe.metrics import Metrics
from lb.outcomes import Answer
from lb.runtime import Runtime
from lb.settings import PoolServerSettings, Settings, TargetGroupSettings, TargetSettings
from lb.targets.registry import TargetRegistry

GROUP = TargetGroupSettings("app", "arn:x:targetgroup/app/1", targets=(TargetSettings("10.0.0.1", 80),))


def settings(**more: Any) -> Settings:
    return Settings("web", "arn:lb", "local", (), {"app": GROUP}, **more)


@dataclass
class Snapshot:
    settings: Settings = field(default_factory=settings)


@dataclass
class View:
    ready: bool = True
    registry: TargetRegistry = field(default_factory=TargetRegistry)
    metrics: Metrics = field(default_factory=Metrics)
    snapshot: Snapshot = field(default_factory=Snapshot)


def serve_key(path: str) -> Answer | None:
    return (
        Answer(200, ((b"Cache-Control", b"public, max-age=300"),), b"{}")
        if path.endswith("jwks.json")
        else None
    )


@pytest.fixture
def view() -> View:
    made = View()
    made.registry.apply({"app": GROUP})
    return made


@pytest.fixture
def client(view: View) -> Iterator[TestClient]:
    app = build_admin_app(view, serve_key=serve_key, allowed_hosts={"albacore.internal"})
    with TestClient(app, base_url="http://127.0.0.1:9100") as made:
        yield made


def test_health_is_ok_even_while_draining(client: TestClient, view: View) -> None:
    view.ready = False
    assert (client.get("/health").status_code, client.get("/health").text) == (200, "ok\n")


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
def test_readiness(client: TestClient, view: View, ready: bool, status: int) -> None:
    view.ready = ready
    assert client.get("/ready").status_code == status


def test_metrics_are_prometheus_text(client: TestClient, view: View) -> None:
    view.metrics.connection_opened()
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "albacore_new_connection_count_total 1.0" in answer.text


def test_targets_show_their_health(client: TestClient) -> None:
    (group,) = client.get("/targets").json()["TargetGroups"]
    (row,) = group["TargetHealthDescriptions"]
    assert group["TargetGroupName"] == "app"
    assert row["Target"] == {"Id": "10.0.0.1", "Port": 80}
    assert row["TargetHealth"]["Reason"] == "Elb.RegistrationInProgress"


def test_the_configuration_shows(client: TestClient) -> None:
    shown = client.get("/config").json()
    assert shown["target_groups"]["app"]["targets"] == [{"id": "10.0.0.1", "port": 80}]
    assert shown["attributes"]["xff_mode"] == "append"


def test_public_keys_are_served_with_their_own_caching(client: TestClient) -> None:
    answer = client.get("/.well-known/albacore/jwks.json")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=300")
    assert client.get("/.well-known/albacore/keys/none").status_code == 404


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/metrics", "/targets", "/config", "/missing"])
def test_every_answer_is_plain_and_guarded(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert "html" not in answer.headers["content-type"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers


def test_head_is_answered_without_a_body(client: TestClient) -> None:
    answer = client.head("/health")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_nothing_can_be_changed(client: TestClient, method: str) -> None:
    answer = client.request(method, "/config")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:9100", 200, id="loopback address"),
        pytest.param("127.8.8.8", 200, id="another loopback address"),
        pytest.param("[::1]:9100", 200, id="loopback, IPv6"),
        pytest.param("LOCALHOST:9100", 200, id="localhost, any case"),
        pytest.param("albacore.internal", 200, id="configured"),
        pytest.param("attacker.example:9100", 403, id="rebound name"),
        pytest.param("localhost.attacker.example", 403, id="name that begins like localhost"),
        pytest.param("127.0.0.1.attacker.example", 403, id="name that begins like an address"),
        pytest.param("10.9.9.9", 403, id="an address not connected to"),
        pytest.param("", 403, id="empty"),
        pytest.param("localhost@attacker.example", 403, id="user information"),
        pytest.param("localhost/..", 403, id="path in the Host"),
        pytest.param("[::1", 403, id="malformed"),
    ],
)
def test_hosts(client: TestClient, host: str, status: int) -> None:
    assert client.get("/health", headers={"Host": host}).status_code == status


def test_the_address_connected_to_is_a_known_host(view: View) -> None:
    with TestClient(build_admin_app(view), base_url="http://10.1.2.3:9100") as client:
        assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Origin": "http://127.0.0.1:9100"}, 200, id="own origin"),
        pytest.param({"Origin": "http://evil.example"}, 403, id="foreign origin"),
        pytest.param({"Origin": "http://127.0.0.1:8080"}, 403, id="another port is another origin"),
        pytest.param({"Origin": "null"}, 403, id="opaque origin"),
        pytest.param({"Origin": "http://["}, 403, id="malformed origin"),
        pytest.param(
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403, id="image or script"
        ),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="another port of this host"),
        pytest.param(
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
            403,
            id="frame",
        ),
        pytest.param(
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
            200,
            id="a link that a person follows",
        ),
        pytest.param({"Sec-Fetch-Site": "none"}, 200, id="typed address"),
    ],
)
def test_foreign_pages_are_refused(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.get("/config", headers=headers).status_code == status


def test_two_hosts_are_refused(client: TestClient) -> None:
    assert client.get("/health", headers=[("Host", "localhost"), ("Host", "localhost")]).status_code == 403


def test_no_secret_of_the_settings_is_shown(client: TestClient, view: View) -> None:
    smtp = {"Host": "mail", "Password": "S3CRET-one", "Username": "u"}
    database = "postgresql://ann:S3CRET-two@db/staff"
    view.snapshot = Snapshot(settings(pool_server=PoolServerSettings(smtp=smtp, database=database)))
    shown = client.get("/config").text
    assert "S3CRET" not in shown
    assert json.loads(shown)["pool_server"]["smtp"] == {
        "Host": "mail",
        "Password": "(redacted)",
        "Username": "u",
    }


async def test_the_runtime_is_ready_from_its_start_to_its_end(tmp_path: Path) -> None:
    runtime = Runtime(settings(data_directory=tmp_path))
    app = build_admin_app(runtime)
    before = runtime.ready
    await runtime.start()
    during = runtime.ready
    await runtime.aclose()
    assert app
    assert (before, during, runtime.ready) == (False, True, False)


@pytest.mark.parametrize(("ready", "state"), [(True, "serving"), (False, "draining")])
def test_a_process_that_does_everything_is_its_own_worker(
    client: TestClient, view: View, ready: bool, state: str
) -> None:
    view.ready = ready
    assert client.get("/workers").json() == {
        "Workers": [{"Name": "albacore", "Pid": os.getpid(), "State": state}]
    }
