"""What an identity provider of a pool consists of, by its type (cognito.md 7.1). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.management.refusal import invalid

MEMBERS: Final = ("ProviderType", "ProviderDetails", "AttributeMapping", "IdpIdentifiers", "AcrMapping")
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "Google": ("client_id", "client_secret", "authorize_scopes"),
    "Facebook": ("client_id", "client_secret", "authorize_scopes"),
    "LoginWithAmazon": ("client_id", "client_secret", "authorize_scopes"),
    "SignInWithApple": ("client_id", "team_id", "key_id", "authorize_scopes"),
    "OIDC": ("client_id", "attributes_request_method", "oidc_issuer", "authorize_scopes"),
    "SAML": (),
}
_GOOGLE: Final = "https://people.googleapis.com/v1/people/me?personFields="
ADDED: Final[Mapping[str, Mapping[str, str]]] = {
    "Google": {
        "attributes_url": _GOOGLE,
        "attributes_url_add_attributes": "true",
        "authorize_url": "https://accounts.google.com/o/oauth2/v2/auth",
        "oidc_issuer": "https://accounts.google.com",
        "token_request_method": "POST",
        "token_url": "https://www.googleapis.com/oauth2/v4/token",
    },
    "Facebook": {
        "attributes_url_add_attributes": "true",
        "token_request_method": "GET",
    },
    "LoginWithAmazon": {
        "attributes_url": "https://api.amazon.com/user/profile",
        "attributes_url_add_attributes": "false",
        "authorize_url": "https://www.amazon.com/ap/oa",
        "token_request_method": "POST",
        "token_url": "https://api.amazon.com/auth/o2/token",
    },
    "SignInWithApple": {
        "attributes_url_add_attributes": "false",
        "authorize_url": "https://appleid.apple.com/auth/authorize",
        "oidc_issuer": "https://appleid.apple.com",
        "token_request_method": "POST",
        "token_url": "https://appleid.apple.com/auth/token",
    },
    "OIDC": {"attributes_url_add_attributes": "false"},
    "SAML": {},
}
SUBJECTS: Final = {"Facebook": "id", "LoginWithAmazon": "user_id"}
METHODS: Final = ("GET", "POST")
MOST_IDENTIFIERS: Final = 50


def _check(document: Mapping[str, Any]) -> None:
    kind, details = document["ProviderType"], document.get("ProviderDetails", {})
    missing = [key for key in REQUIRED[kind] if not details.get(key)]
    if kind == "SAML" and not (details.get("MetadataURL") or details.get("MetadataFile")):
        missing = ["MetadataURL or MetadataFile"]
    if missing:
        raise invalid(f"The following ProviderDetails are required for {kind}: {', '.join(missing)}")
    if kind == "OIDC" and details["attributes_request_method"] not in METHODS:
        raise invalid("attributes_request_method must be GET or POST")
    identifiers = document.get("IdpIdentifiers", ())
    if len(set(identifiers)) < len(identifiers):
        raise invalid("an identifier is there twice")


def complete_provider(document: Mapping[str, Any]) -> dict[str, Any]:
    """Add what the service adds: well-known addresses, and what becomes the username; raises Refused."""
    _check(document)
    kind = document["ProviderType"]
    mapping = dict(document.get("AttributeMapping", {}))
    if kind != "SAML":
        mapping.setdefault("username", SUBJECTS.get(kind, "sub"))
    details = {**ADDED[kind], **document.get("ProviderDetails", {})}
    if kind == "Facebook":
        details = {**_facebook(details.get("api_version") or "v17.0"), **details}
    return {**document, "ProviderDetails": details, "AttributeMapping": mapping}


def _facebook(version: str) -> dict[str, str]:
    return {
        "api_version": version,
        "attributes_url": f"https://graph.facebook.com/{version}/me?fields=",
        "authorize_url": f"https://www.facebook.com/{version}/dialog/oauth",
        "token_url": f"https://graph.facebook.com/{version}/oauth/access_token",
    }
