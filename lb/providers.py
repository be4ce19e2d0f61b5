"""Identity providers of a configuration's authenticate actions.

A provider of the built-in pool is asked for in process. An OpenID provider is discovered by `lb.authn` at
the first login and after every failure; what is here only looks for it at start, so that an operator
reads in the log today what users would meet tomorrow. Nothing waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lb.authn.discovery import ProviderSource, is_complete, provider_of
from lb.authn.sender import HttpSender
from lb.authn.single_flight import SingleFlight
from lb.settings import IdentityProvider, Settings
from rules.actions import AuthenticateCognito, AuthenticateOidc, PreAction

if TYPE_CHECKING:
    from lb.pool_server import PoolServer

log = logging.getLogger("albacore.providers")


def pre_actions(settings: Settings) -> Iterator[PreAction]:
    """Yield every pre-action of every listener."""
    for listener in settings.listeners:
        for rule in (listener.ruleset.default, *listener.ruleset.rules):
            if rule.pre_action is not None:
                yield rule.pre_action


def pool_providers(
    settings: Settings, pool: PoolServer
) -> tuple[dict[PreAction, IdentityProvider], list[str]]:
    """Return the providers of the authenticate-cognito actions, and what is wrong with the others."""
    providers: dict[PreAction, IdentityProvider] = {}
    failures: dict[str, None] = {}
    for action in pre_actions(settings):
        if isinstance(action, AuthenticateCognito) and action not in providers:
            try:
                providers[action] = pool.provider(action)
            except LookupError as error:
                failures[str(error.args[0] if error.args else error)] = None
    return providers, list(failures)


async def look_for_providers(settings: Settings, sender: HttpSender) -> None:
    """Try each OpenID provider once and log the ones that cannot be reached."""
    sources = {
        action: ProviderSource(provider_of(action), sender=sender, flights=SingleFlight())
        for action in pre_actions(settings)
        if isinstance(action, AuthenticateOidc)
    }
    await asyncio.gather(*(_look_for(action.issuer, source) for action, source in sources.items()))


async def _look_for(issuer: str, source: ProviderSource) -> None:
    provider = await source.fetch(time.time())
    if provider is not None and is_complete(provider):
        log.info("identity provider %s is ready", issuer)
    else:
        log.warning(
            "identity provider %s: no answer; logins fail until it answers (tried at each login)", issuer
        )
