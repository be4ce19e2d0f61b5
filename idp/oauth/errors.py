"""Errors of the OAuth endpoints as values: shown on a page, redirected to the client, or answered as JSON.

An authorize error may travel to the client only after the client and its redirect_uri were both recognised
(RFC 6749 4.1.2.1); everything earlier is shown, because the address it would travel to is the attacker's
choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ShownCode(Enum):
    """The closed list of what `/error?error=` may say. Values are Cognito's words where it has one."""

    CLIENT_UNKNOWN = "unauthorized_client"
    REDIRECT_MISMATCH = "redirect_mismatch"
    MALFORMED = "invalid_request"
    LOGOUT_PARAMETERS = "logout_parameters"
    NOT_FOUND = "not_found"
    NOT_ALLOWED = "method_not_allowed"
    TOO_LARGE = "too_large"
    SERVER = "server_error"

    @classmethod
    def read(cls, word: str | None) -> ShownCode:
        """Return the code that `word` spells; anything not on the list is a malformed request."""
        return next((code for code in cls if code.value == word), cls.MALFORMED)


@dataclass(frozen=True, slots=True)
class Shown:
    """An authorize or logout error for the person at the browser; `detail` is for the log only."""

    code: ShownCode
    client_id: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Redirected:
    """An authorize error that goes back to the client in its redirect_uri."""

    redirect_uri: str
    error: str
    description: str | None = None
    state: str | None = None
    in_fragment: bool = False


@dataclass(frozen=True, slots=True)
class OAuthError:
    """An error of the token, revocation or userInfo endpoint (RFC 6749 5.2); Cognito mostly answers 400."""

    error: str
    description: str | None = None
    status: int = 400

    def body(self) -> dict[str, str]:
        """Return the JSON body; `error_description` only where there is one."""
        return {"error": self.error} | ({"error_description": self.description} if self.description else {})


TOO_MANY_REQUESTS = OAuthError("too_many_requests", status=429)
