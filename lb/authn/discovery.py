"""Completes what an authenticate-oidc action leaves out, from the issuer's discovery document.

ALB performs no discovery and takes three endpoints; where they are given they win. The key set's URL is never
part of an action, so the document is asked for that at least (OpenID Connect Discovery 1.0 section 4).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from lb.authn.jsontext import parse_object
from lb.authn.sender import Call, HttpSender, Reply
from lb.authn.single_flight import SingleFlight
from lb.settings import IdentityProvider
from rules.actions import AuthenticateOidc

_log = logging.getLogger(__name__)

RETRY_SECONDS = 5
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_MAX_BYTES = 128 * 1024
_FIELDS = {
    "authorization_endpoint": "authorization_endpoint",
    "token_endpoint": "token_endpoint",
    "user_info_endpoint": "userinfo_endpoint",
    "jwks_uri": "jwks_uri",
}
"""Our name -> the document's."""


def provider_of(action: AuthenticateOidc) -> IdentityProvider:
    """Return what the action itself says about its provider."""
    return IdentityProvider(
        issuer=action.issuer,
        authorization_endpoint=action.authorization_endpoint,
        token_endpoint=action.token_endpoint,
        user_info_endpoint=action.user_info_endpoint,
        jwks_uri="",
        client_id=action.client_id,
        client_secret=action.client_secret,
    )


def is_complete(provider: IdentityProvider) -> bool:
    """Tell whether nothing is left to discover."""
    return all(getattr(provider, name) for name in _FIELDS)


def complete(provider: IdentityProvider, document: Mapping[str, Any]) -> IdentityProvider | str:
    """Fill the empty endpoints from a discovery document, or say what is wrong with it.

    The document must be the issuer's own (Discovery 4.3) and may not lead from https to plain http.
    """
    if document.get("issuer") != provider.issuer:
        return f"its issuer is {str(document.get('issuer'))[:200]!r}, the action's Issuer {provider.issuer!r}"
    found: dict[str, str] = {}
    for ours, theirs in _FIELDS.items():
        url = getattr(provider, ours) or document.get(theirs)
        if not isinstance(url, str) or not _is_fit(url, provider.issuer):
            return f"no usable {theirs}"
        found[ours] = url
    return IdentityProvider(
        issuer=provider.issuer,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        app=provider.app,
        **found,
    )


def without_discovery(provider: IdentityProvider) -> IdentityProvider | None:
    """Guess the key set of a provider that publishes no document but whose endpoints are all configured."""
    guess = replace(provider, jwks_uri=provider.issuer.rstrip("/") + "/.well-known/jwks.json")
    return guess if is_complete(guess) else None


def _is_fit(url: str, issuer: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    allowed = {"https"} if issuer.startswith("https:") else {"https", "http"}
    # Headers carry ASCII only; a name in other letters must be spelled `xn--`.
    return parts.scheme in allowed and bool(parts.hostname) and _VISIBLE.fullmatch(url) is not None


class ProviderSource:
    """A provider that may still have to be discovered."""

    __slots__ = ("_flights", "_guess", "_provider", "_sender", "_tried")

    def __init__(self, provider: IdentityProvider, *, sender: HttpSender, flights: SingleFlight) -> None:
        self._provider = provider
        self._sender = sender
        self._flights = flights
        self._tried = 0.0
        self._guess: IdentityProvider | None = None

    @property
    def known(self) -> IdentityProvider:
        """What is known so far: issuer and client always, endpoints maybe."""
        return self._provider

    def current(self) -> IdentityProvider | None:
        """Return the complete provider, or None while it must be fetched."""
        return self._provider if is_complete(self._provider) else None

    async def fetch(self, now: float) -> IdentityProvider | None:
        """Discover what is missing, once for all who ask meanwhile; None when that fails."""
        if is_complete(self._provider):
            return self._provider
        # A clock that was ahead and is put right must not rest until it gets there again.
        if not 0 <= now - self._tried < RETRY_SECONDS:
            await self._flights.run(("discovery", id(self)), lambda: self._fetch(now))
        return self.current() or self._guess

    async def _fetch(self, now: float) -> None:
        url = self._provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        reply = await self._sender.send(Call("GET", url, app=self._provider.app, max_bytes=_MAX_BYTES))
        self._tried = now
        document = parse_object(reply.body) if isinstance(reply, Reply) and reply.status == 200 else None
        # Nothing to read is one thing; a document of somebody else is never worked around.
        self._guess = without_discovery(self._provider) if document is None else None
        found = "no discovery document" if document is None else complete(self._provider, document)
        if isinstance(found, str):
            _log.warning("%s: %s", url, found)
        else:
            self._provider = found
