"""Nobody but the load balancer names the user: client-sent identity headers reach no target, by any
rule.

An app behind ALB may trust `x-amzn-oidc-*` as a header, and frameworks fold `-`, `_` and case together,
so every spelling counts (design, "Invariants").
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from tests.support.raw import get, send_raw
from tests.support.relying_party import code_flow
from tests.support.running import free_ports
from tests.support.stack import (
    ADA,
    PASSWORD,
    POOL_ID,
    Ports,
    Stack,
    authenticate,
    forward,
    rule,
    running_stack,
)
from tests.support.target import Received
from tests.support.visitor import Visitor

SPELLINGS = [
    "x-amzn-oidc-{}",
    "X-AMZN-OIDC-{}",
    "X-Amzn-Oidc-{}",
    "x_amzn_oidc_{}",
    "X-Amzn_Oidc-{}",
    "x-amzn-oidc_{}",
    "X_AMZN-OIDC_{}",
]
NAMES = ["data", "identity", "accesstoken", "anything-else"]
FORGED = "forged-by-the-client"
SPOOFED = [(spelling.format(name), FORGED) for spelling in SPELLINGS for name in NAMES]


def jwt_validation(ports: Ports) -> dict[str, object]:
    """A jwt-validation action that trusts the stack's pool."""
    issuer = f"{ports.pool_url}/{POOL_ID}"
    config = {"JwksEndpoint": f"{issuer}/.well-known/jwks.json", "Issuer": issuer}
    return {"Type": "jwt-validation", "JwtValidationConfig": config}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One rule of every kind that can reach a target."""
    ports = Ports(*free_ports(3))
    rewrite = {
        "Type": "url-rewrite",
        "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/rewritten/(.*)$", "Replace": "/inner/$1"}]},
    }
    rules = [
        rule(1, "/open*", forward()),
        rule(2, "/login*", authenticate(), forward()),
        rule(3, "/allow*", authenticate(OnUnauthenticatedRequest="allow"), forward()),
        rule(4, "/bearer*", jwt_validation(ports), forward()),
        rule(5, "/rewritten*", forward()) | {"Transforms": [rewrite]},
    ]
    folder = tmp_path_factory.mktemp("kinds")
    with running_stack(folder, rules=rules, default=[forward()], ports=ports) as stack:
        yield stack


def identity_headers(received: Received) -> dict[str, str]:
    """Identity headers as a framework that folds names sees them."""
    folded = [(name.lower().replace("_", "-"), value) for name, value in received.headers]
    return {name: value for name, value in folded if name.startswith("x-amzn-oidc-")}


@pytest.mark.parametrize("path", ["/open", "/allow", "/rewritten/x", "/by-default"])
def test_no_spelling_reaches_a_target_without_login(stack: Stack, path: str) -> None:
    assert get(stack.ports.web, path, headers=SPOOFED).status == 200
    assert identity_headers(stack.target.last) == {}
    assert FORGED not in str(stack.target.last)


def test_no_spelling_reaches_a_target_behind_a_bearer_token(stack: Stack) -> None:
    token = code_flow(stack, username=ADA, password=PASSWORD).access_token
    headers = [("Authorization", f"Bearer {token}"), *SPOOFED]
    answer = get(stack.ports.web, "/bearer", headers=headers)
    assert answer.status == 200, answer
    assert identity_headers(stack.target.last) == {}
    assert stack.target.last.value("authorization") == f"Bearer {token}"


@pytest.mark.parametrize("path", ["/login", "/allow"])
def test_the_session_names_the_user_whatever_the_client_says(
    stack: Stack, visitor: Visitor, path: str
) -> None:
    visitor.log_in(f"{stack.url}/login", username=ADA, password=PASSWORD)
    cookie = visitor.cookies.header("localhost")
    assert get(stack.ports.web, path, headers=[("Cookie", cookie), *SPOOFED]).status == 200
    received = stack.target.last
    assert sorted(identity_headers(received)) == [
        "x-amzn-oidc-accesstoken",
        "x-amzn-oidc-data",
        "x-amzn-oidc-identity",
    ]
    assert FORGED not in str(received)
    assert len(received.values("x-amzn-oidc-data")) == 1


def test_connection_header_cannot_remove_the_identity(stack: Stack, visitor: Visitor) -> None:
    """Hop-by-hop removal by name is how Traefik's forwarded headers were deleted (CVE-2024-45410)."""
    visitor.log_in(f"{stack.url}/login", username=ADA, password=PASSWORD)
    cookie = visitor.cookies.header("localhost")
    listed = "close, x-amzn-oidc-identity, x-amzn-oidc-data, x-forwarded-for, cookie"
    host = f"localhost:{stack.ports.web}"
    request = f"GET /login HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: {listed}\r\n\r\n"
    (answer,) = send_raw(stack.ports.web, request.encode())
    assert answer.status == 200
    assert identity_headers(stack.target.last).keys() >= {"x-amzn-oidc-identity", "x-amzn-oidc-data"}
    assert stack.target.last.values("x-forwarded-for") == ["127.0.0.1"]


@pytest.mark.parametrize("name", ["x-amzn-oidc-data", "X_Amzn_Oidc_Identity", "Cookie", "Host"])
def test_trailers_become_no_headers(stack: Stack, name: str) -> None:
    """The parser adds trailer fields to the header list after the head was judged (traps, "reproduced")."""
    request = (
        f"POST /open HTTP/1.1\r\nHost: localhost:{stack.ports.web}\r\nTransfer-Encoding: chunked\r\n"
        f"Trailer: {name}\r\nConnection: close\r\n\r\n2\r\nhi\r\n0\r\n{name}: {FORGED}\r\n\r\n"
    )
    answers = send_raw(stack.ports.web, request.encode())
    assert [answer.status for answer in answers] in ([200], [400])
    assert FORGED not in str(stack.target.requests)


def test_upgrade_requests_are_stripped_too(stack: Stack) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in SPOOFED)
    request = (
        f"GET /open/socket HTTP/1.1\r\nHost: localhost:{stack.ports.web}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
    answers = send_raw(stack.ports.web, request.encode(), expect=1)
    assert answers[0].status == 200, "the target declines the upgrade"
    assert stack.target.last.target == "/open/socket"
    assert identity_headers(stack.target.last) == {}


def test_unsigned_token_of_the_client_does_not_pass_for_a_session(stack: Stack) -> None:
    payload = base64.urlsafe_b64encode(json.dumps({"sub": "root"}).encode()).decode()
    cookie = f"AWSELBAuthSessionCookie-0={payload}"
    answer = get(stack.ports.web, "/login", headers=[("Cookie", cookie), *SPOOFED])
    assert answer.status == 302
    assert answer.value("location").startswith(f"{stack.pool_url}/oauth2/authorize?")
