"""App clients: the properties of AWS::Cognito::UserPoolClient that are supported.

One kindness beyond CloudFormation: a client that names callback URLs and says nothing about OAuth gets the
code grant with the standard scopes, because that is what a callback URL is for.
`AllowedOAuthFlowsUserPoolClient: false` still switches it off.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from idp.config.reader import Reader
from idp.model import Client, Pool, RefreshRotation, Secret
from idp.signin.flows.names import LEGACY_FLAGS

UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
OIDC_SCOPES: Final = ("openid", "email", "phone", "profile")
ADMIN_SCOPE: Final = "aws.cognito.signin.user.admin"
COGNITO: Final = "COGNITO"
DAY: Final = 86400
AUTH_FLOWS: Final = [
    "ALLOW_USER_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_CLIENT_TOKEN_AUTH",
    "ALLOW_TOKEN_EXCHANGE_DELEGATION",
    "ALLOW_TOKEN_EXCHANGE_IMPERSONATION",
    *sorted(LEGACY_FLAGS),
]
LATER: Final = ("AnalyticsConfiguration",)


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """A client as declared. Without an id, the pool keeps the one it generated for this name."""

    id: str | None
    client: Client
    """With an empty id where none was declared."""
    wants_secret: bool
    """A secret is to be generated where the client has none yet."""


def read_clients(reader: Reader, pool: Pool, providers: Collection[str] = ()) -> tuple[ClientConfig, ...]:
    """Read `UserPoolClients` of a pool, which may name its identity providers."""
    clients = tuple(read_client(item, pool, providers) for item in reader.items("UserPoolClients", most=1000))
    names = [config.client.name for config in clients]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        reader.report("UserPoolClients", "Duplicate", f"two clients are called `{name}`")
    return clients


def read_client(reader: Reader, pool: Pool, providers: Collection[str] = ()) -> ClientConfig:
    """Read one client."""
    name = reader.required_text("ClientName", longest=128)
    client_id = reader.text("ClientId", pattern=r"[\w+]+", longest=128, shape="letters, digits, `_` and `+`")
    secret = reader.text("ClientSecret", pattern=r"[!-~]{24,128}", shape="24 to 128 visible ASCII characters")
    wants_secret = reader.boolean("GenerateSecret", False)
    if secret and wants_secret:
        reader.report("GenerateSecret", "Conflict", "use either GenerateSecret or ClientSecret")
    enabled, flows, scopes = _read_oauth(reader, pool)
    if "client_credentials" in flows and not (secret or wants_secret):
        reader.report(
            "AllowedOAuthFlows", "Conflict", "client_credentials needs GenerateSecret or ClientSecret"
        )
    access, identity, refresh = _read_validities(reader)
    callbacks = _read_urls(reader, "CallbackURLs")
    default = reader.text("DefaultRedirectURI", longest=1024)
    if default and default not in callbacks:
        reader.report("DefaultRedirectURI", "InvalidValue", "must be one of CallbackURLs")
    if enabled and "code" in flows and not callbacks:
        reader.report("CallbackURLs", "Missing", "the code grant needs at least one callback URL")
    client = Client(
        id=client_id or "",
        pool_id=pool.id,
        name=name,
        secrets=(Secret(secret),) if secret else (),
        callback_urls=callbacks,
        logout_urls=_read_urls(reader, "LogoutURLs"),
        default_redirect_uri=default,
        oauth_enabled=enabled,
        oauth_flows=flows,
        oauth_scopes=scopes,
        identity_providers=reader.choices("SupportedIdentityProviders", (COGNITO, *providers)) or (COGNITO,),
        explicit_auth_flows=_read_auth_flows(reader),
        access_token_seconds=access,
        id_token_seconds=identity,
        refresh_token_seconds=refresh,
        rotation=_read_rotation(reader),
        token_revocation=reader.boolean("EnableTokenRevocation", True),
        hides_existence=reader.choice("PreventUserExistenceErrors", ("ENABLED", "LEGACY"), "LEGACY")
        == "ENABLED",
        propagates_context=_read_propagation(reader, has_secret=bool(secret or wants_secret)),
        read_attributes=_read_names(reader, "ReadAttributes", pool),
        write_attributes=_read_names(reader, "WriteAttributes", pool),
        auth_session_seconds=60 * reader.integer("AuthSessionValidity", 3, 3, 15),
    )
    reader.raw("UserPoolId")
    reader.finish(LATER)
    return ClientConfig(client_id, client, wants_secret)


def _read_auth_flows(reader: Reader) -> tuple[str, ...]:
    flows = reader.choices("ExplicitAuthFlows", AUTH_FLOWS)
    if 0 < len(LEGACY_FLAGS.intersection(flows)) < len(flows):
        message = "legacy values and ALLOW_... values cannot be mixed"
        reader.report("ExplicitAuthFlows", "Conflict", message)
    if "ALLOW_CLIENT_TOKEN_AUTH" in flows and len(flows) > 1:
        reader.report("ExplicitAuthFlows", "Conflict", "`ALLOW_CLIENT_TOKEN_AUTH` stands alone")
    return flows


def _read_propagation(reader: Reader, *, has_secret: bool) -> bool:
    propagates = reader.boolean("EnablePropagateAdditionalUserContextData", False)
    if propagates and not has_secret:
        # Anybody could name any address in a public client's name.
        message = "needs GenerateSecret or ClientSecret"
        reader.report("EnablePropagateAdditionalUserContextData", "Conflict", message)
    return propagates


def _read_oauth(reader: Reader, pool: Pool) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    implied = "CallbackURLs" in reader and "AllowedOAuthFlows" not in reader
    enabled = reader.boolean("AllowedOAuthFlowsUserPoolClient", implied)
    flows = reader.choices("AllowedOAuthFlows", ("code", "implicit", "client_credentials")) or (
        ("code",) if implied and enabled else ()
    )
    if "client_credentials" in flows and len(flows) > 1:
        reader.report("AllowedOAuthFlows", "Conflict", "`client_credentials` stands alone")
    custom = tuple(scope for server in pool.resource_servers for scope in server.scope_names)
    scopes = reader.choices("AllowedOAuthScopes", (*OIDC_SCOPES, ADMIN_SCOPE, *custom), most=50)
    if not scopes and flows == ("code",) and "AllowedOAuthScopes" not in reader:
        scopes = OIDC_SCOPES
    return enabled, flows, scopes


def _read_validities(reader: Reader) -> tuple[int, int, int]:
    units = reader.nested("TokenValidityUnits")
    access = _read_validity(reader, units, "AccessToken", ("hours", 1, 300, DAY))
    identity = _read_validity(reader, units, "IdToken", ("hours", 1, 300, DAY))
    refresh = _read_validity(reader, units, "RefreshToken", ("days", 30, 3600, 3650 * DAY))
    units.finish()
    if refresh < max(access, identity):
        message = "must not be shorter than the access and ID tokens' validity"
        reader.report("RefreshTokenValidity", "Conflict", message)
    return access, identity, refresh


def _read_validity(reader: Reader, units: Reader, token: str, rule: tuple[str, int, int, int]) -> int:
    """Read one validity in seconds; 0 means the default, as in Cognito."""
    unit, default, low, high = rule
    key = f"{token}Validity"
    factor = UNITS[units.choice(token, tuple(UNITS), unit)]
    number = reader.integer(key, 0, 0, 315_360_000)
    seconds = number * factor if number else default * UNITS[unit]
    if not low <= seconds <= high:
        reader.report(key, "InvalidValue", f"must be from {low} to {high} seconds, {seconds} are given")
    return seconds


def _read_rotation(reader: Reader) -> RefreshRotation:
    rotation = reader.nested("RefreshTokenRotation")
    result = RefreshRotation(
        enabled=rotation.choice("Feature", ("ENABLED", "DISABLED"), "DISABLED") == "ENABLED",
        grace_seconds=rotation.integer("RetryGracePeriodSeconds", 0, 0, 60),
    )
    rotation.finish()
    return result


def _read_names(reader: Reader, key: str, pool: Pool) -> tuple[str, ...] | None:
    if key not in reader:
        reader.raw(key)
        return None
    return reader.choices(key, tuple(entry.name for entry in pool.schema))


def _read_urls(reader: Reader, key: str) -> tuple[str, ...]:
    urls = reader.texts(key)
    for index, url in enumerate(urls):
        if problem := _find_url_problem(url):
            reader.report((key, index), "InvalidValue", f"`{url}` {problem}")
    return urls


def _find_url_problem(url: str) -> str | None:
    """Cognito's rules: absolute, no fragment, https; http only on this machine; apps' own schemes."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "is not a URL"
    if len(url) > 1024 or not url.isascii() or any(character <= " " for character in url):
        return "must be at most 1024 ASCII characters without spaces"
    if not parts.scheme or "*" in url:
        return "must be absolute and without wildcards"
    if "#" in url:
        return "must not have a fragment"
    if parts.scheme in ("http", "https"):
        return find_web_problem(url)
    return "must not be a script" if parts.scheme in ("javascript", "data", "vbscript") else None


def find_web_problem(url: str) -> str | None:
    """Say what is wrong with an http(s) URL: no host, a user in it, or clear text to another machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return "is not a URL"
    if not host or "@" in parts.netloc:
        return "must name a host, and no user"
    if parts.scheme == "http" and not _is_loopback(host):
        return "must use https: plain http is only for localhost"
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
