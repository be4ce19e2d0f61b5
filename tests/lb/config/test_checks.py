"""What only shows when sections are looked at together."""

from pathlib import Path

import pytest

from tests.lb.config.conftest import GOOD, Check

SECOND = """\
  - Port: {port}
    Address: {address}
    DefaultActions: [{{Type: forward, TargetGroupArn: app}}]
TargetGroups:
"""


def two_listeners(port: int, address: str) -> str:
    return GOOD.replace("TargetGroups:\n", SECOND.format(port=port, address=address))


@pytest.mark.parametrize(
    ("port", "address", "collides"),
    [
        pytest.param(8080, "127.0.0.1", True, id="same"),
        pytest.param(8080, "0.0.0.0", True, id="every address"),
        pytest.param(8080, "'::'", True, id="every address, version 6"),
        pytest.param(8080, "127.0.0.2", False, id="another address"),
        pytest.param(8081, "127.0.0.1", False, id="another port"),
        pytest.param(0, "127.0.0.1", False, id="a free port"),
    ],
)
def test_two_listeners_on_one_port_collide(check: Check, port: int, address: str, *, collides: bool) -> None:
    codes = [each.code for each in check(two_listeners(port, address)).problems]
    assert codes == (["DuplicateListener"] if collides else [])


def test_administration_needs_a_port_of_its_own(check: Check) -> None:
    problem = check(GOOD + "Admin: {Port: 8080}\n").only
    assert problem.message == "port 8080 is taken on line 2: choose another"


def test_target_groups_have_different_names(check: Check) -> None:
    problem = check(GOOD + "  - Name: app\n    Targets: [{Id: 127.0.0.1, Port: 1}]\n").only
    assert (problem.line, problem.code) == (8, "DuplicateTargetGroupName")


def test_a_target_is_in_a_group_once(check: Check) -> None:
    text = GOOD.replace("Port: 3000}]", "Port: 3000}, {Id: 127.0.0.1, Port: 3000}]")
    assert check(text).only.code == "DuplicateTarget"


def test_a_health_check_ends_before_the_next_begins(check: Check) -> None:
    text = GOOD + "    HealthCheckTimeoutSeconds: 10\n    HealthCheckIntervalSeconds: 10\n"
    assert check(text).only.line == 8


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(
            GOOD + "  - Name: spare\n    Targets: [{Id: a.example, Port: 1}]\n",
            "TargetGroupUnused",
            id="unused",
        ),
        pytest.param(
            GOOD.replace("    Targets: [{Id: 127.0.0.1, Port: 3000}]\n", ""), "NoTargets", id="no targets"
        ),
        pytest.param(GOOD + "PoolServer: {Port: 9000}\n", "NoUserPools", id="pool server without pools"),
    ],
)
def test_what_nothing_uses_is_a_warning(check: Check, text: str, code: str) -> None:
    assert [each.code for each in check(text).warnings] == [code]


def test_https_needs_certificates_and_http_has_no_use_for_them(check: Check) -> None:
    https = GOOD.replace("Port: 8080", "Port: 8080\n    Protocol: HTTPS")
    assert check(https).only.code == "CertificateMissing"
    http = GOOD.replace(
        "Port: 8080", "Port: 8080\n    Certificates: [{CertificateFile: a, PrivateKeyFile: b}]"
    )
    assert check(http).only.code == "CertificateOnHttp"


def test_an_unknown_security_policy_is_told_with_the_nearest(check: Check) -> None:
    text = GOOD.replace("Port: 8080", "Port: 8080\n    SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-6")
    assert "did you mean `ELBSecurityPolicy-TLS13-1-2-2021-06`" in check(text).only.message


APPLICATION = GOOD.replace(
    "    Targets: [{Id: 127.0.0.1, Port: 3000}]\n",
    "    TargetType: asgi\n    Targets: [{Id: 'shop.web:app'}]\n",
)


def test_applications_are_named_by_import_string(check: Check, tmp_path: Path) -> None:
    loaded = check(APPLICATION).loaded
    assert loaded is not None
    group = loaded.settings.target_groups["app"]
    assert [(target.id, target.port) for target in group.targets] == [("shop.web:app", 0)]
    assert group.code_folder == tmp_path


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        pytest.param(GOOD.replace("127.0.0.1, Port: 3000", "'shop.web:app'"), 7, 20, id="of the usual type"),
        pytest.param(APPLICATION.replace("'shop.web:app'", "shop.example"), 8, 20, id="a host"),
        pytest.param(APPLICATION.replace("'shop.web:app'", "'shop-web:app'"), 8, 20, id="no import string"),
        pytest.param(APPLICATION.replace("app'}", "app', Port: 1}"), 8, 42, id="a port"),
        pytest.param(APPLICATION + "    Port: 80\n", 9, 11, id="the group's port"),
        pytest.param(APPLICATION + "    Protocol: HTTPS\n", 9, 15, id="TLS"),
        pytest.param(APPLICATION + "    HealthCheckPort: 80\n", 9, 22, id="a port to check"),
    ],
)
def test_applications_have_neither_port_nor_tls(check: Check, text: str, line: int, column: int) -> None:
    assert check(text).places == [(line, column, "BadValue")]


def test_an_application_is_in_a_group_once(check: Check) -> None:
    text = APPLICATION.replace("app'}]", "app'}, {Id: 'shop.web:app'}]")
    assert check(text).only.code == "DuplicateTarget"
