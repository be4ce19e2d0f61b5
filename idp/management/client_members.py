"""An app client out of the members of CreateUserPoolClient and UpdateUserPoolClient. Pure.

As with pools, the members go through the reader of the configuration file; an omitted member is its default,
also in an update. The errors that the service has names for are found first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from idp.config.clients import ADMIN_SCOPE, OIDC_SCOPES, read_client
from idp.config.reader import Problem, Reader, format_place
from idp.management.refusal import Reason, Refused, invalid
from idp.model import Client, Pool
from idp.tokens.scopes import existing_custom_scopes

Members = Mapping[str, Any]
KEPT: Final = (
    "AccessTokenValidity",
    "AnalyticsConfiguration",
    "ExplicitAuthFlows",
    "IdTokenValidity",
    "RefreshTokenRotation",
    "RefreshTokenValidity",
    "SupportedIdentityProviders",
    "TokenValidityUnits",
)
OWN: Final = ("SSOSession",)
"""What `kept` holds beside these, set by an operation of its own."""
_UNREAD: Final = frozenset(
    {
        "AnalyticsConfiguration",
        "ClientId",
        "PublishSecretsInAWSSecretsManager",
        "SupportedIdentityProviders",
    }
)
COGNITO: Final = "COGNITO"


def make_client(pool: Pool, members: Members, *, providers: Collection[str], has_secret: bool) -> Client:
    """Build a client without an id and secrets; raises Refused.

    `providers` are the names of the pool's identity providers; `has_secret` says whether the client has, or
    will have, a secret.
    """
    _check_unserved(members)
    _check_oauth(pool, members, has_secret=has_secret)
    _check_providers(pool, members, providers)
    document = {key: value for key, value in members.items() if key not in _UNREAD}
    # The file's kindness for callback URLs is not the API's.
    document.setdefault("AllowedOAuthFlowsUserPoolClient", False)
    document.pop("ClientSecret", None)
    document["GenerateSecret"] = has_secret
    problems: list[Problem] = []
    client = read_client(Reader(document, (), problems), pool).client
    if problems:
        text = "; ".join(f"{format_place(problem.where)}: {problem.message}" for problem in problems)
        raise invalid(text.replace("`", ""))
    return replace(
        client,
        origin="api",
        identity_providers=tuple(members.get("SupportedIdentityProviders", ())) or (COGNITO,),
        kept={key: members[key] for key in KEPT if key in members},
    )


def change_client(client: Client, fresh: Client, *, now: float) -> Client:
    """Lay an update over a client, which keeps what it is and its secrets."""
    stays = {key: client.kept[key] for key in OWN if key in client.kept}
    return replace(
        fresh,
        id=client.id,
        secrets=client.secrets,
        secret_labels=client.secret_labels,
        created_at=client.created_at,
        updated_at=now,
        kept={**fresh.kept, **stays},
    )


def _check_unserved(members: Members) -> None:
    if members.get("PublishSecretsInAWSSecretsManager"):
        raise invalid("PublishSecretsInAWSSecretsManager is not supported: there is no Secrets Manager here")


def _check_oauth(pool: Pool, members: Members, *, has_secret: bool) -> None:
    flows, scopes = members.get("AllowedOAuthFlows", ()), members.get("AllowedOAuthScopes", ())
    known = (*OIDC_SCOPES, ADMIN_SCOPE, *existing_custom_scopes(pool))
    for scope in scopes:
        if scope not in known:
            raise Refused(Reason.SCOPE_UNKNOWN, f"Invalid scope requested: {scope}")
    if members.get("AllowedOAuthFlowsUserPoolClient") and not (flows and scopes):
        raise invalid(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use"
            " OAuth flows."
        )
    if "client_credentials" not in flows:
        return
    if len(flows) > 1:
        message = "client_credentials flow can not be selected along with code flow or implicit flow"
        raise Refused(Reason.OAUTH_FLOW, message)
    if not has_secret:
        message = "client_credentials flow can not be selected if client does not have a client secret."
        raise Refused(Reason.OAUTH_FLOW, message)


def _check_providers(pool: Pool, members: Members, providers: Collection[str]) -> None:
    for name in members.get("SupportedIdentityProviders", ()):
        if name != COGNITO and name not in providers:
            raise invalid(f"The provider {name} does not exist for User Pool {pool.id}.")
