"""The shortest honest relying party.

Authorization code with PKCE by hand, for tests that only want tokens.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.support.stack import CLIENT_ID, CLIENT_SECRET, Stack
from tests.support.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave."""

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    def by_use(self, use: str) -> str:
        """The token whose `token_use` is `use`."""
        return {"id": self.id_token, "access": self.access_token}[use]


def callback(stack: Stack) -> str:
    """The one registered callback.

    The load balancer's. Nothing is sent there, the visitor stops before it.
    """
    return f"{stack.url}/oauth2/idpresponse"


def code_flow(stack: Stack, *, username: str, password: str, scope: str = "openid email profile") -> Tokens:
    """Sign in on the pool's page and redeem the code."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "redirect_uri": callback(stack),
        "scope": scope,
        "state": secrets.token_urlsafe(8),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    with Visitor() as visitor:
        url = f"{stack.pool_url}/oauth2/authorize?{urlencode(query)}"
        back = visitor.log_in(url, username=username, password=password, stop_at=callback(stack))
    answer = parse_qs(urlsplit(back.headers["location"]).query)
    assert answer["state"] == [query["state"]]
    return redeem(stack, answer["code"][0], code_verifier=verifier)


def redeem(stack: Stack, code: str, **extra: str) -> Tokens:
    """Exchange a code at the token endpoint."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback(stack), **extra}
    response = httpx.post(
        f"{stack.pool_url}/oauth2/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET), trust_env=False
    )
    assert response.status_code == 200, response.text
    got = response.json()
    return Tokens(got["access_token"], got["id_token"], got["refresh_token"])
