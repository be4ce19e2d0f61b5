"""A plain WSGI app behind albacore (or ALB), no framework: `pip install pyjwt[crypto]`.

SIGNER=arn:aws:... CLIENT=... ISSUER=http://localhost:9000/local_... python wsgi_app.py
"""

import json
import os
from wsgiref.simple_server import make_server

import jwt

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


def app(environ, start_response):
    """Greet whoever the load balancer says is there."""
    status, answer = "200 OK", {"ok": True}
    if environ["PATH_INFO"] != "/health":
        try:
            user = verify(environ.get("HTTP_X_AMZN_OIDC_DATA", ""))
            answer = {"hello": user.get("email", user["sub"])}
        except (jwt.InvalidTokenError, jwt.PyJWKClientError):
            status, answer = "401 Unauthorized", {"error": "not signed in"}
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]


if __name__ == "__main__":
    make_server("127.0.0.1", int(os.environ.get("PORT", "3001")), app).serve_forever()
