"""The sample app believes nothing that it has not verified."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lb.demo.identity import Expected, Refused, Verifier
from lb.door import Door
from lb.sockets import Binding, bind_all, port_of

KID = str(uuid.UUID(int=7))
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
HEAD = {"kid": KID, "signer": "arn:lb", "client": "app", "iss": "https://idp"}


async def keys(scope: Any, _: Any, send: Any) -> None:
    """A key server that has one key."""
    known = scope["path"] == f"/keys/{KID}"
    await send({"type": "http.response.start", "status": 200 if known else 404, "headers": []})
    await send({"type": "http.response.body", "body": PEM if known else b""})


@pytest.fixture
async def verifier() -> AsyncIterator[Verifier]:
    bound = bind_all([("keys", Binding("keys", "127.0.0.1", 0))])["keys"]
    door = Door(keys, bound)
    url = f"http://127.0.0.1:{port_of(bound)}/keys"
    await door.start()
    yield Verifier(Expected(url, signer="arn:lb", client="app", issuer="https://idp"))
    await door.stop(deadline=0, cut=asyncio.Event())


def token(head: dict[str, Any] | None = None, key: Any = KEY, algorithm: str = "ES256", **claims: Any) -> str:
    body = {"sub": "u", "iss": "https://idp", "exp": int(time.time()) + 60, **claims}
    return jwt.encode(
        {name: value for name, value in body.items() if value is not None},
        key,
        algorithm=algorithm,
        headers={**HEAD, **(head or {})},
    )


async def test_a_good_token_gives_its_claims(verifier: Verifier) -> None:
    claims = await verifier.verify(token(email="a@b.example"))
    assert not isinstance(claims, Refused)
    assert claims["email"] == "a@b.example"


async def test_a_padded_token_is_good_too(verifier: Verifier) -> None:
    """ALB keeps the `=` of base64url, and signs the parts with it."""
    head, body, _ = token(name="x").split(".")
    padded = ".".join(part + "=" * (-len(part) % 4) for part in (head, body))
    signature = jwt.get_algorithm_by_name("ES256").sign(padded.encode(), KEY)
    assert not isinstance(
        await verifier.verify(f"{padded}.{jwt.utils.base64url_encode(signature).decode()}"), Refused
    )


@pytest.mark.parametrize(
    ("made", "why"),
    [
        pytest.param(lambda: "x", "not a token", id="no token"),
        pytest.param(lambda: token({"signer": "arn:other"}), "another load balancer", id="signer"),
        pytest.param(lambda: token({"client": "other"}), "another client", id="client"),
        pytest.param(lambda: token({"kid": "../../secret"}), "not a UUID", id="path as key id"),
        pytest.param(
            lambda: token({"kid": str(uuid.UUID(int=8))}), "does not have this key", id="unknown key"
        ),
        pytest.param(lambda: token(exp=1), "expired", id="expired"),
        pytest.param(lambda: token(exp=None), "exp", id="no expiry"),
        pytest.param(lambda: token(iss="https://other"), "issuer", id="issuer"),
        pytest.param(lambda: token(key=ec.generate_private_key(ec.SECP256R1())), "ignature", id="forged"),
        pytest.param(lambda: token(key="k" * 32, algorithm="HS256"), "alg", id="another algorithm"),
    ],
)
async def test_everything_else_is_refused_with_a_reason(verifier: Verifier, made: Any, why: str) -> None:
    answer = await verifier.verify(made())
    assert isinstance(answer, Refused)
    assert why in answer.why


async def test_a_key_is_fetched_once(verifier: Verifier) -> None:
    await verifier.verify(token())
    verifier.expected = Expected("http://127.0.0.1:1/gone", "arn:lb", "app", "https://idp")
    assert not isinstance(await verifier.verify(token()), Refused)
