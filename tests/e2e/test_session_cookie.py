"""A session cookie that is not exactly ours is no session.

A fresh login, never an error page, never an identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.raw import get
from tests.support.running import free_ports
from tests.support.stack import (
    ADA,
    PASSWORD,
    Ports,
    Stack,
    authenticate,
    client,
    forward,
    rule,
    running_stack,
)
from tests.support.visitor import Visitor

NAME = "AWSELBAuthSessionCookie"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Rules that share a session, and rules whose cookies have the same name and mean something else."""
    rules = [
        rule(1, "/first*", authenticate(), forward()),
        rule(2, "/deny*", authenticate(OnUnauthenticatedRequest="deny"), forward()),
        rule(3, "/allow*", authenticate(OnUnauthenticatedRequest="allow"), forward()),
        rule(4, "/other-client*", authenticate(UserPoolClientId="other"), forward()),
        rule(5, "/other-scope*", authenticate(Scope="openid"), forward()),
        rule(6, "/other-timeout*", authenticate(SessionTimeout=60), forward()),
    ]
    ports = Ports(*free_ports(3))
    other = client(ports, ClientName="other", ClientId="2example23456789")
    members = {"UserPoolClients": [client(ports), other]}
    with running_stack(
        tmp_path_factory.mktemp("cookies"), rules=rules, ports=ports, pool_members=members
    ) as stack:
        yield stack


@pytest.fixture(scope="module")
def session(stack: Stack) -> dict[str, str]:
    """The session cookies of a login under /first."""
    with Visitor() as visitor:
        assert visitor.log_in(f"{stack.url}/first", username=ADA, password=PASSWORD).status_code == 200
        jar = visitor.cookies.values["localhost"]
        return {name: value for name, value in jar.items() if name.startswith(NAME)}


def cookie_header(session: dict[str, str]) -> list[tuple[str, str]]:
    """The Cookie header that a browser would send."""
    return [("Cookie", "; ".join(f"{name}={value}" for name, value in session.items()))]


Change = Callable[[str], str]
CHANGES: dict[str, Change] = {
    "one character flipped at the start": lambda value: ("A" if value[0] != "A" else "B") + value[1:],
    "one character flipped in the middle": lambda value: (
        value[:200] + ("A" if value[200] != "A" else "B") + value[201:]
    ),
    "one character flipped at the end": lambda value: (
        value[:-3] + ("A" if value[-3] != "A" else "B") + value[-2:]
    ),
    "truncated": lambda value: value[: len(value) // 2],
    "one character": lambda value: value[:1],
    "empty": lambda _: "",
    "doubled": lambda value: value + value,
    "url-encoded": lambda value: value.replace("=", "%3D").replace("+", "%2B"),
    "in quotes": lambda value: f'"{value}x"',
    "not base64": lambda _: "%%%;;;",
    "latin-1": lambda _: "\xe9\xff",
    "huge": lambda _: "A" * 12_000,
    "json": lambda _: '{"sub":"root"}',
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_cookie_means_a_fresh_login(stack: Stack, session: dict[str, str], change: Change) -> None:
    changed = {name: change(value) for name, value in session.items()}
    answer = get(stack.ports.web, "/first", headers=cookie_header(changed))
    assert answer.status == 302
    assert answer.value("location").startswith(f"{stack.pool_url}/oauth2/authorize?")


def test_the_unchanged_cookie_is_a_session(stack: Stack, session: dict[str, str]) -> None:
    """The control: without it the test above could pass for the wrong reason."""
    assert get(stack.ports.web, "/first", headers=cookie_header(session)).status == 200


@pytest.mark.parametrize("shard", [1, 2, 3])
def test_a_stray_shard_does_no_harm_beyond_a_login(stack: Stack, session: dict[str, str], shard: int) -> None:
    answer = get(stack.ports.web, "/first", headers=cookie_header(session | {f"{NAME}-{shard}": "left-over"}))
    assert answer.status in (200, 302)


@pytest.mark.parametrize("path", ["/other-client", "/other-scope", "/other-timeout"])
def test_a_session_opens_no_rule_that_means_another_login(
    stack: Stack, session: dict[str, str], path: str
) -> None:
    before = len(stack.target.requests)
    answer = get(stack.ports.web, path, headers=cookie_header(session))
    assert answer.status == 302
    assert len(stack.target.requests) == before


@pytest.mark.parametrize("path", ["/deny", "/allow"])
def test_rules_that_log_nobody_in_take_the_session_of_their_client(
    stack: Stack, session: dict[str, str], path: str
) -> None:
    """`/api/*` with `deny` beside a page that logs in.

    One client and cookie name is one session, as on AWS.
    """
    assert get(stack.ports.web, path, headers=cookie_header(session)).status == 200
    assert stack.target.last.values("x-amzn-oidc-identity")


def test_deny_answers_401_and_reaches_nobody(stack: Stack, session: dict[str, str]) -> None:
    before = len(stack.target.requests)
    assert get(stack.ports.web, "/deny").status == 401
    broken = {name: value[:-4] for name, value in session.items()}
    assert get(stack.ports.web, "/deny", headers=cookie_header(broken)).status in (302, 401)
    assert len(stack.target.requests) == before


def test_cookie_attributes_keep_scripts_and_other_sites_out(stack: Stack) -> None:
    with Visitor() as visitor:
        visitor.log_in(f"{stack.url}/first", username=ADA, password=PASSWORD)
        lines = [line for answer in visitor.trail for line in answer.headers.get_list("set-cookie")]
    ours = [line for line in lines if line.startswith((NAME, "AWSALBAuthNonce"))]
    assert ours
    for line in ours:
        words = {word.strip().lower() for word in line.split(";")[1:]}
        assert "httponly" in words, line
        assert "path=/" in words or any(word.startswith("path=/oauth2/idpresponse") for word in words), line


def test_a_login_attempt_cannot_be_replayed(stack: Stack) -> None:
    """A code, state or nonce works once, even for the browser that it belongs to."""
    with Visitor() as visitor:
        visitor.log_in(f"{stack.url}/first", username=ADA, password=PASSWORD)
        callback = next(
            str(answer.url) for answer in visitor.trail if "/oauth2/idpresponse" in str(answer.url)
        )
        for name in [name for name in visitor.cookies.values["localhost"] if name.startswith(NAME)]:
            del visitor.cookies.values["localhost"][name]
        again = visitor.step("GET", callback)
        assert not [
            line
            for line in again.headers.get_list("set-cookie")
            if line.startswith(f"{NAME}-0=") and len(line) > 300
        ]
        assert again.status_code != 500


def test_a_login_started_in_one_browser_cannot_finish_in_another(stack: Stack) -> None:
    """Login CSRF: an attacker's callback URL must not sign the victim in as the attacker."""
    with Visitor() as attacker, Visitor() as victim:
        stopped = attacker.log_in(
            f"{stack.url}/first", username=ADA, password=PASSWORD, stop_at=f"{stack.url}/oauth2/idpresponse"
        )
        answer = victim.step("GET", stopped.headers["location"])
        assert answer.status_code == 401
        assert victim.cookies.header("localhost") == ""
