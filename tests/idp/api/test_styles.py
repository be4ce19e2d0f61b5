"""Managed login branding through boto3, and what strangers are served of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from idp.management import styles
from idp.management.style_wishes import MOST_SETTINGS_BYTES
from tests.support.api_server import PUBLIC_CLIENT_ID, ApiServer
from tests.support.pools import CALLBACK, CLIENT_ID, POOL_ID

PNG = b"\x89PNG\r\n\x1a\n and so on"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
SETTINGS = {
    "components": {"form": {"borderRadius": 8.0, "lightMode": {"backgroundColor": "ffffffff"}}},
    "categories": {"signUp": {"acceptanceElements": [{"enforcement": "NONE", "textKey": "en"}]}},
}
LOGO = {"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "PNG", "Bytes": PNG}
ASKED = {"client_id": CLIENT_ID, "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid"}
NOBODY = "00000000-0000-4000-8000-000000000000"


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def page(api: ApiServer, path: str = "/login") -> httpx.Response:
    return httpx.get(f"{api.url}{path}", params=ASKED, trust_env=False)


@pytest.fixture
def style_id(cognito: Any) -> Iterator[str]:
    """A style with settings and a logo, for one test."""
    made = cognito.create_managed_login_branding(
        UserPoolId=POOL_ID, ClientId=CLIENT_ID, Settings=SETTINGS, Assets=[LOGO]
    )["ManagedLoginBranding"]
    yield made["ManagedLoginBrandingId"]
    cognito.delete_managed_login_branding(
        UserPoolId=POOL_ID, ManagedLoginBrandingId=made["ManagedLoginBrandingId"]
    )


def test_style_is_given_back_as_it_came(cognito: Any, style_id: str) -> None:
    found = cognito.describe_managed_login_branding(UserPoolId=POOL_ID, ManagedLoginBrandingId=style_id)
    style = found["ManagedLoginBranding"]
    assert (style["Settings"], style["Assets"]) == (SETTINGS, [LOGO])
    assert (style["UserPoolId"], style["UseCognitoProvidedValues"]) == (POOL_ID, False)
    by_client = cognito.describe_managed_login_branding_by_client(UserPoolId=POOL_ID, ClientId=CLIENT_ID)
    assert by_client["ManagedLoginBranding"] == style
    merged = cognito.describe_managed_login_branding(
        UserPoolId=POOL_ID, ManagedLoginBrandingId=style_id, ReturnMergedResources=True
    )["ManagedLoginBranding"]["Settings"]
    assert merged["components"]["form"]["borderRadius"] == 8.0
    assert merged["components"]["form"]["darkMode"]["backgroundColor"] == "14222aff"
    assert merged["categories"]["signUp"] == SETTINGS["categories"]["signUp"]


def test_update_keeps_what_it_does_not_say(cognito: Any, style_id: str) -> None:
    at = {"UserPoolId": POOL_ID, "ManagedLoginBrandingId": style_id}
    dark = {"components": {"form": {"darkMode": {"backgroundColor": "000000ff"}}}}
    icon = {"Category": "FAVICON_SVG", "ColorMode": "DYNAMIC", "Extension": "SVG", "Bytes": SVG}
    style = cognito.update_managed_login_branding(**at, Settings=dark, Assets=[icon])["ManagedLoginBranding"]
    form = style["Settings"]["components"]["form"]
    assert form == SETTINGS["components"]["form"] | dark["components"]["form"]
    assert style["Assets"] == [LOGO, icon]
    style = cognito.update_managed_login_branding(**at, UseCognitoProvidedValues=True)["ManagedLoginBranding"]
    assert (style["UseCognitoProvidedValues"], style["Settings"], style["Assets"]) == (True, {}, [])
    style = cognito.update_managed_login_branding(**at)["ManagedLoginBranding"]
    assert style["UseCognitoProvidedValues"] is True


def test_style_is_served_from_the_pools_own_origin_under_the_same_policy(
    api: ApiServer, cognito: Any, style_id: str
) -> None:
    before = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'"
    answer = page(api)
    assert answer.headers["content-security-policy"].startswith(before)
    links = re.findall(rf'"(/look/{POOL_ID}/[0-9a-f]+\.(?:css|png))"', answer.text)
    css, logo = (httpx.get(f"{api.url}{link}", trust_env=False) for link in dict.fromkeys(links))
    assert (css.headers["content-type"], "--card: #ffffffff" in css.text) == ("text/css; charset=utf-8", True)
    assert (logo.content, logo.headers["content-type"]) == (PNG, "image/png")
    assert logo.headers["x-content-type-options"] == "nosniff"
    cognito.update_managed_login_branding(
        UserPoolId=POOL_ID, ManagedLoginBrandingId=style_id, UseCognitoProvidedValues=True
    )
    assert "/look/" not in page(api).text
    gone = httpx.get(f"{api.url}{links[-1]}", trust_env=False)
    assert gone.status_code == 404


def test_svg_is_served_so_that_nothing_in_it_runs(api: ApiServer, cognito: Any, style_id: str) -> None:
    cognito.update_managed_login_branding(
        UserPoolId=POOL_ID,
        ManagedLoginBrandingId=style_id,
        Assets=[LOGO | {"Extension": "SVG", "Bytes": SVG}],
    )
    (link,) = re.findall(r'"(/look/[^"]+\.svg)"', page(api).text)
    answer = httpx.get(f"{api.url}{link}", trust_env=False)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert "script-src" not in policy
    assert "allow-scripts" not in policy


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"UseCognitoProvidedValues": True, "Settings": SETTINGS}, "InvalidParameterException"),
        ({"UseCognitoProvidedValues": True, "Assets": [LOGO]}, "InvalidParameterException"),
        ({"Settings": ["x"]}, "InvalidParameterException"),
        (
            {"Settings": {"components": {"form": {"lightMode": {"backgroundColor": "url(//x)"}}}}},
            "InvalidParameterException",
        ),
        ({"Settings": {"later": "x" * MOST_SETTINGS_BYTES}}, "InvalidParameterException"),
        ({"Assets": [LOGO | {"Extension": "JPEG"}]}, "InvalidParameterException"),
        ({"Assets": [LOGO, LOGO]}, "InvalidParameterException"),
        ({"Assets": [LOGO | {"Bytes": PNG + b"x" * 1_000_000}]}, "InvalidParameterException"),
        ({"Assets": [LOGO | {"Bytes": b""}]}, "InvalidParameterException"),
        (
            {
                "Assets": [
                    LOGO | {"Category": category, "Bytes": PNG + b"x" * 700_000}
                    for category in ("FORM_LOGO", "PAGE_BACKGROUND", "FORM_BACKGROUND")
                ]
            },
            "InvalidParameterException",
        ),
        ({"ClientId": "nobody"}, "ResourceNotFoundException"),
    ],
    ids=lambda value: None if isinstance(value, str) else ",".join(value),
)
def test_what_cannot_be_a_style_is_refused(cognito: Any, members: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        cognito.create_managed_login_branding(
            **({"UserPoolId": POOL_ID, "ClientId": PUBLIC_CLIENT_ID} | members)
        )
    assert code_of(error) == code
    with pytest.raises(ClientError) as error:
        cognito.describe_managed_login_branding_by_client(UserPoolId=POOL_ID, ClientId=PUBLIC_CLIENT_ID)
    assert code_of(error) == "ResourceNotFoundException"


def test_client_has_one_style(cognito: Any, style_id: str) -> None:
    with pytest.raises(ClientError) as error:
        cognito.create_managed_login_branding(UserPoolId=POOL_ID, ClientId=CLIENT_ID)
    assert code_of(error) == "ManagedLoginBrandingExistsException"


def test_style_nobody_made_is_not_found(cognito: Any) -> None:
    at = {"UserPoolId": POOL_ID, "ManagedLoginBrandingId": NOBODY}
    for operation in ("describe", "update", "delete"):
        with pytest.raises(ClientError) as error:
            getattr(cognito, f"{operation}_managed_login_branding")(**at)
        assert code_of(error) == "ResourceNotFoundException"
    with pytest.raises(ClientError) as error:
        cognito.update_managed_login_branding(Settings={})
    assert code_of(error) == "InvalidParameterException"


def test_pool_has_a_few_styles_and_a_client_takes_its_own_along(
    cognito: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(styles, "MOST_STYLES", 1)
    pool = cognito.create_user_pool(PoolName="styled")["UserPool"]["Id"]
    clients = [
        cognito.create_user_pool_client(UserPoolId=pool, ClientName=name)["UserPoolClient"]["ClientId"]
        for name in ("one", "two")
    ]
    made = cognito.create_managed_login_branding(UserPoolId=pool, ClientId=clients[0])["ManagedLoginBranding"]
    assert made["UseCognitoProvidedValues"] is True, "nothing else was said"
    with pytest.raises(ClientError) as error:
        cognito.create_managed_login_branding(UserPoolId=pool, ClientId=clients[1])
    assert code_of(error) == "LimitExceededException"
    cognito.delete_user_pool_client(UserPoolId=pool, ClientId=clients[0])
    assert cognito.create_managed_login_branding(UserPoolId=pool, ClientId=clients[1])
    cognito.delete_user_pool(UserPoolId=pool)


def test_version_of_the_domain_says_which_look_is_shown(api: ApiServer, cognito: Any) -> None:
    pool = cognito.create_user_pool(PoolName="versions")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="web",
        CallbackURLs=[CALLBACK],
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"],
        AllowedOAuthFlowsUserPoolClient=True,
        SupportedIdentityProviders=["COGNITO"],
    )["UserPoolClient"]["ClientId"]
    cognito.create_managed_login_branding(UserPoolId=pool, ClientId=client, Settings=SETTINGS)
    cognito.set_ui_customization(UserPoolId=pool, CSS=".label-customizable { color: green }")

    def shown() -> str:
        text = httpx.get(f"{api.url}/login", params=ASKED | {"client_id": client}, trust_env=False).text
        (link,) = re.findall(r'"(/look/[^"]+\.css)"', text)
        return "classic" if "green" in httpx.get(api.url + link, trust_env=False).text else "style"

    assert shown() == "style", "a pool without a domain shows what was made for it"
    cognito.create_user_pool_domain(UserPoolId=pool, Domain="versions")
    assert shown() == "classic", "version 1"
    cognito.update_user_pool_domain(UserPoolId=pool, Domain="versions", ManagedLoginVersion=2)
    assert shown() == "style"
    cognito.delete_user_pool_domain(UserPoolId=pool, Domain="versions")
    cognito.delete_user_pool(UserPoolId=pool)
