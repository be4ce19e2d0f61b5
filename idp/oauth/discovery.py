"""`/{pool}/.well-known/*`: what OpenID clients read about a pool (cognito.md 1.10, 1.11)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.model import Pool
from idp.oauth.answers import CognitoJson
from idp.signin.assurance import names_of
from idp.site import Site, site_of


async def openid_configuration(request: Request) -> Response:
    """Serve the discovery document of a pool."""
    site = site_of(request)
    pool = await site.core.pool(request.path_params["pool"])
    if pool is None:
        return _unknown_pool(request.path_params["pool"])
    return CognitoJson(describe(site, pool, site.core.issuer(pool)))


async def jwks(request: Request) -> Response:
    """Serve the public keys of a pool."""
    site = site_of(request)
    pool = await site.core.pool(request.path_params["pool"])
    if pool is None:
        return _unknown_pool(request.path_params["pool"])
    return CognitoJson(site.core.tokens.jwks(pool))


def describe(site: Site, pool: Pool, issuer: str) -> dict[str, str | list[str]]:
    """Return the discovery document; three lists are ours, Cognito leaves them out."""
    return {
        "acr_values_supported": list(names_of(pool).values()),
        "authorization_endpoint": site.url("/oauth2/authorize"),
        "end_session_endpoint": site.url("/logout"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": site.url(f"/{pool.id}/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": site.url("/oauth2/revoke"),
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": site.url("/oauth2/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": site.url("/oauth2/userInfo"),
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code", "implicit", "refresh_token", "client_credentials"],
    }


def _unknown_pool(pool_id: str) -> Response:
    return CognitoJson({"message": f"User pool {pool_id} does not exist."}, status_code=404)
