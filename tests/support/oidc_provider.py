"""An OpenID provider for tests, on a real socket, that misbehaves on request.

It logs its one user in without asking. `behaviour` is read on every call: a test changes it between two
steps.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "client-1", "secret-of-client-1"


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """The key of all providers of one test run: making one takes longer than a login."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _unchanged(value: Any) -> Any:
    return value


@dataclass
class Behaviour:
    """What the provider does differently from a good one."""

    subject: str = "user-1"
    claims: dict[str, Any] = field(default_factory=lambda: {"email": "a@example.com", "email_verified": True})
    expires_in: Any = 3600
    refresh_token: bool = True
    id_token: Callable[[dict[str, Any]], dict[str, Any]] = _unchanged
    id_token_text: Callable[[str], str] = _unchanged
    algorithm: str = "RS256"
    token_answer: Callable[[dict[str, Any]], Any] = _unchanged
    userinfo_answer: Callable[[dict[str, Any]], Any] = _unchanged
    answers: dict[str, Response] = field(default_factory=dict)
    """Path -> a ready response in place of the real one."""
    holds: dict[str, asyncio.Event] = field(default_factory=dict)
    """Path -> an event to wait for before answering."""


class OidcProvider:
    """The provider and a record of what it was asked."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.base = ""
        self.kid = "key-1"
        self.key = signing_key()
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh_tokens: set[str] = set()
        self.calls: list[tuple[str, dict[str, str]]] = []
        paths = {
            "/.well-known/openid-configuration": self._discovery,
            "/jwks": self._jwks,
            "/authorize": self._authorize,
            "/token": self._token,
            "/userinfo": self._userinfo,
        }
        self.app = Starlette(
            routes=[
                Route(path, self._wrapped(path, answer), methods=["GET", "POST"])
                for path, answer in paths.items()
            ]
        )

    def count(self, path: str) -> int:
        """How often `path` was asked."""
        return sum(asked == path for asked, _ in self.calls)

    @property
    def public_pem(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def _wrapped(self, path: str, answer: Callable[..., Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            form = dict(await request.form()) if request.method == "POST" else dict(request.query_params)
            self.calls.append((path, {name: str(value) for name, value in form.items()}))
            if path in self.behaviour.holds:
                await self.behaviour.holds[path].wait()
            return self.behaviour.answers.get(path) or answer(request, form)

        return endpoint

    def _discovery(self, request: Request, form: dict[str, str]) -> Response:
        return JSONResponse(
            {
                "issuer": self.base,
                "authorization_endpoint": f"{self.base}/authorize",
                "token_endpoint": f"{self.base}/token",
                "userinfo_endpoint": f"{self.base}/userinfo",
                "jwks_uri": f"{self.base}/jwks",
            }
        )

    def _jwks(self, request: Request, form: dict[str, str]) -> Response:
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return JSONResponse({"keys": [jwk | {"kid": self.kid, "use": "sig", "alg": "RS256"}]})

    def _authorize(self, request: Request, form: dict[str, str]) -> Response:
        code = secrets.token_urlsafe(16)
        self.codes[code] = form
        joint = "&" if "?" in form["redirect_uri"] else "?"
        return RedirectResponse(f"{form['redirect_uri']}{joint}code={code}&state={form['state']}", 302)

    def _token(self, request: Request, form: dict[str, str]) -> Response:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        nonce = None
        if form["grant_type"] == "authorization_code":
            asked = self.codes.pop(form["code"], None)
            if asked is None or asked["redirect_uri"] != form["redirect_uri"] or not _pkce(asked, form):
                return JSONResponse({"error": "invalid_grant"}, 400)
            nonce = asked.get("nonce")
        elif form["refresh_token"] not in self.refresh_tokens:
            return JSONResponse({"error": "invalid_grant"}, 400)
        else:
            # Rotation: each refresh token works once.
            self.refresh_tokens.discard(form["refresh_token"])
        return JSONResponse(self.behaviour.token_answer(self._tokens(nonce)))

    def _tokens(self, nonce: str | None) -> dict[str, Any]:
        access = f"access-{secrets.token_urlsafe(12)}"
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": self.behaviour.expires_in}
        if self.behaviour.refresh_token:
            answer["refresh_token"] = secrets.token_urlsafe(12)
            self.refresh_tokens.add(answer["refresh_token"])
        return answer | {"id_token": self.id_token(nonce)}

    def id_token(self, nonce: str | None) -> str:
        now = int(time.time())
        claims = {
            "iss": self.base,
            "sub": self.behaviour.subject,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
        }
        claims = self.behaviour.id_token(claims | ({} if nonce is None else {"nonce": nonce}))
        algorithm = self.behaviour.algorithm
        if algorithm == "HS256":
            return self.behaviour.id_token_text(forge_hs256(claims, self.public_pem, self.kid))
        key = None if algorithm == "none" else self.key
        token = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": self.kid})
        return self.behaviour.id_token_text(token)

    def _userinfo(self, request: Request, form: dict[str, str]) -> Response:
        if not request.headers.get("authorization", "").startswith("Bearer access-"):
            return JSONResponse({"error": "invalid_token"}, 401)
        claims = {"sub": self.behaviour.subject} | self.behaviour.claims
        return JSONResponse(self.behaviour.userinfo_answer(claims))


def _pkce(asked: dict[str, str], form: dict[str, str]) -> bool:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked.get("code_challenge")


def forge_hs256(claims: dict[str, Any], public_pem: bytes, kid: str) -> str:
    """Sign with the public key's text as HMAC secret, which PyJWT itself refuses to do."""
    header = jwt.utils.base64url_encode(b'{"alg":"HS256","typ":"JWT","kid":"%b"}' % kid.encode())
    payload = jwt.utils.base64url_encode(json.dumps(claims).encode())
    signature = hmac.new(public_pem, header + b"." + payload, hashlib.sha256).digest()
    return b".".join((header, payload, jwt.utils.base64url_encode(signature))).decode()


class _Server(uvicorn.Server):
    def capture_signals(self) -> Any:
        return nullcontext()


@asynccontextmanager
async def serve(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI application on a free port of the loopback address; gives its base URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_level="error")
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
        if task.done():
            task.result()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await task


@asynccontextmanager
async def running_provider() -> AsyncIterator[OidcProvider]:
    """A provider on a real socket."""
    provider = OidcProvider()
    async with serve(provider.app) as base:
        provider.base = base
        yield provider
