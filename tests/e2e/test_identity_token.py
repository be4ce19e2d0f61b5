"""The identity token that apps verify: with the verifier that AWS publishes, and with PyJWT.

The app's side is third-party code unchanged; only the address of the public keys differs from AWS.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import httpx
import jwt
import pytest

from tests.support.stack import ADA, ARN, CLIENT_ID, PASSWORD, POOL_ID, Stack
from tests.support.target import Received
from tests.support.tls_front import Authority, tls_front
from tests.support.visitor import Visitor

RunNode = Callable[..., dict[str, object]]
KEYS_PATH = "/.well-known/albacore/keys"


@pytest.fixture
def received(stack: Stack, visitor: Visitor) -> Received:
    """What the target got from a signed-in user."""
    page = visitor.log_in(f"{stack.url}/who", username=ADA, password=PASSWORD)
    assert page.status_code == 200, page.text
    return stack.target.last


def flipped(token: str) -> str:
    """The same token with another subject, the signature left alone."""
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload))
    claims["sub"] = "somebody-else"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
    return f"{header}.{forged}.{signature}"


def test_alb_jwt_verifier_accepts_the_token(
    stack: Stack, received: Received, authority: Authority, run_node: RunNode
) -> None:
    with tls_front(authority, stack.ports.web) as port:
        result = run_node("verify_alb.mjs", alb(stack, received, port), env=trust(authority))
    claims = result["claims"]
    assert isinstance(claims, dict)
    assert claims["sub"] == received.value("x-amzn-oidc-identity")
    assert claims["email"] == ADA
    assert claims["email_verified"] == "true"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(
            {"albArn": ARN.replace("/web/", "/other/")}, "AlbJwtInvalidSignerError", id="other signer"
        ),
        pytest.param({"clientId": "another-client"}, "AlbJwtInvalidClientIdError", id="other client"),
        pytest.param({"issuer": "https://elsewhere.example"}, "JwtInvalidIssuerError", id="other issuer"),
    ],
)
def test_alb_jwt_verifier_refuses_what_is_not_ours(
    stack: Stack,
    received: Received,
    authority: Authority,
    run_node: RunNode,
    change: dict[str, str],
    error: str,
) -> None:
    with tls_front(authority, stack.ports.web) as port:
        result = run_node("verify_alb.mjs", alb(stack, received, port) | change, env=trust(authority))
    assert result["refused"] == error, result


def test_alb_jwt_verifier_refuses_a_tampered_token(
    stack: Stack, received: Received, authority: Authority, run_node: RunNode
) -> None:
    with tls_front(authority, stack.ports.web) as port:
        arguments = alb(stack, received, port)
        arguments["token"] = flipped(received.value("x-amzn-oidc-data"))
        result = run_node("verify_alb.mjs", arguments, env=trust(authority))
    assert result["refused"] == "JwtInvalidSignatureError", result


def alb(stack: Stack, received: Received, port: int) -> dict[str, object]:
    """What an app gives AlbJwtVerifier."""
    return {
        "token": received.value("x-amzn-oidc-data"),
        "albArn": ARN,
        "issuer": f"{stack.pool_url}/{POOL_ID}",
        "clientId": CLIENT_ID,
        "jwksUri": f"https://localhost:{port}{KEYS_PATH}",
    }


def trust(authority: Authority) -> dict[str, str]:
    """Make node trust the test authority."""
    return {"NODE_EXTRA_CA_CERTS": str(authority.pem)}


def public_key(stack: Stack, token: str) -> str:
    """Fetch the PEM as the AWS documentation's Python sample does."""
    kid = jwt.get_unverified_header(token)["kid"]
    response = httpx.get(f"{stack.url}{KEYS_PATH}/{kid}", trust_env=False)
    response.raise_for_status()
    return response.text


def test_pyjwt_decodes_the_token(stack: Stack, received: Received) -> None:
    token = received.value("x-amzn-oidc-data")
    claims = jwt.decode(token, public_key(stack, token), algorithms=["ES256"])
    assert claims["sub"] == received.value("x-amzn-oidc-identity")
    assert jwt.get_unverified_header(token)["signer"] == ARN


def test_pyjwt_refuses_a_tampered_token(stack: Stack, received: Received) -> None:
    token = received.value("x-amzn-oidc-data")
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(flipped(token), public_key(stack, token), algorithms=["ES256"])


def test_token_keeps_its_padding_as_alb_does(received: Received) -> None:
    """ALB pads each part with `=`; apps that strip it before verifying are wrong on AWS too."""
    parts = received.value("x-amzn-oidc-data").split(".")
    assert [len(part) % 4 for part in parts] == [0, 0, 0]
    assert parts[2].endswith("==")
    header = json.loads(base64.urlsafe_b64decode(parts[0]))
    assert list(header) == ["typ", "kid", "alg", "iss", "client", "signer", "exp"]


def test_access_token_is_the_pools_own(stack: Stack, received: Received) -> None:
    token = received.value("x-amzn-oidc-accesstoken")
    headers = {"Authorization": f"Bearer {token}"}
    info = httpx.get(f"{stack.pool_url}/oauth2/userInfo", headers=headers, trust_env=False)
    assert info.status_code == 200, info.text
    assert info.json()["sub"] == received.value("x-amzn-oidc-identity")
