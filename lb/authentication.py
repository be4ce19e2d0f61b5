"""Builds the authentication of a load balancer: keys from the data directory, handlers for its pre-actions.

The seam between the data plane and `lb.authn`: nothing here decides about a request.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from lb.authn.callback import Callback
from lb.authn.realm import session_binding
from lb.authn.runtime import AuthRuntime, compile_pre_action
from lb.authn.sender import HttpxSender
from lb.authn.signing_keys import SigningKeys
from lb.authn.turns import TurnDesk
from lb.keyfiles import SESSION_KEYS, SIGNING_KEYS
from lb.outcomes import Answer
from lb.sealed import KeyRing
from lb.settings import IdentityProvider, Settings
from lb.snapshot import Authentication, CallbackHandler, PreActionHandler
from rules.actions import PreAction

SESSION_SECRETS = "ALBACORE_SESSION_SECRETS"
"""Environment variable with session secrets, newest last, for processes whose data directory does not
last."""


class AuthenticationOwner:
    """Keys, sessions and provider connections of one load balancer, for its whole life."""

    def __init__(
        self,
        settings: Settings,
        *,
        on_refreshed: Callable[[], None] = lambda: None,
        desk: TurnDesk | None = None,
    ) -> None:
        """Prepare; keys are made or read when the first pre-action is compiled.

        `on_refreshed` is called after each refresh of a session; at `desk` processes take turns at them.
        """
        self._desk = desk
        self._settings = settings
        self._on_refreshed = on_refreshed
        self._runtime: AuthRuntime | None = None

    def compiler(self, settings: Settings, providers: Mapping[PreAction, IdentityProvider]) -> Authentication:
        """Return how the pre-actions of `settings` are compiled; keys rotated since are taken up."""
        if self._runtime is not None:
            self._runtime.use_keys(*self._read_keys())

        def compile_action(action: PreAction, listener_arn: str) -> PreActionHandler:
            return compile_pre_action(
                action,
                binding=session_binding(listener_arn, action),
                provider=providers.get(action),
                runtime=self._started(),
            )

        def callback(handlers: Mapping[str, PreActionHandler]) -> CallbackHandler:
            return Callback(handlers, self._started())

        return Authentication(compile_action, callback, self._serve_key)

    def _serve_key(self, path: str) -> Answer | None:
        return self._started().serve_key(path)

    def _started(self) -> AuthRuntime:
        if self._runtime is None:
            keys, signing = self._read_keys()
            self._runtime = AuthRuntime(
                keys,
                signing,
                self._settings.arn,
                HttpxSender(),
                on_refreshed=self._on_refreshed,
                desk=self._desk,
            )
        return self._runtime

    def _read_keys(self) -> tuple[KeyRing, SigningKeys]:
        directory = self._settings.data_directory
        given = os.environ.get(SESSION_SECRETS, "").split()
        ring = _from_environment(given) if given else KeyRing.load_or_create(directory / SESSION_KEYS)
        return ring, SigningKeys.load_or_create(directory / SIGNING_KEYS)

    async def aclose(self) -> None:
        """Close connections to providers."""
        if self._runtime is not None:
            await self._runtime.aclose()


def _from_environment(secrets: list[str]) -> KeyRing:
    try:
        return KeyRing.from_secrets(secrets)
    except ValueError as error:
        raise ValueError(f"environment variable {SESSION_SECRETS}: {error}") from None
