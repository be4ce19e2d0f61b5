"""The process-long owner of authentication: keys, the way to providers, and what must be remembered across
reloads.

`compile_pre_action` makes a rule's pre-action into a handler for one snapshot. Handlers come and go with
snapshots; key sets, spent logins and running refreshes stay here.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable

from lb.authn.authenticate import AuthenticateHandler
from lb.authn.bearer import BearerHandler
from lb.authn.cache import ShortLived
from lb.authn.discovery import ProviderSource, provider_of
from lb.authn.flow import RESERVED
from lb.authn.jwks import KeyLimits, KeySource
from lb.authn.keys import serve_key
from lb.authn.realm import build_realm
from lb.authn.refresh import Refresher
from lb.authn.sender import HttpSender
from lb.authn.signing_keys import SigningKeys
from lb.authn.single_flight import SingleFlight
from lb.authn.turns import SealedTurns, TurnDesk
from lb.outcomes import Answer
from lb.sealed import KeyRing
from lb.settings import IdentityProvider
from rules.actions import AuthenticateCognito, JwtValidation, PreAction, SessionPolicy

_log = logging.getLogger(__name__)

_SPENT_LOGINS = 50_000


class AuthRuntime:
    """What all handlers share.

    `on_refreshed` is called after each refresh (`ELBAuthRefreshTokenSuccess`); at `desk` several processes
    take turns at refreshing.
    """

    def __init__(
        self,
        keys: KeyRing,
        signing: SigningKeys,
        signer_arn: str,
        http: HttpSender,
        clock: Callable[[], float] = time.time,
        *,
        random: Callable[[int], bytes] = secrets.token_bytes,
        on_refreshed: Callable[[], None] = lambda: None,
        desk: TurnDesk | None = None,
    ) -> None:
        self.keys = keys
        self.signing = signing
        self.signer_arn = signer_arn
        self.http = http
        self.clock = clock
        self.random = random
        self.on_refreshed = on_refreshed
        self.flights = SingleFlight()
        turns = None if desk is None else SealedTurns(desk, keys=lambda: self.keys, clock=clock)
        self.refresher = Refresher(clock=clock, flights=self.flights, turns=turns)
        self.spent: ShortLived[str, bool] = ShortLived(_SPENT_LOGINS)
        self._key_sources: dict[tuple[str, int, KeyLimits | None], KeySource] = {}

    def key_source(
        self, url: str, *, app: object | None = None, limits: KeyLimits | None = None
    ) -> KeySource:
        """Return the kept key set of one URL, shared by all handlers that use it."""
        key = (url, id(app), limits)
        source = self._key_sources.get(key)
        if source is None:
            source = KeySource(url, sender=self.http, flights=self.flights, limits=limits, app=app)
            self._key_sources[key] = source
        return source

    def use_keys(self, keys: KeyRing, signing: SigningKeys) -> None:
        """Take rotated keys; handlers compiled from now on use them."""
        self.keys = keys
        self.signing = signing

    def serve_key(self, path: str) -> Answer | None:
        """Answer a request for one of the keys that verify identity tokens, or None."""
        return serve_key(self.signing, path)

    async def aclose(self) -> None:
        """Stop running refreshes and close connections to providers."""
        await self.flights.aclose()
        await self.http.aclose()


def compile_pre_action(
    action: PreAction,
    *,
    binding: str,
    provider: IdentityProvider | None,
    runtime: AuthRuntime,
) -> AuthenticateHandler | BearerHandler:
    """Make a pre-action into a handler.

    Sessions of handlers with different `binding`s never open in one another (`realm.session_binding` makes
    one). `provider` is needed for authenticate-cognito; for authenticate-oidc it replaces what the action
    says. Raises ValueError where it is missing.
    """
    if isinstance(action, JwtValidation):
        return BearerHandler(action, runtime, app=None if provider is None else provider.app)
    if provider is None:
        if isinstance(action, AuthenticateCognito):
            raise ValueError(f"no endpoints are known for user pool {action.user_pool}")
        provider = provider_of(action)
    _warn_about_reserved(action.session)
    realm = build_realm(
        binding=binding, issuer=provider.issuer, client_id=provider.client_id, policy=action.session
    )
    source = ProviderSource(provider, sender=runtime.http, flights=runtime.flights)
    return AuthenticateHandler(realm, source, runtime)


def _warn_about_reserved(policy: SessionPolicy) -> None:
    for name, _ in policy.authentication_request_extra_params:
        if name in RESERVED:
            _log.warning("AuthenticationRequestExtraParams: %s is set by the load balancer and ignored", name)
