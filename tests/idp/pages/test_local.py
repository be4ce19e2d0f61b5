"""What only this machine may see, and how others pretend to be on it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.hosted_pages import PASSWORD, House, authorize_query, newest_code

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("address", "headers", "seen"),
    [
        ("127.0.0.1", {"host": "localhost:9000"}, True),
        ("::1", {"host": "[::1]:9000"}, True),
        ("::ffff:127.0.0.1", {"host": "127.0.0.1"}, True),
        ("127.0.0.1", {"host": "login.example"}, True),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "127.0.0.1"}, True),
        ("203.0.113.9", {"host": "localhost"}, False),
        ("203.0.113.9", {"host": "localhost", "x-forwarded-for": "127.0.0.1"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "203.0.113.9"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "127.0.0.1, 203.0.113.9"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "203.0.113.9, 127.0.0.1"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "nonsense"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-proto": "https"}, False),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=127.0.0.1"}, False),
        ("127.0.0.1", {"host": "rebound.evil.example"}, False),
        ("127.0.0.1", {"host": "localhost.evil.example"}, False),
    ],
    ids=str,
)
async def test_inbox_opens_on_this_machine_only(
    shared_house: House, address: str, headers: dict[str, str], seen: bool
) -> None:
    async with shared_house.visitor(address=address).http as http:
        response = await http.get("/dev/inbox", headers=headers)
        home = await http.get("/", headers=headers)
    assert response.status_code == (200 if seen else 403)
    assert ("openid-configuration" in home.text) is seen


async def test_inbox_shows_the_newest_code_first_and_big(shared_house: House) -> None:
    visitor = shared_house.visitor(address="127.0.0.1", origin="http://localhost")
    for name in ("first@example.com", "second@example.com"):
        page = await visitor.get(f"/signup?{authorize_query()}")
        page = await visitor.submit(page, "/signup", {"username": name, "password": PASSWORD})
        assert "/dev/inbox" in page.text
        shared_house.clock.advance(1)
    inbox = await visitor.get("/dev/inbox")
    assert inbox.text.index("second@example.com") < inbox.text.index("first@example.com")
    code = await newest_code(shared_house.core, "second@example.com")
    assert f'<strong data-testid="code">{code}</strong>' in inbox.text


async def test_stranger_is_not_pointed_to_the_inbox(shared_house: House) -> None:
    visitor = shared_house.visitor()
    page = await visitor.get(f"/signup?{authorize_query()}")
    page = await visitor.submit(page, "/signup", {"username": "third@example.com", "password": PASSWORD})
    assert "/dev/inbox" not in page.text


@pytest.mark.asyncio(loop_scope="function")
async def test_inbox_says_when_a_mail_server_takes_the_mail(open_house: Any) -> None:
    smtp = {"Host": "127.0.0.1", "Port": 2525, "Security": "none", "From": "a@example.com"}
    house = await open_house(smtp=smtp)
    page = await house.visitor(address="127.0.0.1", origin="http://localhost").get("/dev/inbox")
    assert "A mail server is configured" in page.text


@pytest.mark.asyncio(loop_scope="function")
@pytest.mark.parametrize(
    ("public_url", "host", "seen"),
    [
        ("https://login.example", "127.0.0.1:9000", False),
        ("https://login.example", "login.example", False),
        ("https://localhost:9000", "localhost:9000", True),
        ("https://pool.localhost", "pool.localhost", True),
        ("https://127.0.0.1:9000", "127.0.0.1:9000", True),
    ],
)
async def test_a_site_on_the_internet_has_no_local_visitors(
    open_house: Any, public_url: str, host: str, seen: bool
) -> None:
    """Left alone, nginx passes everybody on from 127.0.0.1 with a Host of its own, and says so nowhere."""
    house = await open_house(public_url=public_url)
    visitor = house.visitor(address="127.0.0.1", origin=public_url)
    response = await visitor.http.get("/dev/inbox", headers={"host": host})
    assert response.status_code == (200 if seen else 403)
