"""Every rule of an authorization request (cognito.md 1.2, 1.3): served, shown or sent to the client."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from idp.model import Client
from idp.oauth.authorize import MAX_QUERY, AuthorizeRequest, check_authorize, read_query
from idp.oauth.errors import Redirected, Shown, ShownCode
from idp.oauth.parameters import Parameters

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
GOOD = {
    "response_type": "code",
    "client_id": "app",
    "redirect_uri": "https://app.example/cb",
    "state": "s t/1",
}


def check(
    client: Client | None, changes: dict[str, str | None] | None = None, *, extra: str = ""
) -> AuthorizeRequest | Shown | Redirected:
    pairs = {name: value for name, value in (GOOD | (changes or {})).items() if value is not None}
    parameters = read_query(urlencode(pairs) + extra)
    return parameters if isinstance(parameters, Shown) else check_authorize(parameters, client)


def test_plain_request_asks_for_every_scope_of_the_client(client: Client) -> None:
    request = check(client)
    assert isinstance(request, AuthorizeRequest)
    assert request.scopes == client.oauth_scopes
    assert request.state == "s t/1"


def test_query_that_pages_carry_on_means_the_same_request(client: Client) -> None:
    request = check(client, {"state": '{"a":"é&한 +%"}', "nonce": "n", "utm": "dropped"})
    assert isinstance(request, AuthorizeRequest)
    assert "utm" not in request.query
    again = read_query(request.query)
    assert isinstance(again, Parameters)
    assert check_authorize(again, client) == request


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        "https://app.example/cb/",
        "https://app.example/CB",
        "https://APP.example/cb",
        "https://app.example/cb?x=1",
        "https://app.example/cb#f",
        "https://app.example:443/cb",
        "https://app.example@evil.example/cb",
        "https://app.example.evil.example/cb",
        "https://evil.example/https://app.example/cb",
        "//app.example/cb",
        "http://app.example/cb",
        "https://app.example/cb/../evil",
        "https://app.example/cb%0d%0aSet-Cookie:x=1",
        "https://app.example/cb\r\nSet-Cookie: x=1",
        " https://app.example/cb",
        "https://app.example/cb\x01",
        "https://app.example\\@evil.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp://cb/other",
        "https://app.example/bye",
    ],
)
def test_redirect_uri_that_is_not_registered_is_shown_and_never_followed(
    client: Client, uri: str | None
) -> None:
    shown = check(client, {"redirect_uri": uri, "scope": "unheard-of"})
    assert isinstance(shown, Shown)
    assert shown.code is ShownCode.REDIRECT_MISMATCH


def test_registered_uri_with_a_fragment_is_not_used(client: Client) -> None:
    client = replace(client, callback_urls=("https://app.example/cb#x",))
    assert isinstance(check(client, {"redirect_uri": "https://app.example/cb#x"}), Shown)


def test_default_redirect_uri_stands_in_for_a_missing_one(client: Client) -> None:
    client = replace(client, default_redirect_uri="https://app.example/cb")
    request = check(client, {"redirect_uri": None})
    assert isinstance(request, AuthorizeRequest)
    assert request.redirect_uri == "https://app.example/cb"


@pytest.mark.parametrize(
    "changes",
    [{"oauth_enabled": False}, {"identity_providers": ("Google",)}],
    ids=["OAuth settings inert", "no local users"],
)
def test_client_that_cannot_use_the_pages_is_shown(client: Client, changes: dict[str, object]) -> None:
    shown = check(replace(client, **changes))  # type: ignore[arg-type]
    assert isinstance(shown, Shown)
    assert shown.code is ShownCode.CLIENT_UNKNOWN


def test_unknown_client_is_shown() -> None:
    shown = check(None)
    assert isinstance(shown, Shown)
    assert (shown.code, shown.client_id) == (ShownCode.CLIENT_UNKNOWN, "app")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"response_type": None}, "invalid_request", id="no response_type"),
        pytest.param({"response_type": "id_token"}, "invalid_request", id="id_token"),
        pytest.param({"response_type": "code token"}, "invalid_request", id="hybrid"),
        pytest.param({"response_type": "Code"}, "invalid_request", id="case"),
        pytest.param({"code_challenge": CHALLENGE}, "invalid_request", id="challenge without method"),
        pytest.param({"code_challenge_method": "S256"}, "invalid_request", id="method without challenge"),
        pytest.param(
            {"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request", id="plain"
        ),
        pytest.param(
            {"code_challenge": CHALLENGE, "code_challenge_method": "s256"},
            "invalid_request",
            id="method case",
        ),
        pytest.param(
            {"code_challenge": CHALLENGE + "=", "code_challenge_method": "S256"},
            "invalid_request",
            id="padded",
        ),
        pytest.param({"code_challenge": "a", "code_challenge_method": "S256"}, "invalid_request", id="short"),
        pytest.param({"scope": "openid unheard-of"}, "invalid_scope", id="scope not attached"),
        pytest.param({"scope": "OPENID"}, "invalid_scope", id="scope case"),
        pytest.param({"scope": "email"}, "invalid_scope", id="email without openid"),
        pytest.param({"prompt": "none login"}, "invalid_request", id="none with company"),
        pytest.param({"max_age": "-1"}, "invalid_request", id="negative max_age"),
        pytest.param({"max_age": "1.5"}, "invalid_request", id="fractional max_age"),
        pytest.param({"max_age": "٣"}, "invalid_request", id="max_age in other digits"),
        pytest.param({"identity_provider": "Google"}, "invalid_request", id="unknown provider"),
    ],
)
def test_error_goes_to_the_client_with_its_state(
    client: Client, changes: dict[str, str | None], error: str
) -> None:
    refused = check(client, changes)
    assert isinstance(refused, Redirected)
    assert (refused.error, refused.state, refused.redirect_uri) == (error, "s t/1", GOOD["redirect_uri"])


def test_implicit_grant_needs_the_client_to_allow_it(client: Client) -> None:
    refused = check(client, {"response_type": "token"})
    assert isinstance(refused, Redirected)
    assert (refused.error, refused.in_fragment) == ("unauthorized_client", True)
    allowed = check(replace(client, oauth_flows=("implicit",)), {"response_type": "token"})
    assert isinstance(allowed, AuthorizeRequest)


def test_code_grant_needs_the_client_to_allow_it(client: Client) -> None:
    refused = check(replace(client, oauth_flows=("client_credentials",)))
    assert isinstance(refused, Redirected)
    assert refused.error == "unauthorized_client"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_repeated_address_parameter_is_shown(client: Client, name: str) -> None:
    shown = check(client, extra=f"&{name}={GOOD[name]}")
    assert isinstance(shown, Shown)
    assert shown.code is ShownCode.MALFORMED


@pytest.mark.parametrize("name", ["response_type", "scope", "nonce", "prompt", "code_challenge"])
def test_repeated_parameter_is_refused_even_with_equal_values(client: Client, name: str) -> None:
    refused = check(client, {name: GOOD.get(name, "openid")}, extra=f"&{name}={GOOD.get(name, 'openid')}")
    assert isinstance(refused, Redirected)
    assert refused.error == "invalid_request"


def test_repeated_state_is_not_sent_back(client: Client) -> None:
    refused = check(client, extra="&state=other")
    assert isinstance(refused, Redirected)
    assert refused.state is None


@pytest.mark.parametrize("raw", ["state=%ff", "state=" + "a" * MAX_QUERY, "&".join(["a=b"] * 101)])
def test_query_that_cannot_be_read_is_shown(raw: str) -> None:
    shown = read_query(raw)
    assert isinstance(shown, Shown)
    assert shown.code is ShownCode.MALFORMED


def test_secrets_of_a_request_stay_out_of_its_repr(client: Client) -> None:
    request = check(client, {"state": "state-value", "nonce": "nonce-value"})
    assert "state-value" not in repr(request)
    assert "nonce-value" not in repr(request)
