"""Signing out, and the only places it may lead to (cognito.md 1.5)."""

import base64
import json
from dataclasses import replace

import pytest

from idp.model import Client
from idp.oauth.errors import Shown, ShownCode
from idp.oauth.logout import ToClient, ToSignIn, client_id_of, decide_logout
from idp.oauth.parameters import Parameters
from tests.support.hosted_pages import CLIENT, House, authorize_path

BYE = "https://app.example/bye"
CALLBACK = "https://app.example/cb"


def decide(client: Client | None, **sent: str) -> ToClient | ToSignIn | Shown:
    return decide_logout(Parameters(tuple({"client_id": "app", **sent}.items())), client)


def hint(claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{body}.c2ln"


def test_registered_logout_uri_is_followed_as_it_is(client: Client) -> None:
    assert decide(client, logout_uri=BYE, state="ignored") == ToClient(BYE)


def test_openids_name_and_state_work_too(client: Client) -> None:
    assert decide(client, post_logout_redirect_uri=BYE, state="a b") == ToClient(f"{BYE}?state=a%20b")


def test_logout_uri_wins_over_redirect_uri(client: Client) -> None:
    assert decide(client, logout_uri=BYE, redirect_uri=CALLBACK, response_type="code") == ToClient(BYE)


def test_redirect_uri_leads_to_a_new_sign_in(client: Client) -> None:
    decision = decide(client, redirect_uri=CALLBACK, response_type="code", state="s", junk="x")
    assert decision == ToSignIn(
        "client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&response_type=code&state=s"
    )


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, ShownCode.LOGOUT_PARAMETERS),
        ({"redirect_uri": CALLBACK}, ShownCode.LOGOUT_PARAMETERS),
        ({"logout_uri": CALLBACK}, ShownCode.REDIRECT_MISMATCH),
        ({"logout_uri": f"{BYE}/"}, ShownCode.REDIRECT_MISMATCH),
        ({"logout_uri": "//evil.example"}, ShownCode.REDIRECT_MISMATCH),
        ({"redirect_uri": BYE, "response_type": "code"}, ShownCode.REDIRECT_MISMATCH),
    ],
    ids=str,
)
def test_anything_else_is_shown(client: Client, sent: dict[str, str], code: ShownCode) -> None:
    decision = decide(client, **sent)
    assert isinstance(decision, Shown)
    assert decision.code is code


@pytest.mark.parametrize("known", [True, False])
def test_client_without_oauth_is_unknown(client: Client, known: bool) -> None:
    decision = decide(replace(client, oauth_enabled=False) if known else None, logout_uri=BYE)
    assert isinstance(decision, Shown)
    assert decision.code is ShownCode.CLIENT_UNKNOWN


@pytest.mark.parametrize(
    ("token", "client_id"),
    [
        (hint({"aud": "app"}), "app"),
        (hint({"aud": ["app"]}), None),
        (hint(["aud"]), None),
        (f"e30.{base64.urlsafe_b64encode(b'[' * 9000).decode()}.x", None),
        ("e30.!!!.x", None),
        ("e30.AAAA", None),
        ("", None),
    ],
)
def test_hint_names_the_client(token: str, client_id: str | None) -> None:
    assert client_id_of(Parameters((("id_token_hint", token),))) == client_id


async def test_logout_ends_the_session_in_the_browser_and_on_the_server(house: House) -> None:
    visitor = house.visitor()
    await visitor.sign_in()
    kept = visitor.http.cookies["cognito"]
    response = await visitor.http.get(f"/logout?client_id={CLIENT}&logout_uri={BYE}")
    assert (response.status_code, response.headers["location"]) == (302, BYE)
    assert "cognito" not in visitor.http.cookies
    visitor.http.cookies.set("cognito", kept, domain="login.example")
    assert (await visitor.get(authorize_path())).heading == "Sign in", "a copied cookie is worth nothing"


async def test_wrong_address_signs_out_all_the_same_and_goes_nowhere(house: House) -> None:
    visitor = house.visitor()
    await visitor.sign_in()
    page = await visitor.get(f"/logout?client_id={CLIENT}&logout_uri=https://evil.example/")
    assert page.response.status_code == 400
    assert "You are signed out." in page.text
    assert (await visitor.get(authorize_path())).heading == "Sign in"


async def test_page_does_not_tell_somebody_who_is_signed_in_that_they_are_out(house: House) -> None:
    """The address of the error page may come from anybody."""
    visitor = house.visitor()
    await visitor.sign_in()
    page = await visitor.get(f"/error?error=redirect_mismatch&client_id={CLIENT}&signed_out=1")
    assert "You are signed out." not in page.text


async def test_logout_to_sign_in_shows_the_form(house: House) -> None:
    visitor = house.visitor()
    await visitor.sign_in()
    page = await visitor.get(authorize_path().replace("/oauth2/authorize", "/logout"))
    assert page.heading == "Sign in"
    assert "Continue as" not in page.text


async def test_repeated_address_is_refused(house: House) -> None:
    page = await house.visitor().get(f"/logout?client_id={CLIENT}&logout_uri={BYE}&logout_uri={BYE}")
    assert page.response.status_code == 400
