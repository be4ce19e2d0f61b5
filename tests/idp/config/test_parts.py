"""Identity providers, branding styles, classic looks and terms of the configuration."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from idp.config import InvalidPools, PoolConfig, parse_pools
from tests.support.pools import pool_document

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()
LOGO = {"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "PNG", "Bytes": PNG}
COLOUR = {"components": {"form": {"lightMode": {"backgroundColor": "ffffffff"}}}}
GOOGLE = {
    "ProviderName": "Google",
    "ProviderType": "Google",
    "ProviderDetails": {"client_id": "a", "client_secret": "hush", "authorize_scopes": "openid"},
}
TERMS = {"ClientId": "web", "TermsName": "terms-of-use", "Links": {"cognito:default": "https://a.example/t"}}


def parse(**members: Any) -> PoolConfig:
    return parse_pools([pool_document(**members)]).pools[0]


def problems_of(**members: Any) -> list[tuple[str, str]]:
    """Every problem: its place below the pool, and its kind."""
    with pytest.raises(InvalidPools) as caught:
        parse(**members)
    assert "hush" not in str(caught.value)
    return [(".".join(map(str, each.where[1:])), each.code) for each in caught.value.problems]


def test_everything_is_read() -> None:
    found = parse(
        UserPoolIdentityProviders=[GOOGLE],
        ManagedLoginBrandings=[{"ClientId": "web", "Settings": COLOUR, "Assets": [LOGO]}],
        UserPoolUICustomizationAttachments=[
            {"ClientId": "ALL", "CSS": ".label-customizable { color: red }", "ImageFile": PNG}
        ],
        Terms=[TERMS],
        DeletionProtection="ACTIVE",
        UserPoolDomain={"Domain": "staff"},
    )
    assert found.pool.deletion_protected
    assert found.pool.domain_version == 2, "styles are there to be seen"
    (style,) = found.parts.styles
    assert (style.wish.settings, style.wish.uploads[0].asset.category) == (COLOUR, "FORM_LOGO")
    assert found.parts.looks[0].image.startswith(b"\x89PNG")
    assert found.parts.terms[0].document["TermsSource"] == "LINK"
    details = found.parts.providers["Google"]["ProviderDetails"]
    assert details["token_url"] == "https://www.googleapis.com/oauth2/v4/token", "as the API completes it"
    assert "hush" not in repr(found)


def test_version_of_the_pages_is_what_is_said() -> None:
    style = [{"ClientId": "web"}]
    assert parse(UserPoolDomain="staff").pool.domain_version == 1
    assert parse(ManagedLoginBrandings=style, UserPoolDomain="staff").pool.domain_version == 2
    said = {"Domain": "staff", "ManagedLoginVersion": 1}
    assert parse(ManagedLoginBrandings=style, UserPoolDomain=said).pool.domain_version == 1


def test_settings_may_be_json_text() -> None:
    style = {"ClientId": "web", "Settings": json.dumps(COLOUR)}
    assert parse(ManagedLoginBrandings=[style]).parts.styles[0].wish.settings == COLOUR


def test_client_may_name_a_provider_of_its_pool() -> None:
    client = {"SupportedIdentityProviders": ["COGNITO", "Google"]}
    found = parse(UserPoolIdentityProviders=[GOOGLE], client=client)
    assert found.clients[0].client.identity_providers == ("COGNITO", "Google")
    assert problems_of(client=client) == [("UserPoolClients.0.SupportedIdentityProviders.1", "InvalidValue")]


STYLES, LOOKS = "ManagedLoginBrandings", "UserPoolUICustomizationAttachments"
PROVIDERS = "UserPoolIdentityProviders"


@pytest.mark.parametrize(
    ("key", "entries", "place", "code"),
    [
        (STYLES, [{"ClientId": "nobody"}], "0.ClientId", "InvalidValue"),
        (STYLES, [{}], "0", "Missing"),
        (STYLES, [{"ClientId": "web"}, {"ClientId": "web"}], "1", "Duplicate"),
        (STYLES, [{"ClientId": "web", "Setings": {}}], "0.Setings", "UnknownKey"),
        (STYLES, [{"ClientId": "web", "Settings": "{"}], "0.Settings", "WrongType"),
        (
            STYLES,
            [{"ClientId": "web", "Settings": {"components": {"form": {"borderRadius": "2px"}}}}],
            "0.Settings.components.form.borderRadius",
            "InvalidValue",
        ),
        (
            STYLES,
            [{"ClientId": "web", "UseCognitoProvidedValues": True, "Settings": COLOUR}],
            "0.UseCognitoProvidedValues",
            "Conflict",
        ),
        (STYLES, [{"ClientId": "web", "Assets": [LOGO, LOGO]}], "0.Assets.1", "Duplicate"),
        (
            STYLES,
            [{"ClientId": "web", "Assets": [LOGO | {"Extension": "SVG"}]}],
            "0.Assets.0.Bytes",
            "InvalidValue",
        ),
        (
            STYLES,
            [{"ClientId": "web", "Assets": [LOGO | {"Bytes": "logo.png"}]}],
            "0.Assets.0.Bytes",
            "InvalidValue",
        ),
        (
            STYLES,
            [{"ClientId": "web", "Assets": [LOGO | {"Category": "LOGO"}]}],
            "0.Assets.0.Category",
            "InvalidValue",
        ),
        (LOOKS, [{"ClientId": "ALL", "CSS": "body { color: red }"}], "0.CSS", "InvalidValue"),
        (LOOKS, [{"ClientId": "ALL", "ImageFile": "PHN2Zy8+"}], "0.ImageFile", "InvalidValue"),
        ("Terms", [TERMS, TERMS], "1", "Duplicate"),
        ("Terms", [TERMS | {"TermsName": "cookies"}], "0.TermsName", "InvalidValue"),
        (
            "Terms",
            [TERMS | {"Links": {"cognito:default": "javascript:alert(1)"}}],
            "0.Links.cognito:default",
            "InvalidValue",
        ),
        ("Terms", [TERMS | {"Links": {"en": "https://a.example/"}}], "0.Links.en", "InvalidValue"),
        (PROVIDERS, [GOOGLE, GOOGLE], "1.ProviderName", "Duplicate"),
        (PROVIDERS, [GOOGLE | {"ProviderName": "COGNITO"}], "0.ProviderName", "Duplicate"),
        (PROVIDERS, [GOOGLE | {"ProviderDetails": {"client_id": "a"}}], "0.ProviderDetails", "InvalidValue"),
        (PROVIDERS, [GOOGLE | {"ProviderType": "Gogle"}], "0.ProviderType", "InvalidValue"),
        (PROVIDERS, [GOOGLE | {"AcrMapping": {}}], "0.AcrMapping", "NotSupportedYet"),
        (
            PROVIDERS,
            [GOOGLE | {"IdpIdentifiers": ["x"]}, GOOGLE | {"ProviderName": "G2", "IdpIdentifiers": ["x"]}],
            "1.IdpIdentifiers",
            "Duplicate",
        ),
    ],
)
def test_every_mistake_has_its_place(key: str, entries: list[Any], place: str, code: str) -> None:
    assert problems_of(**{key: entries}) == [(f"{key}.{place}", code)]


def test_colour_of_digits_only_wants_quotes() -> None:
    settings = {"components": {"form": {"lightMode": {"backgroundColor": 11223344}}}}
    with pytest.raises(InvalidPools, match="put it in quotes"):
        parse(ManagedLoginBrandings=[{"ClientId": "web", "Settings": settings}])
