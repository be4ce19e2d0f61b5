"""Who is calling the token or revocation endpoint (RFC 6749 2.3, cognito.md 1.6).

Pure. Basic or form credentials, never both; a client with a secret must show one, a client without must not.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from idp.model import Client
from idp.oauth.errors import OAuthError
from idp.oauth.parameters import Parameters

INVALID_CLIENT = OAuthError("invalid_client")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the caller claims; `secret` is None where none was sent."""

    client_id: str
    secret: str | None = field(default=None, repr=False)


def read_credentials(authorization: str | None, form: Parameters) -> Credentials | OAuthError:
    """Take the client's credentials from the Authorization header or the form."""
    if authorization is None:
        client_id = form.get("client_id")
        if client_id is None:
            return OAuthError("invalid_request", "client_id is missing")
        return Credentials(client_id, form.get("client_secret"))
    basic = _read_basic(authorization)
    if basic is None or form.get("client_id") not in {None, basic.client_id}:
        return INVALID_CLIENT
    if form.get("client_secret") is not None:
        return OAuthError("invalid_request", "client credentials in two places")  # RFC 6749 2.3
    return basic


def check_client(client: Client | None, credentials: Credentials) -> Client | OAuthError:
    """Return the client when the credentials are its own."""
    if client is None:
        return INVALID_CLIENT
    if not client.is_confidential:
        # A secret for a public client means that the caller takes it for another one.
        return INVALID_CLIENT if credentials.secret else client
    if credentials.secret is None or not client.accepts_secret(credentials.secret):
        return OAuthError("invalid_client", "invalid_client_secret")
    return client


def _read_basic(authorization: str) -> Credentials | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeError):
        return None
    client_id, colon, secret = text.partition(":")
    if not colon or not client_id:
        return None
    return Credentials(unquote_plus(client_id), unquote_plus(secret) or None)
