"""A relying party written by others (Authlib) against the pool on real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from idp.app import create_app
from tests.support.hosted_pages import (
    CALLBACK,
    CLIENT,
    SECRET,
    authorize_query,
    pools_document,
    read_page,
)
from tests.support.pools import CHEAP, POOL_ID
from tests.support.serving import serving


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """The pool on a port of its own; the lifespan opens and closes it."""

    def make(url: str) -> Any:
        return create_app(pools_document(), public_url=url, data_directory=tmp_path / "d", hash_cost=CHEAP)

    async with serving(make) as url:
        yield url


async def sign_in(url: str) -> str:
    """Sign in as a person would and return where the browser is sent."""
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as browser:
        page = read_page(await browser.get(url))
        form = page.form("/login")
        typed = {"username": "mina@example.com", "password": "Correct-Horse-1"}
        target = httpx.URL(url).join(form.action)
        answer = await browser.post(target, data={**form.fields, **typed}, follow_redirects=False)
    location: str = answer.headers["location"]
    return location


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_authlib_signs_in_refreshes_and_revokes(address: str, method: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        metadata = (await http.get(f"{address}/{POOL_ID}/.well-known/openid-configuration")).json()
        keys = jwt.PyJWKSet.from_dict((await http.get(metadata["jwks_uri"])).json())
    verifier = "v" * 64
    client = AsyncOAuth2Client(
        CLIENT,
        SECRET,
        scope="openid email",
        redirect_uri=CALLBACK,
        token_endpoint_auth_method=method,
        code_challenge_method="S256",
        trust_env=False,
    )
    async with client:
        url, state = client.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce="once"
        )
        assert create_s256_code_challenge(verifier) in url
        token = await client.fetch_token(
            metadata["token_endpoint"],
            authorization_response=await sign_in(url),
            state=state,
            code_verifier=verifier,
        )
        claims = verify(token["id_token"], keys, issuer=metadata["issuer"])
        assert (claims["email"], claims["nonce"], claims["token_use"]) == ("mina@example.com", "once", "id")
        profile = (await client.get(metadata["userinfo_endpoint"])).json()
        assert profile["sub"] == claims["sub"]
        fresh = await client.refresh_token(metadata["token_endpoint"], token["refresh_token"])
        assert verify(fresh["id_token"], keys, issuer=metadata["issuer"])["sub"] == claims["sub"]
        revoked = await client.revoke_token(metadata["revocation_endpoint"], token=token["refresh_token"])
        assert revoked.status_code == 200
        assert (await client.get(metadata["userinfo_endpoint"])).status_code == 401


def verify(token: str, keys: jwt.PyJWKSet, *, issuer: str) -> dict[str, Any]:
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], audience=CLIENT, issuer=issuer)
    return claims


async def test_password_is_posted_once_and_lands_nowhere_in_the_address(address: str) -> None:
    location = await sign_in(f"{address}/oauth2/authorize?{authorize_query()}")
    assert "Correct-Horse-1" not in location


async def test_head_has_no_body_on_the_wire(address: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        response = await http.head(f"{address}/")
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 0
