"""Attackers at every door: spraying, guessing secrets, bombing mailboxes, floods, lies about addresses."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.hosted_pages import CLIENT, PASSWORD, SECRET, House, Page, PageVisitor, authorize_path
from tests.support.in_memory import tmp_path
from tests.support.open_house import open_house
from tests.support.prepared import prepared_directory

__all__ = ["open_house", "prepared_directory", "tmp_path"]
ATTACKER, VICTIM = "198.51.100.66", "203.0.113.9"
TARGET = "AWSCognitoIdentityProviderService"


def limits(**counts: int) -> dict[str, Any]:
    return {"RateLimits": {name: {"Count": count, "Seconds": 600} for name, count in counts.items()}}


async def spray(visitor: PageVisitor, count: int) -> list[int]:
    """Try one password at many accounts."""
    pages = [await visitor.sign_in(f"person{number}@example.com", "Winter-2026!") for number in range(count)]
    return [page.response.status_code for page in pages]


async def test_spraying_accounts_on_the_pages_is_stopped_and_disturbs_nobody_else(open_house: Any) -> None:
    house: House = await open_house(guard=limits(Failures=3))
    assert await spray(house.visitor(address=ATTACKER), 5) == [200, 200, 200, 429, 429]
    # A right password does not help somebody who has guessed that often; everybody else gets in.
    refused = await house.visitor(address=ATTACKER).sign_in()
    assert (refused.response.status_code, "Too many requests" in refused.text) == (429, True)
    assert int(refused.response.headers["retry-after"]) == 200
    entered = await house.visitor(address=VICTIM).sign_in()
    assert entered.response.headers["location"].startswith("https://app.example")
    house.clock.advance(200)
    assert await spray(house.visitor(address=ATTACKER), 2) == [200, 429]


async def test_signing_in_again_and_again_is_not_guessing(open_house: Any) -> None:
    house: House = await open_house(guard=limits(Failures=2))
    for _ in range(5):
        page = await house.visitor(address=VICTIM).sign_in()
        assert "location" in page.response.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "203.0.113.{number}"},
        {"x-forwarded-for": "127.0.0.1"},
        {"forwarded": "for=203.0.113.{number}", "x-real-ip": "203.0.113.{number}"},
    ],
    ids=["another address each time", "as this machine", "other headers"],
)
async def test_lies_about_the_address_do_not_help(open_house: Any, headers: dict[str, str]) -> None:
    house: House = await open_house(guard=limits(Failures=2))
    visitor = house.visitor(address=ATTACKER)
    statuses = []
    for number in range(4):
        visitor.http.headers.update({key: value.format(number=number) for key, value in headers.items()})
        statuses += await spray(visitor, 1)
    assert statuses == [200, 200, 429, 429]


async def test_what_a_trusted_proxy_says_counts_and_what_stands_before_it_does_not(open_house: Any) -> None:
    house: House = await open_house(guard={**limits(Failures=2), "TrustedProxies": ["10.0.0.1"]})
    visitor = house.visitor(address="10.0.0.1")
    statuses = []
    for number in range(4):
        visitor.http.headers["x-forwarded-for"] = f"203.0.113.{number}, {ATTACKER}"
        statuses += await spray(visitor, 1)
    assert statuses == [200, 200, 429, 429]
    visitor.http.headers["x-forwarded-for"] = VICTIM
    assert "location" in (await visitor.sign_in()).response.headers


async def call(house: House, address: str, operation: str, **members: Any) -> httpx.Response:
    headers = {"x-amz-target": f"{TARGET}.{operation}", "content-type": "application/x-amz-json-1.1"}
    return await house.visitor(address=address).http.post("/", json=members, headers=headers)


API_CLIENT = {
    "ClientName": "app",
    "ClientId": "app0example",
    "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
}


async def open_api(open_house: Any, guard: dict[str, Any]) -> House:
    house: House = await open_house(guard=guard, UserPoolClients=[API_CLIENT])
    return house


async def sign_in(house: House, address: str, username: str, password: str) -> str:
    parameters = {"USERNAME": username, "PASSWORD": password}
    members = {"ClientId": "app0example", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters}
    response = await call(house, address, "InitiateAuth", **members)
    if response.status_code != 200:
        assert response.headers["access-control-allow-origin"] == "*"
    return str(response.json().get("__type", "signed in"))


async def test_spraying_accounts_through_the_api_is_stopped(open_house: Any) -> None:
    house = await open_api(open_house, limits(Failures=2))
    told = [await sign_in(house, ATTACKER, f"person{n}@example.com", "Winter-2026!") for n in range(4)]
    assert told[:2] == ["UserNotFoundException"] * 2
    assert told[2:] == ["TooManyRequestsException"] * 2
    assert await sign_in(house, VICTIM, "mina@example.com", PASSWORD) == "signed in"


async def test_one_account_from_many_addresses_is_held_by_the_account(open_house: Any) -> None:
    house = await open_api(open_house, {"RateLimits": {"Attempts": {"Count": 3, "Seconds": 60}}})
    told = [await sign_in(house, f"198.51.100.{n}", "mina@example.com", PASSWORD) for n in range(5)]
    assert told == ["signed in"] * 3 + ["TooManyRequestsException"] * 2
    # A name that nobody has is held alike: nothing tells who exists.
    told = [await sign_in(house, f"198.51.100.{n}", "nobody@example.com", PASSWORD) for n in range(5)]
    assert told[3:] == ["TooManyRequestsException"] * 2


@pytest.mark.parametrize("operation", ["ForgotPassword", "ResendConfirmationCode"])
async def test_bombing_mailboxes_from_one_address_is_stopped(open_house: Any, operation: str) -> None:
    house = await open_api(open_house, limits(Messages=3))
    statuses = []
    for number in range(5):
        members = {"ClientId": "app0example", "Username": f"person{number}@example.com"}
        statuses.append((await call(house, ATTACKER, operation, **members)).json().get("__type"))
    assert statuses[3:] == ["TooManyRequestsException"] * 2
    assert "TooManyRequestsException" not in statuses[:3]


async def test_bombing_mailboxes_with_codes_for_signing_in_is_stopped(open_house: Any) -> None:
    client = {**API_CLIENT, "ExplicitAuthFlows": ["ALLOW_USER_AUTH"], "PreventUserExistenceErrors": "ENABLED"}
    first = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}
    house: House = await open_house(guard=limits(Messages=2), UserPoolClients=[client], Policies=first)
    told = []
    for number in range(4):
        parameters = {"USERNAME": f"person{number}@example.com", "PREFERRED_CHALLENGE": "EMAIL_OTP"}
        members = {"ClientId": "app0example", "AuthFlow": "USER_AUTH", "AuthParameters": parameters}
        told.append((await call(house, ATTACKER, "InitiateAuth", **members)).json())
    assert [answer.get("ChallengeName") for answer in told] == ["EMAIL_OTP"] * 2 + [None] * 2
    assert told[3]["__type"] == "TooManyRequestsException"


async def test_bombing_mailboxes_by_signing_strangers_up_is_stopped(open_house: Any) -> None:
    house = await open_api(open_house, limits(Messages=3))
    for number in range(6):
        members = {"Username": f"person{number}@example.com", "Password": PASSWORD}
        await call(house, ATTACKER, "SignUp", ClientId="app0example", **members)
    await house.core.outbox.drain()
    assert len(await house.core.outbox.messages()) == 3


async def test_bombing_from_the_pages_is_counted_with_the_api(open_house: Any) -> None:
    house: House = await open_house(guard=limits(Messages=2))
    visitor = house.visitor(address=ATTACKER)
    pages: list[Page] = []
    for number in range(3):
        page = await visitor.get(authorize_path().replace("/oauth2/authorize", "/forgotPassword"))
        pages.append(await visitor.submit(page, "/forgotPassword", {"username": f"p{number}@example.com"}))
    assert [page.response.status_code for page in pages] == [200, 200, 429]


async def test_guessing_a_client_secret_is_stopped(open_house: Any) -> None:
    house: House = await open_house(guard=limits(Failures=2))
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": "https://app.example/cb"}

    async def redeem(address: str, secret: str) -> tuple[int, str]:
        response = await house.visitor(address=address).http.post(
            "/oauth2/token", data=form, auth=(CLIENT, secret)
        )
        return response.status_code, response.json()["error"]

    told = [await redeem(ATTACKER, f"guess-{number}") for number in range(4)]
    assert [error for _, error in told] == ["invalid_client"] * 2 + ["too_many_requests"] * 2
    assert told[3][0] == 429
    # The load balancer's own mistakes with codes are no guesses: one address brings everybody's.
    assert [await redeem(VICTIM, SECRET) for _ in range(4)] == [(400, "invalid_grant")] * 4


@pytest.mark.parametrize(
    ("path", "headers", "status", "words"),
    [
        ("/login", {}, 429, "Too many requests"),
        ("/oauth2/token", {}, 429, '"too_many_requests"'),
        ("/", {"x-amz-target": f"{TARGET}.ListUsers"}, 400, '"TooManyRequestsException"'),
    ],
    ids=["page", "endpoint", "API"],
)
async def test_a_flood_is_refused_unread_in_the_words_of_the_door(
    open_house: Any, path: str, headers: dict[str, str], status: int, words: str
) -> None:
    house: House = await open_house(guard=limits(Requests=3))
    flood = house.visitor(address=ATTACKER).http
    for _ in range(3):
        assert (await flood.post(path, headers=headers)).status_code != 429
    refused = await flood.post(path, headers=headers)
    assert (refused.status_code, words in refused.text) == (status, True)
    assert int(refused.headers["retry-after"]) == 200
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert (await house.visitor(address=VICTIM).http.get("/")).status_code == 200
