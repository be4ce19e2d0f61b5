"""What the process writes down and what it must not: no secret in any log, no acknowledged write lost."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.relying_party import code_flow
from tests.support.running import free_ports, running_albacore
from tests.support.stack import ADA, CLIENT_SECRET, PASSWORD, Ports, Stack, running_stack, stack_config
from tests.support.target import Target
from tests.support.visitor import Visitor

NEW_USER = "margaret@example.com"
NEW_PASSWORD = "Sign-Up-Pass-word-1"


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    """The secrets of a few logins, good and bad, and every text that the stack left behind."""
    folder = tmp_path_factory.mktemp("traces")
    secrets = {"password": PASSWORD, "client secret": CLIENT_SECRET, "wrong password": "Wrong-Pass-word-1"}
    with running_stack(folder) as stack, Visitor() as visitor:
        page = visitor.visit(f"{stack.url}/private")
        page = visitor.submit(page, {"username": ADA, "password": secrets["wrong password"]})
        visitor.submit(page, {"username": ADA, "password": PASSWORD})
        visitor.step("GET", next(str(a.url) for a in visitor.trail if "idpresponse" in str(a.url)))
        secrets |= secrets_of_login(stack, visitor)
        tokens = code_flow(stack, username=ADA, password=PASSWORD)
        secrets |= {"pool refresh token": tokens.refresh_token, "pool ID token": tokens.id_token}
        secrets |= sign_up(stack)
        output = stack.running
    # The access log is buffered: read when the process has ended.
    files = {path.name: path.read_text(errors="replace") for path in folder.glob("*.log")}
    return secrets, files | {"output": output.output}


def secrets_of_login(stack: Stack, visitor: Visitor) -> dict[str, str]:
    """Everything of the visitor's login that would be worth stealing."""
    received = next(seen for seen in reversed(stack.target.requests) if seen.values("x-amzn-oidc-data"))
    found = {f"cookie {name}": value for name, value in visitor.cookies.values["localhost"].items()}
    for answer in visitor.trail:
        query = parse_qs(urlsplit(str(answer.url)).query)
        found |= {f"{name} of a URL": query[name][0] for name in ("code", "state", "nonce") if name in query}
    found["access token"] = received.value("x-amzn-oidc-accesstoken")
    found["identity token"] = received.value("x-amzn-oidc-data")
    return found


def sign_up(stack: Stack) -> dict[str, str]:
    """Sign up as far as the code."""
    with Visitor() as visitor:
        acknowledged_sign_up(stack.ports, visitor, NEW_USER)
        inbox = visitor.visit(f"{stack.pool_url}/dev/inbox").text
    code = re.search(r"\b[0-9]{6}\b", inbox)
    assert code
    return {"mailed code": code[0], "new password": NEW_PASSWORD}


def acknowledged_sign_up(ports: Ports, visitor: Visitor, email: str) -> None:
    """Create an account, up to the page that asks for its code: by then it is promised to exist."""
    form = visitor.click(visitor.visit(f"{ports.url}/private"), "Create an account")
    values = {"username": email, "password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    page = visitor.submit(form, values)
    assert "Enter your code" in page.text


def test_no_secret_is_logged(traces: tuple[dict[str, str], dict[str, str]]) -> None:
    secrets, files = traces
    assert {"access.log", "output"} <= files.keys()
    leaks = [
        f"{kind} in {name}"
        for kind, secret in secrets.items()
        for name, text in files.items()
        if len(secret) >= 6 and secret in text
    ]
    assert leaks == []


def test_the_access_log_tells_the_login_all_the_same(traces: tuple[dict[str, str], dict[str, str]]) -> None:
    """The control: the log was written, and has the rows whose secrets it left out."""
    rows = traces[1]["access.log"].splitlines()
    assert any("/private" in row and " 302 " in row for row in rows)
    assert any("/oauth2/idpresponse" in row for row in rows)
    assert any("/private" in row and " 200 " in row for row in rows)


def test_killing_the_process_loses_no_acknowledged_sign_up(tmp_path: Path) -> None:
    ports = Ports(*free_ports(3))
    emails = [f"user{number}@example.com" for number in range(2)]
    with Target() as target:
        config = stack_config(ports, target.port)
        for email in emails:
            with running_albacore(config, tmp_path, stop="kill"), Visitor() as visitor:
                acknowledged_sign_up(ports, visitor, email)
        with running_albacore(config, tmp_path):
            for email in emails:
                with Visitor() as visitor:
                    page = visitor.log_in(f"{ports.url}/private", username=email, password=NEW_PASSWORD)
                # An unconfirmed account is asked for its code; an unknown one would be refused.
                assert "Enter your code" in page.text
