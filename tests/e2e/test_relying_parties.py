"""Third-party relying parties against the pool.

Openid-client (JavaScript) and Authlib (Python), both with PKCE.

The load balancer only lends its callback URL: nothing is sent there.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx2
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.relying_party import callback
from tests.support.stack import ADA, CLIENT_ID, CLIENT_SECRET, PASSWORD, POOL_ID, Stack
from tests.support.visitor import Visitor

RunNode = Callable[..., dict[str, object]]
VERIFIER = "a-code-verifier-that-is-long-enough-for-rfc-7636-x"


def sign_in(visitor: Visitor, stack: Stack, url: str) -> str:
    """Sign in at the authorization URL; returns the callback URL with code and state."""
    back = visitor.log_in(url, username=ADA, password=PASSWORD, stop_at=callback(stack))
    return str(back.headers["location"])


def test_openid_client_completes_the_code_flow(stack: Stack, visitor: Visitor, run_node: RunNode) -> None:
    party = {
        "issuer": f"{stack.pool_url}/{POOL_ID}",
        "clientId": CLIENT_ID,
        "clientSecret": CLIENT_SECRET,
        "redirectUri": callback(stack),
        "scope": "openid email profile",
    }
    started = run_node("relying_party.mjs", {"step": "start", **party})
    callback_url = sign_in(visitor, stack, str(started["url"]))
    memory = started["memory"]
    result = run_node(
        "relying_party.mjs", {"step": "finish", **party, "memory": memory, "callbackUrl": callback_url}
    )
    claims, user_info = result["claims"], result["userInfo"]
    assert isinstance(claims, dict)
    assert isinstance(user_info, dict)
    assert claims["email"] == user_info["email"] == ADA
    assert result["refreshedSubject"] == claims["sub"]
    assert result["afterRevocation"] == "invalid_grant"


def test_authlib_completes_the_code_flow(stack: Stack, visitor: Visitor) -> None:
    discovery = f"{stack.pool_url}/{POOL_ID}/.well-known/openid-configuration"
    with httpx2.Client(trust_env=False) as http:
        metadata = http.get(discovery).json()
        keys = KeySet.import_key_set(http.get(metadata["jwks_uri"]).json())
    with OAuth2Client(
        CLIENT_ID,
        CLIENT_SECRET,
        scope="openid email",
        redirect_uri=callback(stack),
        code_challenge_method="S256",
        trust_env=False,
    ) as party:
        url, state = party.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce="a-nonce"
        )
        assert create_s256_code_challenge(VERIFIER) in url
        answer = sign_in(visitor, stack, url)
        token = party.fetch_token(
            metadata["token_endpoint"], authorization_response=answer, code_verifier=VERIFIER, state=state
        )
        info = party.get(metadata["userinfo_endpoint"]).json()
    decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        options={"iss": {"value": metadata["issuer"]}},
        params={"nonce": "a-nonce", "client_id": CLIENT_ID, "access_token": token["access_token"]},
    )
    claims.validate()
    assert claims["sub"] == info["sub"]
    assert info["email"] == ADA


def test_a_code_works_once(stack: Stack, visitor: Visitor) -> None:
    """A second use is refused, and takes back what the first one gave (RFC 6749, 4.1.2)."""
    with OAuth2Client(CLIENT_ID, CLIENT_SECRET, redirect_uri=callback(stack), trust_env=False) as party:
        url, state = party.create_authorization_url(f"{stack.pool_url}/oauth2/authorize", scope="openid")
        answer = sign_in(visitor, stack, url)
        token_endpoint = f"{stack.pool_url}/oauth2/token"
        token = party.fetch_token(token_endpoint, authorization_response=answer, state=state)
        with httpx2.Client(trust_env=False, auth=(CLIENT_ID, CLIENT_SECRET)) as http:
            code = answer.partition("code=")[2].partition("&")[0]
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback(stack)}
            again = http.post(token_endpoint, data=form)
            assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
            form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
            assert http.post(token_endpoint, data=form).json()["error"] == "invalid_grant"
