"""The authorization endpoint over HTTP: errors on a page where no redirect may carry them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.hosted_pages import CALLBACK, CLIENT, House, answer_of, authorize_path


async def test_unregistered_redirect_is_shown_and_logged(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    page = await house.visitor().get(authorize_path(redirect_uri="https://evil.example/"))
    assert page.response.status_code == 400
    assert page.response.url.path == "/error"
    assert dict(page.response.url.params) == {"error": "redirect_mismatch", "client_id": CLIENT}
    assert "evil.example" in caplog.text, "the operator sees what was asked for"
    assert CALLBACK not in page.text, "and a stranger does not see what would have worked"


async def test_developer_on_this_machine_sees_what_is_registered(house: House) -> None:
    visitor = house.visitor(address="127.0.0.1", origin="http://localhost")
    page = await visitor.get(authorize_path(redirect_uri="http://localhost:3000/wrong"))
    assert CALLBACK in page.text


async def test_error_goes_back_with_state(house: House) -> None:
    answer = answer_of(await house.visitor().get(authorize_path(scope="openid unheard-of")))
    assert answer == {"error": "invalid_scope", "state": "a state/&=1"}


async def test_post_is_not_supported(house: House) -> None:
    response = await house.visitor().http.post(authorize_path())
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_head_is_answered_like_get(house: House) -> None:
    response = await house.visitor().http.head(authorize_path())
    assert (response.status_code, response.headers["location"][:7]) == (302, "/login?")


async def test_implicit_grant_answers_in_the_fragment_without_a_refresh_token(open_house: Any) -> None:
    client = {
        "ClientName": "spa",
        "ClientId": "spa",
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["implicit"],
        "AllowedOAuthScopes": ["openid", "email"],
        "CallbackURLs": [CALLBACK],
        "SupportedIdentityProviders": ["COGNITO"],
    }
    house = await open_house(UserPoolClients=[client])
    visitor = house.visitor()
    page = await visitor.get(authorize_path(client_id="spa", response_type="token", nonce="n"))
    typed = {"username": "mina@example.com", "password": "Correct-Horse-1"}
    page = await visitor.submit(page, "/login", typed)
    target = urlsplit(page.response.headers["location"])
    assert target.query == ""
    answer = parse_qs(target.fragment)
    assert answer.keys() == {"id_token", "access_token", "token_type", "expires_in", "state"}
    refused = await visitor.get(authorize_path(client_id="spa"))
    assert answer_of(refused)["error"] == "unauthorized_client"


async def test_failure_while_issuing_is_told_to_the_client(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object, **__: object) -> str:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(type(house.core.tokens), "create_code", fail)
    answer = answer_of(await house.visitor().sign_in())
    assert answer == {"error": "server_error", "state": "a state/&=1"}
    assert "the disk is full" in caplog.text
