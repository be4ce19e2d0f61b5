"""Logging in at somebody else's OpenID provider.

Oidc-provider from npm, endpoints discovered or spelt out.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import trustme

from tests.support import node
from tests.support.running import Running, free_ports
from tests.support.stack import Ports, Stack, forward, rule, running_stack
from tests.support.target import unverified_claims
from tests.support.tls_front import Authority
from tests.support.visitor import Visitor
from tests.support.workers import balancers, connect_to

CLIENT_ID = "albacore-at-the-third-party"
CLIENT_SECRET = "a-secret-of-the-third-party"
ACCESS_SECONDS = 2


@contextlib.contextmanager
def running_provider(
    folder: Path, authority: Authority, port: int, redirect_uri: str, *, access_seconds: int | None = None
) -> Iterator[str]:
    """Run oidc-provider over https; yields its issuer.

    With `access_seconds` access tokens live so long, and refresh tokens rotate without a grace.
    """
    certificate = folder / "provider.pem"
    leaf: trustme.LeafCert = authority.ca.issue_cert("localhost")
    leaf.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    arguments = {
        "port": port,
        "clientId": CLIENT_ID,
        "clientSecret": CLIENT_SECRET,
        "redirectUris": [redirect_uri],
        "certificate": str(certificate),
        "accessSeconds": access_seconds,
    }
    command: list[str | Path] = [node.NODE, node.FOLDER / "provider.mjs", json.dumps(arguments)]
    provider = Running(command, folder=folder, env=node.environment({}))
    try:
        provider.wait_until(lambda: "listening" in provider.output, what="the provider")
        yield f"https://localhost:{port}"
    finally:
        provider.kill()


def authenticate_oidc(issuer: str, **endpoints: str) -> dict[str, object]:
    """An authenticate-oidc action."""
    config = {
        "Issuer": issuer,
        "ClientId": CLIENT_ID,
        "ClientSecret": CLIENT_SECRET,
        "Scope": "openid email",
        **endpoints,
    }
    return {"Type": "authenticate-oidc", "AuthenticateOidcConfig": config}


@pytest.fixture(scope="module")
def third_party(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, run_node: Callable[..., object]
) -> Iterator[Stack]:
    """A stack without a pool: /discovered* and /spelt* log in at the provider."""
    folder = tmp_path_factory.mktemp("third")
    (folder / "provider").mkdir()
    provider_port, *others = free_ports(4)
    ports = Ports(*others)
    callback = f"{ports.url}/oauth2/idpresponse"
    with running_provider(folder / "provider", authority, provider_port, callback) as issuer:
        spelt = {
            "AuthorizationEndpoint": f"{issuer}/auth",
            "TokenEndpoint": f"{issuer}/token",
            "UserInfoEndpoint": f"{issuer}/me",
        }
        with running_stack(
            folder / "stack",
            rules=[
                rule(1, "/discovered*", authenticate_oidc(issuer), forward()),
                rule(2, "/spelt*", authenticate_oidc(issuer, **spelt), forward()),
            ],
            default=[forward()],
            ports=ports,
            with_pool=False,
            env={"SSL_CERT_FILE": str(authority.pem)},
        ) as stack:
            yield stack


@pytest.fixture
def https_visitor(authority: Authority) -> Iterator[Visitor]:
    """A visitor who trusts the test authority."""
    with Visitor(verify=authority.client_context()) as visitor:
        yield visitor


@pytest.mark.parametrize("path", ["/discovered/page?x=1", "/spelt/page?x=1"])
def test_login_at_a_third_party_reaches_the_target(
    third_party: Stack, https_visitor: Visitor, path: str
) -> None:
    login = https_visitor.visit(third_party.url + path)
    consent = https_visitor.submit(login, {"login": "grace", "password": "anything"})
    page = https_visitor.submit(consent, {})
    assert page.status_code == 200, page.text
    assert str(page.url) == third_party.url + path
    received = third_party.target.last
    assert received.value("x-amzn-oidc-identity") == "grace"
    claims = unverified_claims(received.value("x-amzn-oidc-data"))
    assert claims["email"] == "grace@third-party.example"


def test_a_login_refused_at_the_provider_is_reported_not_retried(
    third_party: Stack, https_visitor: Visitor
) -> None:
    """alb.md 3.9: denial by the user is 401, other OAuth errors are 561; neither starts another login."""
    first = https_visitor.step("GET", f"{third_party.url}/discovered")
    state = parse_qs(urlsplit(first.headers["location"]).query)["state"][0]
    query = {"error": "access_denied", "state": state}
    answer = https_visitor.step("GET", f"{third_party.url}/oauth2/idpresponse", params=query)
    assert answer.status_code == 401
    query = {"error": "temporarily_unavailable", "state": state}
    answer = https_visitor.step("GET", f"{third_party.url}/oauth2/idpresponse", params=query)
    assert answer.status_code in (401, 561)


@pytest.fixture(scope="module")
def rotating(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, run_node: Callable[..., object]
) -> Iterator[Stack]:
    """Two balancers before a provider that ends a login when a refresh token comes twice."""
    folder = tmp_path_factory.mktemp("rotating")
    (folder / "provider").mkdir()
    provider_port, *others = free_ports(4)
    ports = Ports(*others)
    callback = f"{ports.url}/oauth2/idpresponse"
    provider = running_provider(
        folder / "provider", authority, provider_port, callback, access_seconds=ACCESS_SECONDS
    )
    with (
        provider as issuer,
        running_stack(
            folder / "stack",
            rules=[rule(1, "/open*", forward())],
            default=[authenticate_oidc(issuer), forward()],
            ports=ports,
            with_pool=False,
            env={"SSL_CERT_FILE": str(authority.pem)},
            Workers=2,
        ) as stack,
    ):
        yield stack


def test_two_balancers_spend_a_rotating_refresh_token_once(rotating: Stack, https_visitor: Visitor) -> None:
    login = https_visitor.visit(f"{rotating.url}/page")
    consent = https_visitor.submit(login, {"login": "grace", "password": "anything"})
    assert https_visitor.submit(consent, {}).status_code == 200
    pids = set(balancers(rotating.ports.admin).values())
    connections = [connect_to(rotating.ports.web, pid, pids) for pid in sorted(pids)]
    seen: set[str] = set()
    for _ in range(3):
        time.sleep(ACCESS_SECONDS + 0.5)  # what an access token takes to expire, at somebody else's clock
        old = https_visitor.cookies.header("localhost")
        with ThreadPoolExecutor(len(connections)) as pool:
            answers = list(pool.map(ask, connections, [old] * 2))
        # Once more at both, with the cookie from before: a page's other requests, on their way meanwhile.
        answers += [ask(each, old) for each in connections]
        assert [each.status_code for each in answers] == [200] * 4, "nobody is sent to log in again"
        tokens = {access_token(each) for each in answers}
        assert len(tokens) == 1, "all have what one of them got"
        assert tokens != seen, "a new one each time"
        seen = tokens
        https_visitor.cookies.take(answers[0])
    for each in connections:
        each.close()


def ask(connection: http.client.HTTPConnection, cookie: str) -> httpx.Response:
    """Ask with this Cookie header for what the target received."""
    connection.request("GET", "/received", headers={"Host": f"localhost:{connection.port}", "Cookie": cookie})
    answer = connection.getresponse()
    request = httpx.Request("GET", f"http://localhost:{connection.port}/received")
    return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read(), request=request)


def access_token(answer: httpx.Response) -> str:
    """The access token that the target received."""
    headers = {name.lower(): value for name, value in answer.json()["headers"]}
    return str(headers["x-amzn-oidc-accesstoken"])
