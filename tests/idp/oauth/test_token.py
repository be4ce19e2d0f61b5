"""The token, revocation and userInfo endpoints over HTTP: who may call, what they give, every error."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest

from tests.support.hosted_pages import (
    CALLBACK,
    CLIENT,
    SECRET,
    House,
    answer_of,
    authorize_path,
    pools_document,
)

VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
FORM_TYPE = "application/x-www-form-urlencoded"
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def new_code(house: House, **changes: str) -> str:
    visitor = house.visitor()
    page = await visitor.get(authorize_path(**changes))
    typed = {"username": "mina@example.com", "password": "Correct-Horse-1"}
    return answer_of(await visitor.submit(page, "/login", typed))["code"]


async def post(house: House, path: str, data: dict[str, str], **options: Any) -> httpx.Response:
    options.setdefault("auth", (CLIENT, SECRET))
    async with house.visitor().http as http:
        return await http.post(path, data=data, **options)


async def redeem(house: House, code: str, **changes: str) -> httpx.Response:
    data = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | changes
    return await post(house, "/oauth2/token", {name: value for name, value in data.items() if value})


async def tokens(house: House, **changes: str) -> dict[str, Any]:
    response = await redeem(house, await new_code(house, **changes))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def error_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


async def test_code_gives_three_tokens_in_cognitos_shape(shared_house: House) -> None:
    response = await redeem(shared_house, await new_code(shared_house))
    assert response.headers["content-type"] == "application/json;charset=UTF-8"
    assert "no-store" in response.headers["cache-control"]
    assert response.headers["access-control-allow-origin"] == "*"
    answer = response.json()
    assert answer.keys() == {"id_token", "access_token", "refresh_token", "expires_in", "token_type"}
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)


async def test_secret_in_the_form_works_too(shared_house: House) -> None:
    data = {
        "grant_type": "authorization_code",
        "code": await new_code(shared_house),
        "redirect_uri": CALLBACK,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    assert (await post(shared_house, "/oauth2/token", data, auth=None)).status_code == 200


async def test_code_works_once_and_its_reuse_takes_the_tokens_back(shared_house: House) -> None:
    code = await new_code(shared_house)
    first = (await redeem(shared_house, code)).json()
    assert error_of(await redeem(shared_house, code)) == (400, "invalid_grant")
    refreshed = await post(
        shared_house,
        "/oauth2/token",
        {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]},
    )
    assert error_of(refreshed) == (400, "invalid_grant")


async def test_code_ends_after_five_minutes(shared_house: House) -> None:
    code = await new_code(shared_house)
    shared_house.clock.advance(301)
    assert error_of(await redeem(shared_house, code)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("asked", "sent", "good"),
    [
        (PKCE, {"code_verifier": VERIFIER}, True),
        (PKCE, {}, False),
        (PKCE, {"code_verifier": "w" * 50}, False),
        (PKCE, {"code_verifier": CHALLENGE}, False),
        ({}, {"code_verifier": VERIFIER}, False),
        ({}, {}, True),
    ],
    ids=[
        "right",
        "downgrade: verifier missing",
        "wrong",
        "challenge as verifier",
        "nothing to verify",
        "no PKCE",
    ],
)
async def test_pkce_cannot_be_left_out_on_either_side(
    shared_house: House, asked: dict[str, str], sent: dict[str, str], good: bool
) -> None:
    response = await redeem(shared_house, await new_code(shared_house, **asked), **sent)
    assert (response.status_code == 200) is good, response.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": ""}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": "https://app.example/other"}, "unauthorized_client"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, "invalid_grant"),
        ({"client_id": "another"}, "invalid_client"),
        ({"client_secret": SECRET}, "invalid_request"),
    ],
    ids=str,
)
async def test_refused_request_names_its_error(
    shared_house: House, changes: dict[str, str], error: str
) -> None:
    code = changes.pop("code", None)
    response = await redeem(shared_house, await new_code(shared_house) if code is None else code, **changes)
    assert error_of(response) == (400, error)


@pytest.mark.parametrize(
    "auth",
    [(CLIENT, "wrong"), (CLIENT, ""), ("unknown", SECRET), (CLIENT, SECRET + "x"), ("é", "é"), None],
    ids=str,
)
async def test_wrong_credentials_get_no_tokens(shared_house: House, auth: tuple[str, str] | None) -> None:
    data = {"grant_type": "refresh_token", "refresh_token": "x"} | ({} if auth else {"client_id": CLIENT})
    response = await post(shared_house, "/oauth2/token", data, auth=auth)
    assert error_of(response) == (400, "invalid_client")


@pytest.mark.parametrize(
    "header", ["Basic !!!", "Basic " + base64.b64encode(b"nocolon").decode(), "Bearer x"]
)
async def test_unreadable_credentials_get_no_tokens(shared_house: House, header: str) -> None:
    data = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": CLIENT}
    headers = {"authorization": header}
    response = await post(shared_house, "/oauth2/token", data, auth=None, headers=headers)
    assert error_of(response) == (400, "invalid_client")


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (
            "grant_type=refresh_token&refresh_token=a&refresh_token=b",
            FORM_TYPE,
            400,
        ),
        ("grant_type=refresh_token&grant_type=refresh_token", FORM_TYPE, 400),
        ('{"grant_type":"refresh_token"}', "application/json", 400),
        ("grant_type=%ff", FORM_TYPE, 400),
        ("grant_type=x", "", 400),
        ("a" * 70_000, FORM_TYPE, 413),
    ],
    ids=["repeated token", "repeated grant", "JSON", "not UTF-8", "no type", "large"],
)
async def test_body_that_is_no_plain_form_is_refused(
    shared_house: House, content: str, content_type: str, status: int
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    async with shared_house.visitor().http as http:
        response = await http.post("/oauth2/token", content=content, headers=headers, auth=(CLIENT, SECRET))
    assert error_of(response) == (status, "invalid_request")


async def test_code_in_the_query_string_is_not_read(shared_house: House) -> None:
    code = await new_code(shared_house)
    path = f"/oauth2/token?grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}"
    assert error_of(await post(shared_house, path, {"state": "x"})) == (400, "invalid_request")


async def test_refresh_gives_no_new_refresh_token(shared_house: House) -> None:
    first = await tokens(shared_house)
    data = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    answer = (await post(shared_house, "/oauth2/token", data)).json()
    assert answer.keys() == {"id_token", "access_token", "expires_in", "token_type"}


async def test_user_info_opens_with_the_access_token_only(shared_house: House) -> None:
    answer = await tokens(shared_house)
    async with shared_house.visitor().http as http:
        for method in ("GET", "POST"):
            response = await http.request(
                method, "/oauth2/userInfo", headers={"authorization": f"Bearer {answer['access_token']}"}
            )
            assert response.json()["email"] == "mina@example.com"
            assert response.json()["email_verified"] == "true"
        wrong = await http.get("/oauth2/userInfo", headers={"authorization": f"Bearer {answer['id_token']}"})
        none = await http.get(f"/oauth2/userInfo?access_token={answer['access_token']}")
    assert error_of(wrong) == (401, "invalid_token")
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]
    assert error_of(none) == (400, "invalid_request")
    assert "Bad OAuth2 request at UserInfo Endpoint" in none.headers["www-authenticate"]


async def test_revoked_refresh_token_ends_its_family(shared_house: House) -> None:
    answer = await tokens(shared_house)
    revoked = await post(shared_house, "/oauth2/revoke", {"token": answer["refresh_token"]})
    assert (revoked.status_code, revoked.content) == (200, b"")
    again = await post(shared_house, "/oauth2/revoke", {"token": answer["refresh_token"]})
    assert again.status_code == 200
    async with shared_house.visitor().http as http:
        headers = {"authorization": f"Bearer {answer['access_token']}"}
        assert (await http.get("/oauth2/userInfo", headers=headers)).status_code == 401


async def test_revocation_errors(shared_house: House) -> None:
    answer = await tokens(shared_house)
    cases = [
        ({}, (CLIENT, SECRET), (400, "invalid_request")),
        ({"token": answer["access_token"]}, (CLIENT, SECRET), (400, "unsupported_token_type")),
        ({"token": answer["refresh_token"]}, (CLIENT, "wrong"), (401, "invalid_client")),
    ]
    for data, auth, expected in cases:
        assert error_of(await post(shared_house, "/oauth2/revoke", data, auth=auth)) == expected


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo"])
async def test_browser_apps_may_call_from_anywhere(shared_house: House, path: str) -> None:
    async with shared_house.visitor().http as http:
        preflight = await http.options(path, headers={"origin": "https://spa.example"})
        wrong_method = await http.delete(path)
        page = await http.get(authorize_path(), headers={"origin": "https://spa.example"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in preflight.headers
    assert (wrong_method.status_code, wrong_method.json()["error"]) == (405, "invalid_request")
    assert "access-control-allow-origin" not in page.headers


@pytest.fixture
def two_pools() -> list[dict[str, Any]]:
    other = pools_document()[0] | {"UserPoolName": "other", "UserPoolId": "us-east-1_Other0001"}
    client = other["UserPoolClients"][0] | {"ClientId": "otherclient", "ClientSecret": "o" * 40}
    public = other["UserPoolClients"][0] | {"ClientName": "spa", "ClientId": "publicclient"}
    del public["ClientSecret"]
    machine = {
        "ClientName": "machine",
        "ClientId": "machine",
        "ClientSecret": "m" * 40,
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["api/read"],
    }
    servers = [
        {"Identifier": "api", "Name": "api", "Scopes": [{"ScopeName": "read", "ScopeDescription": "r"}]}
    ]
    other |= {"UserPoolClients": [client, public, machine], "UserPoolResourceServers": servers}
    return [*pools_document(), other]


@pytest.mark.asyncio(loop_scope="function")
async def test_client_of_another_pool_cannot_use_a_code_or_token(
    open_house: Any, two_pools: list[dict[str, Any]]
) -> None:
    house = await open_house(document=two_pools)
    other = ("otherclient", "o" * 40)
    code = await new_code(house)
    data = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    assert error_of(await post(house, "/oauth2/token", data, auth=other)) == (400, "invalid_grant")
    mine = (await redeem(house, code)).json()
    data = {"grant_type": "refresh_token", "refresh_token": mine["refresh_token"]}
    assert error_of(await post(house, "/oauth2/token", data, auth=other)) == (400, "invalid_grant")
    revoked = await post(house, "/oauth2/revoke", {"token": mine["refresh_token"]}, auth=other)
    assert revoked.status_code == 200
    assert (await post(house, "/oauth2/token", data)).status_code == 200, "and it was not revoked"


@pytest.mark.asyncio(loop_scope="function")
async def test_session_of_one_pool_is_none_in_another(
    open_house: Any, two_pools: list[dict[str, Any]]
) -> None:
    house = await open_house(document=two_pools)
    visitor = house.visitor()
    await visitor.sign_in()
    page = await visitor.get(authorize_path(client_id="otherclient"))
    assert page.heading == "Sign in"
    typed = {"username": "mina@example.com", "password": "Correct-Horse-1"}
    answer_of(await visitor.submit(page, "/login", typed))
    for client in (CLIENT, "otherclient"):
        assert "code" in answer_of(await visitor.get(authorize_path(client_id=client))), "both stay signed in"


@pytest.mark.asyncio(loop_scope="function")
async def test_public_client_needs_no_secret_and_may_send_none(
    open_house: Any, two_pools: list[dict[str, Any]]
) -> None:
    house = await open_house(document=two_pools)
    code = await new_code(house, client_id="publicclient", **PKCE)
    data = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": "publicclient",
        "code_verifier": VERIFIER,
    }
    sent = data | {"client_secret": "guess"}
    assert error_of(await post(house, "/oauth2/token", sent, auth=None)) == (400, "invalid_client")
    assert (await post(house, "/oauth2/token", data, auth=None)).status_code == 200


@pytest.mark.asyncio(loop_scope="function")
async def test_machine_client_gets_an_access_token_and_nothing_else(
    open_house: Any, two_pools: list[dict[str, Any]]
) -> None:
    house = await open_house(document=two_pools)
    machine = ("machine", "m" * 40)
    data = {"grant_type": "client_credentials"}
    answer = (await post(house, "/oauth2/token", data, auth=machine)).json()
    assert answer.keys() == {"access_token", "expires_in", "token_type"}
    unknown = await post(house, "/oauth2/token", data | {"scope": "api/none"}, auth=machine)
    assert error_of(unknown) == (400, "invalid_scope")
    page = await house.visitor().get(authorize_path(client_id="machine"))
    assert page.response.status_code == 400
