"""`albacore explain`: the rule that a request meets, and why."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from lb.cli.main import app

RUNNER = CliRunner()
CONFIG = """\
Listeners:
  - Port: 8080
    DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "404"}}]
    Rules:
      - Priority: 1
        Conditions: [{Field: path-pattern, Values: [/a%2Fb]}]
        Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "201"}}]
      - Priority: 2
        Conditions: [{Field: http-header, HttpHeaderConfig: {HttpHeaderName: X-Env, Values: [blue]}}]
        Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "202"}}]
      - Priority: 3
        Conditions: [{Field: http-request-method, HttpRequestMethodConfig: {Values: [POST]}}]
        Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "203"}}]
      - Priority: 4
        Conditions: [{Field: source-ip, SourceIpConfig: {Values: [10.0.0.0/8, "2001:db8::/32"]}}]
        Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "204"}}]
      - Priority: 5
        Conditions: [{Field: host-header, Values: [app.example]}]
        Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "205"}}]
      - Priority: 6
        Conditions: [{Field: query-string, QueryStringConfig: {Values: [{Key: v, Value: "1"}]}}]
        Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "206"}}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text(CONFIG)
    return path


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        pytest.param(["http://x:8080/a%2Fb"], "rule 1 MATCHES", id="raw path"),
        pytest.param(["http://x:8080/a/b"], "default rule MATCHES", id="default"),
        pytest.param(["http://x:8080/", "-H", "x-env: blue"], "rule 2 MATCHES", id="header"),
        pytest.param(["http://x:8080/", "--method", "POST"], "rule 3 MATCHES", id="method"),
        pytest.param(["http://x:8080/", "--from", "10.1.2.3"], "rule 4 MATCHES", id="address"),
        pytest.param(["http://x:8080/", "--from", "2001:DB8::1"], "rule 4 MATCHES", id="address, version 6"),
        pytest.param(["http://APP.example:8080/"], "rule 5 MATCHES", id="host"),
        pytest.param(["http://x:8080/", "-H", "Host: app.example"], "rule 5 MATCHES", id="host header"),
        pytest.param(["http://x:8080/?v=1"], "rule 6 MATCHES", id="query"),
        pytest.param(["http://x/"], "default rule MATCHES", id="the only listener, whatever the port"),
    ],
)
def test_the_rule_that_takes_the_request_is_named(config: Path, arguments: list[str], rule: str) -> None:
    result = RUNNER.invoke(app, ["explain", str(config), *arguments])
    assert result.exit_code == 0, result.output
    assert rule in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["x"],
        ["ftp://x/"],
        ["http://x:99999/"],
        ["http:///a"],
        ["http://x/ä"],
        ["http://x/", "--from", "me"],
        ["http://x/", "-H", "no colon"],
    ],
)
def test_wrong_usage_is_told_and_ends_with_two(config: Path, arguments: list[str]) -> None:
    assert RUNNER.invoke(app, ["explain", str(config), *arguments]).exit_code == 2


def test_with_several_listeners_the_port_decides(config: Path) -> None:
    action = '{Type: fixed-response, FixedResponseConfig: {StatusCode: "200"}}'
    other = f"  - Port: 8081\n    DefaultActions: [{action}]\n"
    config.write_text(CONFIG + other)
    assert "listener HTTP port 8081" in RUNNER.invoke(app, ["explain", str(config), "http://x:8081/"]).output
    result = RUNNER.invoke(app, ["explain", str(config), "http://x:8082/"])
    assert result.exit_code == 2
    assert "8080, 8081" in result.output
