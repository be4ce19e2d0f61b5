"""A provider on a real socket, an authentication runtime and browsers for one test."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from lb.authn.authenticate import AuthenticateHandler
from lb.authn.callback import Callback
from lb.authn.runtime import AuthRuntime, compile_pre_action
from lb.authn.sender import HttpxSender, default_tls
from lb.authn.signing_keys import SigningKeys
from lb.sealed import KeyRing
from rules.actions import AuthenticateOidc, SessionPolicy
from tests.support.login_browser import LoginBrowser
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider, running_provider

TLS = default_tls()
"""Made once: reading the certificate authorities takes longer than a login."""
ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/0123456789abcdef"


@dataclass
class Clock:
    """Real time plus what the test adds."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class World:
    """One load balancer's authentication and one provider."""

    provider: OidcProvider
    runtime: AuthRuntime
    clock: Clock
    refreshes: list[None] = field(default_factory=list)

    def action(self, **policy: Any) -> AuthenticateOidc:
        return AuthenticateOidc(
            issuer=self.provider.base,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            session=SessionPolicy(**policy),
        )

    def handler(
        self, action: AuthenticateOidc | None = None, *, binding: str = "rule-1", **policy: Any
    ) -> AuthenticateHandler:
        handler = compile_pre_action(
            action or self.action(**policy), binding=binding, provider=None, runtime=self.runtime
        )
        assert isinstance(handler, AuthenticateHandler)
        return handler

    def browser(self, handler: AuthenticateHandler | None = None, **policy: Any) -> LoginBrowser:
        handler = handler or self.handler(**policy)
        return LoginBrowser(handler, Callback({"mine": handler}, self.runtime), self.clock)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = Clock()
    refreshes: list[None] = []
    async with running_provider() as provider:
        runtime = AuthRuntime(
            KeyRing.from_secrets(["k" * 40]),
            SigningKeys.generate(),
            ARN,
            HttpxSender(tls=TLS),
            clock,
            on_refreshed=lambda: refreshes.append(None),
        )
        try:
            yield World(provider, runtime, clock, refreshes)
        finally:
            await runtime.aclose()
