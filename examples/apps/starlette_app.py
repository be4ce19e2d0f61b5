"""A Starlette app behind albacore (or ALB): who is it? `pip install starlette uvicorn pyjwt[crypto]`.

    SIGNER=arn:aws:... CLIENT=... ISSUER=http://localhost:9000/local_... uvicorn starlette_app:app --port 3001

`albacore explain` and the demo's first page show the three values; behind AWS they are the load
balancer's ARN, the app client's id and the pool's issuer.
"""

import os

import jwt
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

JWKS = os.environ.get("JWKS", "http://localhost:8080/.well-known/albacore/jwks.json")
SIGNER, CLIENT, ISSUER = os.environ["SIGNER"], os.environ["CLIENT"], os.environ["ISSUER"]

keys = jwt.PyJWKClient(JWKS)


def verify(token: str) -> dict:
    """Return the user's claims; raises jwt.InvalidTokenError."""
    key = keys.get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token, key, algorithms=["ES256"], issuer=ISSUER, options={"require": ["exp", "iss", "sub"]}
    )
    head = jwt.get_unverified_header(token)
    if head.get("signer") != SIGNER or head.get("client") != CLIENT:
        raise jwt.InvalidTokenError("signed by another load balancer, or for another client")
    return claims


async def home(request: Request) -> JSONResponse:
    """Greet whoever the load balancer says is there."""
    try:
        # Fetching the keys blocks, so it stays off the event loop.
        user = await run_in_threadpool(verify, request.headers.get("x-amzn-oidc-data", ""))
    except (jwt.InvalidTokenError, jwt.PyJWKClientError):
        return JSONResponse({"error": "not signed in"}, status_code=401)
    return JSONResponse({"hello": user.get("email", user["sub"])})


async def health(_: Request) -> JSONResponse:
    """Answer health checks."""
    return JSONResponse({"ok": True})


app = Starlette(routes=[Route("/", home), Route("/health", health)])
