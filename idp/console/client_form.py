"""The settings of an app client that the console changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from idp.api.pool_shapes import client_type
from idp.config.clients import ADMIN_SCOPE, AUTH_FLOWS, OIDC_SCOPES
from idp.console.settings import Kind, Setting
from idp.management.client_members import COGNITO
from idp.model import Client, Pool
from idp.signin.flows.names import LEGACY_FLAGS
from idp.tokens.scopes import existing_custom_scopes

NEW: Final[Mapping[str, Any]] = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid", "email", "profile"],
    "SupportedIdentityProviders": [COGNITO],
    "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": True,
    "GenerateSecret": True,
}
"""What the form for a new client begins with: a web application behind the hosted pages."""
SECRET: Final = Setting(("GenerateSecret",), Kind.SWITCH)


def client_settings(pool: Pool, client: Client | None, providers: Iterable[str]) -> dict[str, list[Setting]]:
    """Return the settings of a client, by section."""
    legacy = [flow for flow in (client.explicit_auth_flows if client else ()) if flow in LEGACY_FLAGS]
    flows = [flow for flow in AUTH_FLOWS if flow not in LEGACY_FLAGS] + legacy
    scopes = (*OIDC_SCOPES, ADMIN_SCOPE, *existing_custom_scopes(pool))
    return {
        "client_name": [Setting(("ClientName",), Kind.TEXT), *([] if client else [SECRET])],
        "client_pages": [
            Setting(("AllowedOAuthFlowsUserPoolClient",), Kind.SWITCH),
            Setting(("CallbackURLs",), Kind.LINES),
            Setting(("LogoutURLs",), Kind.LINES),
            Setting(("DefaultRedirectURI",), Kind.TEXT),
            Setting(("AllowedOAuthFlows",), Kind.CHOICES, ("code", "implicit", "client_credentials")),
            Setting(("AllowedOAuthScopes",), Kind.CHOICES, scopes, is_spelled=True),
            Setting(("SupportedIdentityProviders",), Kind.CHOICES, (COGNITO, *sorted(providers))),
        ],
        "client_api": [
            Setting(("ExplicitAuthFlows",), Kind.CHOICES, tuple(flows)),
            Setting(("AuthSessionValidity",), Kind.NUMBER),
            Setting(("PreventUserExistenceErrors",), Kind.CHOICE, ("ENABLED", "LEGACY")),
        ],
        "client_tokens": [
            _validity("AccessToken", "hours"),
            _validity("IdToken", "hours"),
            _validity("RefreshToken", "days"),
            Setting(("EnableTokenRevocation",), Kind.SWITCH),
            Setting(("RefreshTokenRotation", "Feature"), Kind.CHOICE, ("DISABLED", "ENABLED")),
            Setting(("RefreshTokenRotation", "RetryGracePeriodSeconds"), Kind.NUMBER),
        ],
        "client_attributes": [
            Setting(("ReadAttributes",), Kind.LINES),
            Setting(("WriteAttributes",), Kind.LINES),
        ],
    }


def describe_client(client: Client) -> dict[str, Any]:
    """Return a client's members without any secret."""
    described = client_type(client)
    described.pop("ClientSecret", None)
    described.setdefault("SupportedIdentityProviders", list(client.identity_providers))
    return described


def every(sections: Mapping[str, list[Setting]]) -> list[Setting]:
    """Return the settings of all sections."""
    return [setting for settings in sections.values() for setting in settings]


def _validity(token: str, unit: str) -> Setting:
    return Setting((f"{token}Validity",), Kind.SPAN, (unit,), ("TokenValidityUnits", token))
