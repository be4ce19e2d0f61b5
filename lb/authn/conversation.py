"""The two talks with a provider: a code becomes a session, a refresh token becomes a newer session.

Each is calls and checks in order (alb.md 3.2 steps 5 to 7); the calls are `idp_client`'s, the checks
`tokens`'.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from lb.authn.flow import Attempt
from lb.authn.idp_client import IdpClient, Refused
from lb.authn.jsontext import Claims
from lb.authn.jwks import KeysFailure, KeySource
from lb.authn.session import Session, access_expiry
from lb.authn.tokens import (
    Expected,
    Tokens,
    exceeds_claims_limit,
    has_key,
    verify_id_token,
)
from lb.reasons import Reason

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Conversation:
    """One provider, ready to talk to."""

    client: IdpClient
    keys: KeySource = field(repr=False)
    clock: Callable[[], float] = field(repr=False)

    async def log_in(
        self, code: str, attempt: Attempt, *, redirect_uri: str, lifetime: int
    ) -> Session | Refused:
        """Redeem `code` and return the session of the user it stands for; `lifetime` is SessionTimeout."""
        tokens = await self.client.redeem(code, redirect_uri=redirect_uri, verifier=attempt.verifier)
        if isinstance(tokens, Refused):
            return tokens
        if tokens.id_token is None:
            # A scope without `openid`, most likely (alb.md 3.9).
            _log.warning("%s gave no ID token", self.client.provider.token_endpoint)
            return Refused(Reason.AUTH_INVALID_TOKEN_RESPONSE)
        identity = await self._verify(tokens.id_token, self._expected(tokens, nonce=attempt.nonce))
        if isinstance(identity, Refused):
            return identity
        claims = await self._user_info(tokens, subject=identity["sub"])
        if isinstance(claims, Refused):
            return claims
        now = self.clock()
        return Session(
            id=attempt.id,
            claims=claims,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expires_at=int(now) + lifetime,
            access_expires_at=access_expiry(tokens, now),
        )

    async def refresh(self, session: Session) -> Session | Refused:
        """Return `session` with new tokens and claims, for the same user only."""
        tokens = await self.client.refresh(session.refresh_token or "")
        if isinstance(tokens, Refused):
            return tokens
        if tokens.id_token is not None:
            identity = await self._verify(tokens.id_token, self._expected(tokens, nonce=None))
            if not isinstance(identity, Refused) and identity["sub"] != session.subject:
                identity = Refused(Reason.AUTH_INVALID_ID_TOKEN, final=True)
            if isinstance(identity, Refused) and identity.final:
                return identity
        claims = await self._user_info(tokens, subject=session.subject)
        if isinstance(claims, Refused):
            if claims.final:
                return claims
            # The old refresh token may be spent: dropping the new one would end the session an hour later.
            claims = dict(session.claims)
        return session.refreshed(tokens, claims, now=self.clock())

    def _expected(self, tokens: Tokens, *, nonce: str | None) -> Expected:
        provider = self.client.provider
        return Expected(provider.issuer, provider.client_id, nonce, tokens.access_token)

    async def _verify(self, token: str, expected: Expected) -> Claims | Refused:
        now = self.clock()
        keys = self.keys.current(now)
        if keys is None or (not has_key(token, keys) and self.keys.may_refetch(now)):
            found = await self.keys.fetch(now)
            if isinstance(found, KeysFailure):
                return Refused(Reason.AUTH_PROVIDER_UNAVAILABLE)
            keys = found
        claims = verify_id_token(token, keys, expected, now=now)
        if isinstance(claims, str):
            _log.warning("ID token of %s refused: %s", expected.issuer, claims)
            return Refused(Reason.AUTH_INVALID_ID_TOKEN, final=True)
        return claims

    async def _user_info(self, tokens: Tokens, *, subject: str) -> Claims | Refused:
        claims = await self.client.user_info(tokens.access_token, subject=subject)
        if isinstance(claims, Refused) or not exceeds_claims_limit(claims, tokens.access_token):
            return claims
        _log.warning("claims and access token of %s exceed 11 K", self.client.provider.issuer)
        return Refused(Reason.AUTH_CLAIMS_TOO_LARGE, final=True)
