"""Whole files: every problem at once, each at its place; and what a good file becomes."""

import json
from pathlib import Path

import pytest

from lb.config import InvalidConfig, load_settings
from lb.redacted import to_json
from lb.settings import XffMode
from lb.workers.cpus import count_cpus
from tests.lb.config.conftest import GOOD, Check

EVERYTHING_WRONG = """\
Listeners:
  - Port: 8080
    Adress: 127.0.0.1
    DefaultActions: [{Type: forward, TargetGroupArn: ap}]
    Rules:
      - Priority: 10
        Conditions: [{Field: source-ip, SourceIpConfig: {Values: [10.0.0.0/99]}}]
        Actions: [{Type: forward, TargetGroupArn: app}]
      - Priority: 10
        Conditions: [{Field: path-pattern, Values: [/a]}]
        Actions: [{Type: redirect, RedirectConfig: {StatusCode: HTTP_301}}]
  - Port: 8080
    Port: 8081
    Protocol: HTTPS
    DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "404"}}]
TargetGroups:
  - Name: app
    Targets: [{Id: http://x, Port: 3000}]
    HealthCheckIntervalSeconds: 2
    TargetGroupAttributes: [{Key: deregistration_delay.timeout, Value: 1}]
Admin: {Port: "${NOPE}"}
"""


def test_every_problem_is_told_at_once_with_its_place(check: Check) -> None:
    assert check(EVERYTHING_WRONG).places == [
        (3, 5, "UnknownKey"),
        (4, 54, "TargetGroupNotFound"),
        (7, 67, "ValidationError"),
        (9, 19, "PriorityInUse"),
        (11, 52, "InvalidLoadBalancerAction"),
        (12, 5, "CertificateMissing"),
        (12, 11, "DuplicateListener"),
        (13, 5, "DuplicateKey"),
        (18, 20, "BadValue"),
        (19, 33, "BadValue"),
        (20, 30, "UnknownAttribute"),
        (21, 15, "VariableNotSet"),
    ]


def test_the_error_reads_as_file_line_column_and_message(check: Check, tmp_path: Path) -> None:
    problem = check(GOOD.replace("Address", "Adress")).only
    assert str(problem) == f"{tmp_path / 'albacore.yaml'}:3:5: unknown key `Adress`; did you mean `Address`?"


def one_listener(rule: str, extra: str = "") -> str:
    return f"""\
Listeners:
  - Port: 8080
    DefaultActions: [{{Type: fixed-response, FixedResponseConfig: {{StatusCode: "404"}}}}]
    Rules:
      - {rule}
{extra}
"""


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        pytest.param(
            GOOD.replace("Port: 8080", "Port: 99999"), 2, "`Port` must be at most 65535", id="range"
        ),
        pytest.param(GOOD.replace("Port: 8080", "Port: http"), 2, "`Port` must be a whole number", id="type"),
        pytest.param(GOOD.replace("  - Port: 8080\n    ", "  - "), 2, "`Port` is missing", id="missing key"),
        pytest.param(
            GOOD.replace("    DefaultActions: [{Type: forward, TargetGroupArn: app}]\n", ""),
            2,
            "`DefaultActions` is missing",
            id="no default actions",
        ),
        pytest.param("TargetGroups: []\n", 1, "`Listeners` is missing", id="no listeners"),
        pytest.param("Listeners: []\n", 1, "`Listeners` needs at least 1 item", id="empty listeners"),
        pytest.param("Listeners: {Port: 1}\n", 1, "`Listeners` must be a list", id="mapping for a list"),
        pytest.param("Listeners: [8080]\n", 1, "must be a mapping", id="number for a mapping"),
        pytest.param(GOOD.replace("Name: app", "Name: -app-"), 6, "1 to 32 letters", id="bad name"),
        pytest.param(GOOD + "    Protocol: FTP\n", 8, "must be 'HTTP' or 'HTTPS'", id="bad protocol"),
        pytest.param(GOOD + "    TargetType: lambda\n", 8, "must be 'ip'", id="target type"),
        pytest.param(GOOD + "    ProtocolVersion: SPDY\n", 8, "must be 'HTTP1'", id="protocol version"),
        pytest.param(
            GOOD + "    HealthCheckPath: health\n", 8, "does not have the right form", id="health path"
        ),
        pytest.param(GOOD + "    Matcher: {HttpCode: 600}\n", 8, "codes from 200 to 499", id="matcher"),
        pytest.param(GOOD + "    HealthCheckPort: no-port\n", 8, "whole number", id="health port"),
        pytest.param(
            GOOD.replace("127.0.0.1, Port: 3000", "127.0.0.1"), 7, "`Port` is missing here", id="no port"
        ),
        pytest.param(
            GOOD.replace("Id: 127.0.0.1", "Id: 999.1.1.1"), 7, "an IP address or a host name", id="bad ip"
        ),
        pytest.param(
            GOOD.replace("Address: 127.0.0.1", "Address: web"), 3, "an IP address of this", id="address"
        ),
        pytest.param(
            GOOD + "PoolServer: {PublicUrl: http://x/}\n", 8, "`PublicUrl` must be a URL", id="public url"
        ),
        pytest.param(GOOD + "LoadBalancer: {LoadBalancerArn: mine}\n", 8, "the right form", id="arn"),
        pytest.param(
            one_listener(
                "{Priority: 1, Conditions: [{Field: path-pattern, Values: [/a]}], Actions: [{Type: "
                "authenticate-cognito, AuthenticateCognitoConfig: {UserPoolArn: none, UserPoolClientId: c}},"
                " {Type: fixed-response, FixedResponseConfig: {StatusCode: '200'}}]}"
            ),
            5,
            "none",
            id="unknown user pool",
        ),
    ],
)
def test_a_bad_value_is_told_at_its_line(check: Check, text: str, line: int, says: str) -> None:
    found = [problem for problem in check(text).problems if problem.line == line and says in problem.message]
    assert found, check(text).problems


def test_keys_of_aws_that_mean_nothing_here_are_warnings(check: Check) -> None:
    checked = check(GOOD + "    VpcId: vpc-1\n")
    assert checked.loaded is not None
    assert [(each.line, each.code) for each in checked.warnings] == [(8, "AwsOnly")]


def test_keys_of_features_that_are_missing_are_problems(check: Check) -> None:
    problem = check(GOOD.replace("    Targets:", "    TargetControlPort: 3000\n    Targets:")).only
    assert problem.message == "the target optimizer is not supported yet: take `TargetControlPort` out"


def test_a_key_in_the_wrong_place_is_told_with_what_is_known_there(check: Check) -> None:
    assert "known here:" in check(GOOD + "Zzz: 1\n").only.message


def test_paths_count_from_the_folder_of_the_file(check: Check, tmp_path: Path) -> None:
    loaded = check(GOOD + "AccessLog: logs/access.log\nDataDirectory: data\n").loaded
    assert loaded is not None
    assert loaded.settings.access_log == str(tmp_path / "logs/access.log")
    assert loaded.settings.data_directory == tmp_path / "data"


def test_an_access_log_to_standard_output_is_no_path(check: Check) -> None:
    loaded = check(GOOD + 'AccessLog: "-"\n').loaded
    assert loaded is not None
    assert loaded.settings.access_log == "-"


def test_defaults_are_those_of_the_load_balancer(check: Check) -> None:
    loaded = check(GOOD).loaded
    assert loaded is not None
    settings = loaded.settings
    assert settings.attributes.idle_timeout_seconds == 60
    assert settings.attributes.xff_mode is XffMode.APPEND
    group = settings.target_groups["app"]
    assert (group.deregistration_delay_seconds, group.health_check.interval_seconds) == (300, 30)
    assert group.health_check.port is None
    assert settings.pool_server is None
    assert settings.admin_port is None


def test_attributes_fill_the_settings(check: Check) -> None:
    loaded = check(
        GOOD.replace(
            "    Address:",
            "    ListenerAttributes:\n"
            "      - {Key: routing.http.response.server.enabled, Value: 'false'}\n"
            "      - {Key: routing.http.response.x_frame_options.header_value, Value: DENY}\n"
            "    Address:",
        )
        + "    HealthCheckPort: 9\n"
        + "    TargetGroupAttributes: {deregistration_delay.timeout_seconds: 5}\n"
        + "LoadBalancer:\n  LoadBalancerAttributes: {routing.http.xff_header_processing.mode: remove}\n"
    ).loaded
    assert loaded is not None
    listener = loaded.settings.listeners[0]
    assert listener.server_header is False
    assert listener.response_headers == (("X-Frame-Options", "DENY"),)
    assert loaded.settings.target_groups["app"].deregistration_delay_seconds == 5
    assert loaded.settings.target_groups["app"].health_check.port == 9
    assert loaded.settings.attributes.xff_mode is XffMode.REMOVE


POOL = """\
UserPools:
  - UserPoolName: people
    UserPoolClients:
      - ClientName: web
        GenerateSecret: true
        CallbackURLs: [http://localhost:8080/oauth2/idpresponse]
"""
LOGIN = (
    "{Type: authenticate-cognito, AuthenticateCognitoConfig: {UserPoolArn: people, UserPoolClientId: web}}, "
)


def test_a_pool_of_the_file_can_be_logged_in_at(check: Check) -> None:
    checked = check(GOOD.replace("[{Type: forward", f"[{LOGIN}{{Type: forward") + POOL)
    assert checked.loaded is not None, checked.problems
    assert checked.loaded.settings.pool_server is not None
    assert not checked.warnings


def test_the_pools_can_live_in_postgresql(check: Check) -> None:
    url = "postgresql://ann:p%40ss@db.example:5432/staff?ssl=require"
    checked = check(GOOD + POOL + f"PoolServer: {{Database: '{url}'}}\n")
    assert checked.loaded is not None, checked.problems
    server = checked.loaded.settings.pool_server
    assert server is not None
    assert server.database == url
    assert "p%40ss" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ann:hunter2@db/staff",
        "postgresql://ann:hunter2@db",
        "postgresql://ann:hun/ter2@db/staff",
        "postgresql://ann:hunter2@x@db/staff",
        "postgresql://ann@db/staff?password=hunter2",
        "hunter2",
    ],
)
def test_a_bad_database_is_told_without_its_password(check: Check, url: str) -> None:
    problem = check(GOOD + POOL + f"PoolServer: {{Database: '{url}'}}\n").only
    assert "postgresql://user:password@host" in problem.message
    assert "ter2" not in problem.message


def test_a_client_that_the_file_does_not_name_is_a_warning_with_a_suggestion(check: Check) -> None:
    checked = check(GOOD.replace("[{Type: forward", f"[{LOGIN.replace('web', 'wep')}{{Type: forward") + POOL)
    assert [each.code for each in checked.warnings] == ["UnknownClient"]
    assert "did you mean `web`" in checked.warnings[0].message


def test_problems_of_pools_are_placed_in_the_file(check: Check) -> None:
    problem = check(GOOD + POOL.replace("GenerateSecret", "GenerateSecrets")).only
    assert (problem.line, problem.column, problem.code) == (12, 9, "UnknownKey")


def test_problems_of_the_mail_server_are_placed_in_the_file(check: Check) -> None:
    text = (
        GOOD
        + POOL
        + "PoolServer:\n  Smtp: {Host: mail, From: a@b.example, Security: none, Username: u, Password: p}\n"
    )
    problem = check(text).only
    assert problem.line == 15
    assert "clear" in problem.message


def test_the_mail_password_is_in_no_repr(check: Check) -> None:
    text = (
        GOOD + POOL + "PoolServer:\n  Smtp: {Host: mail, From: a@b.example, Username: u, Password: hunter2}\n"
    )
    loaded = check(text).loaded
    assert loaded is not None
    assert "hunter2" not in repr(loaded.settings)


def test_problems_of_access_keys_are_placed_in_the_file(check: Check) -> None:
    keys = "  AccessKeys:\n    - {AccessKeyId: a b, SecretAccessKey: 0123456789abcdef}\n"
    problem = check(GOOD + POOL + "PoolServer:\n" + keys).only
    assert (problem.line, problem.code) == (16, "InvalidValue")


def test_the_secret_of_an_access_key_is_in_no_repr(check: Check) -> None:
    keys = "  AccessKeys:\n    - {AccessKeyId: ADMIN, SecretAccessKey: 0123456789abcdef}\n"
    loaded = check(GOOD + POOL + "PoolServer:\n" + keys).loaded
    assert loaded is not None
    assert "0123456789abcdef" not in repr(loaded.settings)
    assert "0123456789abcdef" not in str(to_json(loaded.settings))


def test_problems_of_rate_limits_are_placed_in_the_file(check: Check) -> None:
    limits = "  TrustedProxies: [127.0.0.1]\n  RateLimits:\n    Exempt: [everybody]\n"
    problem = check(GOOD + POOL + "PoolServer:\n" + limits).only
    assert (problem.line, problem.code) == (17, "InvalidValue")


def test_rate_limits_reach_the_pool_in_the_words_of_the_file(check: Check) -> None:
    limits = "  TrustedProxies: [10.0.0.1]\n  RateLimits: {Failures: {Count: 5}}\n"
    loaded = check(GOOD + POOL + "PoolServer:\n" + limits).loaded
    assert loaded is not None
    assert loaded.settings.pool_server is not None
    told = json.loads(json.dumps(loaded.settings.pool_server.guard))
    assert told == {"TrustedProxies": ["10.0.0.1"], "RateLimits": {"Failures": {"Count": 5}}}


def test_raises_one_error_whose_text_lists_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(EVERYTHING_WRONG)
    with pytest.raises(InvalidConfig) as caught:
        load_settings(path, environ={})
    assert len(str(caught.value).splitlines()) == len(caught.value.problems) == 12


WILDCARDS = one_listener(
    "{Priority: 1, Conditions: [{Field: path-pattern, Values: ['/*/*/*/*/*/*/*']}], "
    "Actions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: '200'}}]}",
    "LoadBalancer: {Quotas: QUOTAS}",
)


def test_quotas_of_aws_are_kept_where_they_are_asked_for(check: Check) -> None:
    assert check(WILDCARDS.replace("QUOTAS", "relaxed")).problems == ()
    problem = check(WILDCARDS.replace("QUOTAS", "aws")).only
    assert problem.line == 5
    assert "wildcard" in problem.message


def test_a_redirect_to_itself_is_told(check: Check) -> None:
    text = GOOD.replace(
        "[{Type: forward, TargetGroupArn: app}]",
        "[{Type: redirect, RedirectConfig: {Port: '#{port}', StatusCode: HTTP_301}}]",
    )
    problem = check(text).only
    assert (problem.line, problem.code) == (4, "InvalidLoadBalancerAction")
    assert "loop" in problem.message


@pytest.mark.parametrize(("text", "count"), [("", 1), ("Workers: 3\n", 3), ("Workers: auto\n", count_cpus())])
def test_how_many_processes_serve(tmp_path: Path, text: str, count: int) -> None:
    (tmp_path / "albacore.yaml").write_text(GOOD + text)
    assert load_settings(tmp_path / "albacore.yaml").settings.workers == count


@pytest.mark.parametrize("value", ["0", "65", "many", "-1", "1.5"])
def test_a_number_of_processes_that_makes_no_sense(check: Check, value: str) -> None:
    assert check(f"{GOOD}Workers: {value}\n").only.code == "BadValue"


@pytest.mark.parametrize(
    ("secret", "codes"),
    [("", ["ClientWithoutSecret"]), ("GenerateSecret: true, ", []), (f"ClientSecret: {'s' * 30}, ", [])],
    ids=["none", "generated", "given"],
)
def test_a_client_of_a_login_needs_a_secret(check: Check, secret: str, codes: list[str]) -> None:
    """AWS refuses it; here, no login could ever work."""
    pools = (
        "UserPools: [{UserPoolName: staff, UserPoolClients: [{ClientName: web, %sAllowedOAuthFlows: [code], "
        "AllowedOAuthScopes: [openid], CallbackURLs: [http://localhost/oauth2/idpresponse]}]}]\n"
    )
    listener = (
        "Listeners:\n  - Port: 8080\n    Address: 127.0.0.1\n    DefaultActions:\n"
        "      - {Type: authenticate-cognito, Order: 1, AuthenticateCognitoConfig: "
        "{UserPoolArn: staff, UserPoolClientId: web}}\n"
        "      - {Type: fixed-response, Order: 2, FixedResponseConfig: {StatusCode: 200}}\n"
    )
    assert [problem.code for problem in check(listener + pools % secret).problems] == codes


def test_a_tilde_is_the_home_directory(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = check(GOOD + "AccessLog: ~/a.log\nDataDirectory: ~/data\n").loaded.settings
    assert str(settings.data_directory) == "/home/somebody/data"
    assert settings.access_log == "/home/somebody/a.log"
