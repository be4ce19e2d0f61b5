"""Identity providers of a pool, kept and described (cognito.md 7.1).

Signing in through them is not served here; what infrastructure code declares is kept, checked and given back,
and clients may name them. Their secrets are sealed with everything else of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idp.clock import Clock
from idp.management.pools import PoolDesk
from idp.management.refusal import Reason, Refused, invalid
from idp.model import Part, Pool
from idp.store.base import AlreadyExists, NotFound, Records

PROVIDER: Final = "identity-provider"
MOST_PROVIDERS: Final = 300
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


class ProviderDesk:
    """Makes, changes and removes identity providers."""

    def __init__(self, pools: PoolDesk) -> None:
        self._pools = pools

    @property
    def _clock(self) -> Clock:
        return self._pools.clock

    async def create(self, pool: Pool, name: str, members: Mapping[str, Any]) -> Part:
        """Add a provider; raises Refused."""
        document = {key: members[key] for key in MEMBERS if key in members}
        _check(document)
        now = self._clock.now()
        part = Part(pool.id, PROVIDER, name, _complete(document), now, now)
        try:
            async with self._pools.store.writing(alone=True) as records:
                if len(await records.parts.list(pool.id, PROVIDER)) >= MOST_PROVIDERS:
                    raise Refused(Reason.LIMIT, f"a user pool has at most {MOST_PROVIDERS} providers")
                await _check_identifiers(records, part)
                return await records.parts.create(part)
        except AlreadyExists as error:
            message = f"A provider with the name {name} already exists in this user pool."
            raise Refused(Reason.PROVIDER_EXISTS, message) from error

    async def update(self, pool: Pool, name: str, members: Mapping[str, Any]) -> Part:
        """Replace the members that are given; raises Refused."""
        given = {key: members[key] for key in MEMBERS if key in members}
        now = self._clock.now()

        def change(old: Part) -> Part:
            document = {**old.document, **given}
            _check(document)
            return replace(old, document=_complete(document), updated_at=now)

        try:
            async with self._pools.store.writing(alone=True) as records:
                changed = await records.parts.update((pool.id, PROVIDER, name), change)
                await _check_identifiers(records, changed)
                return changed
        except NotFound as gone:
            raise no_provider(name) from gone

    async def delete(self, pool: Pool, name: str) -> None:
        """Remove a provider; raises Refused."""
        try:
            async with self._pools.store.writing() as records:
                await records.parts.delete(pool.id, PROVIDER, name)
        except NotFound as gone:
            raise no_provider(name) from gone

    async def get(self, pool: Pool, name: str) -> Part:
        """Return a provider; raises Refused."""
        async with self._pools.store.reading() as records:
            part = await records.parts.find(pool.id, PROVIDER, name)
        if part is None:
            raise no_provider(name)
        return part

    async def list(self, pool: Pool) -> tuple[Part, ...]:
        """All providers of a pool."""
        async with self._pools.store.reading() as records:
            return await records.parts.list(pool.id, PROVIDER)

    async def by_identifier(self, pool: Pool, identifier: str) -> Part:
        """Return the provider that answers to an identifier; raises Refused."""
        for part in await self.list(pool):
            if identifier in part.document.get("IdpIdentifiers", ()):
                return part
        raise Refused(Reason.NOT_FOUND, f"Identity provider with identifier {identifier} does not exist.")


def no_provider(name: str) -> Refused:
    """The provider is not there."""
    return Refused(Reason.NOT_FOUND, f"Identity provider {name} does not exist.")


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


def _complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """Add what the service adds: well-known addresses, and what becomes the username."""
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


async def _check_identifiers(records: Records, part: Part) -> None:
    """Refuse an identifier that another provider of the pool has."""
    wanted = set(part.document.get("IdpIdentifiers", ()))
    for other in await records.parts.list(part.pool_id, PROVIDER):
        if other.key != part.key and wanted.intersection(other.document.get("IdpIdentifiers", ())):
            message = "Another provider of this user pool has the same identifier."
            raise Refused(Reason.PROVIDER_EXISTS, message)
