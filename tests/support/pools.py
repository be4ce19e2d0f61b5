"""A user pool for tests: documents to configure one, and an opened core with what tests need of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import jwt

from idp.clock import ManualClock
from idp.core import Core
from idp.factors.records import FactorSettings
from idp.model import Client, Pool, User
from idp.outcomes import GrantRefused, SignedUp, SignInOutcome, TokenSet
from idp.tokens.pkce import build_challenge
from idp.users.administration import Added
from idp.users.passwords import HashCost

CHEAP = HashCost(memory_kib=8, passes=1)
PUBLIC_URL = "https://login.example.com"
POOL_ID = "us-east-1_Example01"
CLIENT_ID = "1example23456789"
CLIENT_SECRET = "the-client-secret-of-the-tests-0123456789abcdef"
CALLBACK = "https://app.example.com/oauth2/idpresponse"
PASSWORD = "Correct-Horse-9"
OTHER_PASSWORD = "Another-Horse-8"
VERIFIER = "v" * 64

OpenScene = Callable[..., Awaitable["Scene"]]


def client_document(**members: Any) -> dict[str, Any]:
    """A confidential client with the code grant."""
    return {
        "ClientName": "web",
        "ClientId": CLIENT_ID,
        "ClientSecret": CLIENT_SECRET,
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "email", "phone", "profile"],
        "CallbackURLs": [CALLBACK],
        **members,
    }


def pool_document(*, client: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """A pool with plain usernames and mailed codes."""
    return {
        "UserPoolName": "staff",
        "UserPoolId": POOL_ID,
        "AutoVerifiedAttributes": ["email"],
        "UserPoolClients": [client_document(**(client or {}))],
        **members,
    }


@dataclass(slots=True)
class Scene:
    """An opened core with its first pool and client."""

    core: Core
    pool: Pool
    client: Client
    clock: ManualClock

    def set_factors(self, settings: FactorSettings) -> None:
        """Let the pool have other factors, for whoever is handed it."""
        self.pool = replace(self.pool, factors=settings)

    async def add(self, username: str = "ann", *, password: str = PASSWORD, **attributes: str) -> User:
        """Add a confirmed user with a verified address."""
        values = {
            "email": username if "@" in username else f"{username}@example.com",
            "email_verified": "true",
        }
        added = await self.core.administration.add(
            self.pool,
            username=username,
            attributes={**values, **attributes},
            password=password,
            permanent=True,
        )
        assert isinstance(added, Added), added
        return added.user

    async def sign_up(self, username: str = "ann", **attributes: str) -> SignedUp:
        """Register a user, mailing a code."""
        values = {"email": f"{username}@example.com"} if "@" not in username else {}
        outcome = await self.core.registration.sign_up(
            self.pool, self.client, username=username, password=PASSWORD, attributes={**values, **attributes}
        )
        assert isinstance(outcome, SignedUp), outcome
        return outcome

    async def sign_in(self, username: str = "ann", password: str = PASSWORD, **options: Any) -> SignInOutcome:
        """Sign in with a password."""
        return await self.core.signin.with_password(
            self.pool, self.client, username=username, password=password, address="192.0.2.1", **options
        )

    async def mail_count(self) -> int:
        """How many mails were sent."""
        await self.core.outbox.drain()
        return len(await self.core.outbox.messages())

    async def latest_code(self) -> str:
        """The code in the newest mail."""
        await self.core.outbox.drain()
        found = re.search(r"\b[0-9]{6}\b", (await self.core.outbox.messages())[0].body)
        assert found
        return found.group()

    async def code_for(self, user: User, **options: Any) -> str:
        """An authorization code."""
        values: dict[str, Any] = {
            "redirect_uri": CALLBACK,
            "scopes": ("openid", "email"),
            "nonce": "the-nonce",
            "code_challenge": build_challenge(VERIFIER),
            "auth_time": int(self.clock.now()),
            **options,
        }
        return await self.core.tokens.create_code(self.pool, self.client, user=user, **values)

    async def redeem(self, code: str, **options: Any) -> TokenSet | GrantRefused:
        """Redeem a code as the right client would."""
        values: dict[str, Any] = {"redirect_uri": CALLBACK, "code_verifier": VERIFIER, **options}
        client = values.pop("client", self.client)
        return await self.core.tokens.redeem_code(self.pool, client, code=code, **values)

    async def tokens_for(self, user: User, **options: Any) -> TokenSet:
        """Tokens of a code grant."""
        outcome = await self.redeem(await self.code_for(user, **options))
        assert isinstance(outcome, TokenSet), outcome
        return outcome


def read_claims(token: str | None) -> dict[str, Any]:
    """Claims of a token without checking it."""
    assert token is not None
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
