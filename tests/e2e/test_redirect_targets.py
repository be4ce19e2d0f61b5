"""No redirect leaves for a host that neither the configuration nor the request's own origin named."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest

from tests.support.raw import get
from tests.support.stack import ADA, CLIENT_ID, PASSWORD, Stack, running_stack
from tests.support.visitor import Visitor

EVIL = "evil.example"
TARGETS = [
    f"//{EVIL}/x",
    f"///{EVIL}/x",
    f"/\\{EVIL}/x",
    f"/\\/{EVIL}",
    f"/%2f%2f{EVIL}",
    f"/%5c{EVIL}",
    f"/%09//{EVIL}",
    f"/%0d%0aLocation:%20http://{EVIL}/",
    f"/.//{EVIL}",
    f"/..//{EVIL}",
    f"/@{EVIL}/",
    f"/x?next=//{EVIL}/",
    f"//{EVIL}%00@localhost/",
    f"/;//{EVIL}",
]
HOSTS = [
    EVIL,
    f"{EVIL}:80",
    f"localhost@{EVIL}",
    f"localhost.{EVIL}",
    f"{EVIL}#localhost",
    f"{EVIL}/localhost",
]
BAD_HOSTS = ["", "a b", "localhost\\evil", "[::1", "localhost:port", "local\thost", "<script>"]


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Visitor]]:
    """A visitor with a live session at the pool: every further login is silent."""
    with running_stack(tmp_path_factory.mktemp("redirects")) as stack, Visitor() as visitor:
        visitor.log_in(f"{stack.url}/", username=ADA, password=PASSWORD)
        yield stack, visitor


def browser_resolves(base: str, location: str) -> str:
    """The host and port to which a browser goes: tabs and newlines vanish, `\\` is `/` (WHATWG URL)."""
    cleaned = location.strip(" ").translate({ord(char): None for char in "\t\r\n"}).replace("\\", "/")
    return urlsplit(urljoin(base, cleaned)).netloc


@pytest.mark.parametrize("target", TARGETS)
def test_login_returns_to_the_origin_it_started_from(signed_in: tuple[Stack, Visitor], target: str) -> None:
    stack, visitor = signed_in
    own = urlsplit(stack.url).netloc
    first = get(stack.ports.web, target, host=own)
    if first.status == 400:
        return  # refused as a request target: nothing left to redirect
    assert first.status == 302
    assert browser_resolves(stack.url, first.value("location")) == urlsplit(stack.pool_url).netloc
    for name, value in first.headers:
        if name == "set-cookie":
            cookie, _, content = value.partition(";")[0].partition("=")
            visitor.cookies.values["localhost"][cookie] = content
    code = visitor.step("GET", first.value("location"))
    done = visitor.step("GET", code.headers["location"])
    assert done.status_code == 302, done.text
    assert browser_resolves(str(done.url), done.headers["location"]) == own


@pytest.mark.parametrize("host", HOSTS)
def test_a_foreign_host_header_gets_no_login_page_that_returns_there(
    signed_in: tuple[Stack, Visitor], host: str
) -> None:
    """The callback is built from Host, as on AWS.

    The pool refuses what is not registered, and shows a page.
    """
    stack, visitor = signed_in
    first = get(stack.ports.web, "/x", host=host)
    assert first.status in (302, 400)
    if first.status == 400:
        return
    assert browser_resolves(stack.url, first.value("location")) == urlsplit(stack.pool_url).netloc
    answer = visitor.visit(first.value("location"), stop_at=f"http://{EVIL}")
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_malformed_host_is_refused(signed_in: tuple[Stack, Visitor], host: str) -> None:
    stack, _ = signed_in
    assert get(stack.ports.web, "/x", host=host).status == 400


@pytest.mark.parametrize(
    "uri",
    [
        f"http://{EVIL}/",
        f"//{EVIL}/",
        "{callback}/../elsewhere",
        "{callback}?x=1",
        "{callback}#fragment",
        "{callback}.evil.example",
        "HTTP://LOCALHOST/oauth2/idpresponse",
        "javascript:alert(1)",
    ],
)
@pytest.mark.parametrize("endpoint", ["authorize", "logout"])
def test_the_pool_redirects_to_registered_urls_only(
    signed_in: tuple[Stack, Visitor], uri: str, endpoint: str
) -> None:
    stack, visitor = signed_in
    registered = {"authorize": f"{stack.url}/oauth2/idpresponse", "logout": f"{stack.url}/goodbye"}[endpoint]
    asked = uri.replace("{callback}", registered)
    url, query = {
        "authorize": (
            "/oauth2/authorize",
            {"response_type": "code", "redirect_uri": asked, "scope": "openid"},
        ),
        "logout": ("/logout", {"logout_uri": asked}),
    }[endpoint]
    answer = visitor.visit(f"{stack.pool_url}{url}", params={"client_id": CLIENT_ID, **query})
    assert answer.status_code == 400, answer.headers
    assert urlsplit(str(answer.url)).netloc == urlsplit(stack.pool_url).netloc
