"""Calls to one provider's token and userinfo endpoints; every way to fail becomes a `Reason` (alb.md 3.3,
3.8).

Five seconds for each call, client credentials in the body (client_secret_post) as ALB sends them, PKCE
verifier with the code. Logs name the endpoint and the OAuth error code, never a body.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from lb.authn.jsontext import Claims, parse_object
from lb.authn.sender import Call, HttpSender, Reply, SendFailure
from lb.authn.tokens import Tokens, accept_tokens, accept_userinfo
from lb.reasons import Reason
from lb.settings import IdentityProvider

_log = logging.getLogger(__name__)

_FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
_ERROR = re.compile(r"[a-z0-9_.-]{1,64}", re.IGNORECASE)
_FINAL_ERRORS = frozenset({"invalid_grant", "access_denied", "interaction_required", "login_required"})


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider gave nothing usable. `final`: it said no, rather than failed to answer."""

    reason: Reason
    final: bool = False


@dataclass(frozen=True, slots=True)
class IdpClient:
    """One provider as one client sees it."""

    provider: IdentityProvider
    sender: HttpSender = field(repr=False)

    async def redeem(self, code: str, *, redirect_uri: str, verifier: str) -> Tokens | Refused:
        """Exchange an authorization code for tokens (RFC 6749 4.1.3, RFC 7636 4.5)."""
        return await self._token_call(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": verifier,
            }
        )

    async def refresh(self, refresh_token: str) -> Tokens | Refused:
        """Exchange a refresh token for new tokens (RFC 6749 6)."""
        return await self._token_call({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def _token_call(self, parameters: dict[str, str]) -> Tokens | Refused:
        credentials = {"client_id": self.provider.client_id, "client_secret": self.provider.client_secret}
        body = urlencode(parameters | credentials).encode()
        url = self.provider.token_endpoint
        reply = await self.sender.send(Call("POST", url, (_FORM,), body, app=self.provider.app))
        match reply:
            case SendFailure.TIMEOUT | SendFailure.UNREACHABLE:
                return self._refuse(url, reply.value, Reason.AUTH_TOKEN_ENDPOINT_TIMEOUT)
            case SendFailure():
                return self._refuse(url, reply.value, Reason.AUTH_INVALID_TOKEN_RESPONSE)
            case Reply(status=status) if 200 <= status < 300:
                tokens = accept_tokens(reply.body)
                return tokens or self._refuse(url, "unusable answer", Reason.AUTH_INVALID_TOKEN_RESPONSE)
        return self._refuse_status(url, reply)

    def _refuse_status(self, url: str, reply: Reply) -> Refused:
        error = oauth_error(reply)
        # Only words about the grant end a session: `invalid_client` is the operator's mistake, not the
        # user's.
        if 400 <= reply.status < 500 and error in _FINAL_ERRORS:
            return self._refuse(url, error, Reason.AUTH_INVALID_GRANT, final=True)
        return self._refuse(url, f"status {reply.status} {error}", Reason.AUTH_TOKEN_ENDPOINT_FAILED)

    async def user_info(self, access_token: str, *, subject: str) -> Claims | Refused:
        """Fetch the user's claims (OpenID Connect Core 5.3); they must be about `subject`."""
        url = self.provider.user_info_endpoint
        authorization = (b"Authorization", b"Bearer " + access_token.encode())
        reply = await self.sender.send(Call("GET", url, (authorization,), app=self.provider.app))
        match reply:
            case SendFailure.TIMEOUT | SendFailure.UNREACHABLE:
                return self._refuse(url, reply.value, Reason.AUTH_USERINFO_ENDPOINT_TIMEOUT)
            case SendFailure.TOO_LARGE:
                return self._refuse(url, reply.value, Reason.AUTH_CLAIMS_TOO_LARGE)
            case SendFailure():
                return self._refuse(url, reply.value, Reason.AUTH_INVALID_USERINFO, final=True)
            case Reply(status=status) if 200 <= status < 300:
                claims = accept_userinfo(reply.body, reply.content_type, subject=subject)
                return claims or self._refuse(url, "unusable", Reason.AUTH_INVALID_USERINFO, final=True)
        said_no = reply.status in {401, 403}
        return self._refuse(
            url, f"status {reply.status}", Reason.AUTH_USERINFO_ENDPOINT_FAILED, final=said_no
        )

    @staticmethod
    def _refuse(url: str, what: str, reason: Reason, *, final: bool = False) -> Refused:
        _log.warning("%s: %s (%s)", url, what, reason.name)
        return Refused(reason, final)


def oauth_error(reply: Reply) -> str:
    """Return the `error` of an OAuth error answer; empty when it has none fit to be logged."""
    answer = parse_object(reply.body)
    error = None if answer is None else answer.get("error")
    return error if isinstance(error, str) and _ERROR.fullmatch(error) else ""
