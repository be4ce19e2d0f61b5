"""HTTPS listeners, as they run in production.

Certificates, Secure cookies, https in every URL; and WebSockets.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.support import chromium
from tests.support.pool_pages import expect_signed_in, sign_in
from tests.support.running import free_ports
from tests.support.stack import (
    ADA,
    PASSWORD,
    Ports,
    Stack,
    authenticate,
    client,
    forward,
    group,
    rule,
    running_stack,
    stack_config,
)
from tests.support.target import unverified_claims
from tests.support.tls_front import Authority
from tests.support.visitor import Visitor


@pytest.fixture(scope="module")
def echo_server() -> Iterator[int]:
    """A WebSocket target that tells its caller who they are, then repeats what it hears."""

    def talk(connection: ServerConnection) -> None:
        assert connection.request is not None
        connection.send(connection.request.headers.get("x-amzn-oidc-identity", "nobody"))
        for message in connection:
            connection.send(message)

    with serve(talk, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()
        thread.join()


def https_listener(folder: Path, authority: Authority, port: int) -> dict[str, object]:
    """The HTTPS twin of the stack's listener."""
    folder.mkdir(parents=True, exist_ok=True)
    leaf = authority.ca.issue_cert("localhost")
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
    return {
        "Port": port,
        "Protocol": "HTTPS",
        "Address": "127.0.0.1",
        "Certificates": [{"CertificateFile": "certificate.pem", "PrivateKeyFile": "key.pem"}],
        "Rules": [rule(1, "/socket", authenticate(), forward("sockets"))],
        "DefaultActions": [authenticate(), forward()],
    }


@pytest.fixture(scope="module")
def https(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, echo_server: int
) -> Iterator[tuple[Stack, str]]:
    """A stack with an HTTPS listener beside an HTTP one that only redirects to it; and the https URL."""
    port, *others = free_ports(4)
    ports, folder, url = Ports(*others), tmp_path_factory.mktemp("https"), f"https://localhost:{port}"
    to_https = {"Protocol": "HTTPS", "Port": str(port), "StatusCode": "HTTP_301"}
    default = [{"Type": "redirect", "RedirectConfig": to_https}]
    plain = stack_config(ports, 1, default=default)["Listeners"]
    assert isinstance(plain, list)
    callbacks = client(ports, CallbackURLs=[f"{url}/oauth2/idpresponse"])
    with running_stack(
        folder,
        ports=ports,
        extra_groups=[group(echo_server, name="sockets")],
        pool_members={"UserPoolClients": [callbacks]},
        Listeners=[https_listener(folder, authority, port), *plain],
    ) as stack:
        yield stack, url


@pytest.fixture
def https_visitor(authority: Authority) -> Iterator[Visitor]:
    """A visitor who trusts the test authority."""
    with Visitor(verify=authority.client_context()) as visitor:
        yield visitor


async def test_a_browser_goes_from_plain_http_to_the_app_over_https(
    browser: Browser, https: tuple[Stack, str]
) -> None:
    stack, url = https
    context, watch = await chromium.new_context(browser, ignore_https_errors=True)
    page = await context.new_page()
    await page.goto(f"{stack.url}/page/secure")
    await sign_in(page)
    await expect_signed_in(page)
    await expect(page).to_have_url(f"{url}/page/secure")
    assert await page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
    cookies = {cookie["name"]: cookie for cookie in await context.cookies(url)}
    assert cookies["AWSELBAuthSessionCookie-0"]["secure"]
    assert cookies["AWSELBAuthSessionCookie-0"]["httpOnly"]
    await context.close()
    assert watch.complaints == []


def test_the_target_learns_that_the_client_came_over_https(
    https: tuple[Stack, str], https_visitor: Visitor
) -> None:
    stack, url = https
    assert https_visitor.log_in(f"{url}/x", username=ADA, password=PASSWORD).status_code == 200
    received = stack.target.last
    assert received.value("x-forwarded-proto") == "https"
    assert received.value("x-forwarded-port") == url.rpartition(":")[2]
    assert unverified_claims(received.value("x-amzn-oidc-data"))["email"] == ADA


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(https: tuple[Stack, str], authority: Authority) -> None:
    context = authority.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.minimum_version = ssl.TLSVersion.TLSv1
    # OpenSSL's own default would refuse before the server is asked.
    context.set_ciphers("ALL:@SECLEVEL=0")
    port = int(https[1].rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        pytest.raises(ssl.SSLError, match=r"ALERT_PROTOCOL_VERSION|UNEXPECTED_EOF"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def test_a_websocket_behind_the_login_is_refused_without_and_identified_with_it(
    https: tuple[Stack, str], https_visitor: Visitor, authority: Authority
) -> None:
    stack, url = https
    address, trust = f"wss{url.removeprefix('https')}/socket", authority.client_context()
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert https_visitor.step("GET", f"{url}/socket", headers=upgrade | key).status_code == 302
    https_visitor.log_in(f"{url}/x", username=ADA, password=PASSWORD)
    identity = stack.target.last.value("x-amzn-oidc-identity")
    headers = {"Cookie": https_visitor.cookies.header("localhost"), "X-Amzn-Oidc-Identity": "forged"}
    with connect(address, ssl=trust, proxy=None, additional_headers=headers) as tunnel:
        assert tunnel.recv(timeout=10) == identity
        tunnel.send("hello" * 10_000)
        assert tunnel.recv(timeout=10) == "hello" * 10_000
