"""Whose credentials a form or an Authorization header carries."""

import base64
from dataclasses import replace

import pytest

from idp.model import Client, Secret
from idp.oauth.client_auth import INVALID_CLIENT, Credentials, check_client, read_credentials
from idp.oauth.errors import OAuthError
from idp.oauth.parameters import Parameters

NOBODY = Parameters()


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "client_id", "secret"),
    [
        (basic("app:secret"), "app", "secret"),
        (basic("app:"), "app", None),
        (basic("a%20b:c%3Ad"), "a b", "c:d"),
        (basic("app:se:cret"), "app", "se:cret"),
        ("bAsIc " + basic("app:s")[6:], "app", "s"),
    ],
)
def test_basic_credentials_are_read(header: str, client_id: str, secret: str | None) -> None:
    assert read_credentials(header, NOBODY) == Credentials(client_id, secret)


@pytest.mark.parametrize("header", ["", "Basic", "Basic %", basic("no colon"), basic(":secret"), "Digest x"])
def test_unreadable_header_is_nobody(header: str) -> None:
    assert read_credentials(header, NOBODY) == INVALID_CLIENT


def test_header_and_form_may_not_name_two_clients() -> None:
    form = Parameters((("client_id", "other"),))
    assert read_credentials(basic("app:secret"), form) == INVALID_CLIENT


def test_confidential_client_has_to_prove_itself_with_any_of_its_secrets(client: Client) -> None:
    client = replace(client, secrets=(Secret("new"), Secret("old")))
    for secret, good in (("new", True), ("old", True), ("ne", False), ("", False), (None, False)):
        assert (check_client(client, Credentials("app", secret)) == client) is good


def test_public_client_has_no_secret_to_show(client: Client) -> None:
    client = replace(client, secrets=())
    assert check_client(client, Credentials("app")) == client
    assert isinstance(check_client(client, Credentials("app", "guess")), OAuthError)


def test_secret_stays_out_of_the_repr() -> None:
    assert "hunter2" not in repr(Credentials("app", "hunter2"))
