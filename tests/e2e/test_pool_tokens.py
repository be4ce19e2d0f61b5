"""The pool's own tokens under the verifiers that apps use.

Aws-jwt-verify's, with AWS's issuer and with ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.support.relying_party import Tokens, code_flow
from tests.support.stack import ADA, CLIENT_ID, PASSWORD, POOL_ID, Ports, Stack, running_stack
from tests.support.tls_front import Authority, tls_front

RunNode = Callable[..., dict[str, object]]
AWS_ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL_ID}"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A pool that calls itself by the address that Cognito gave it, as a moved pool must."""
    folder = tmp_path_factory.mktemp("aws-issuer")
    with running_stack(folder, pool_members={"Issuer": AWS_ISSUER}) as stack:
        yield stack


@pytest.fixture(scope="module")
def tokens(moved: Stack) -> Tokens:
    """Tokens of a signed-in user, by the code flow."""
    return code_flow(moved, username=ADA, password=PASSWORD)


def jwks(ports: Ports) -> object:
    """The pool's key set, from where it is served."""
    return httpx.get(f"{ports.pool_url}/{POOL_ID}/.well-known/jwks.json", trust_env=False).json()


def test_there_are_exactly_two_keys_one_per_kind_of_token(moved: Stack) -> None:
    """cognito.md 1.11: verifiers look keys up by kid, ID and access tokens have different ones."""
    keys = jwks(moved.ports)
    assert isinstance(keys, dict)
    assert len(keys["keys"]) == 2
    assert {key["use"] for key in keys["keys"]} == {"sig"}


@pytest.mark.parametrize("use", ["id", "access"])
def test_cognito_jwt_verifier_accepts(moved: Stack, tokens: Tokens, run_node: RunNode, use: str) -> None:
    properties = {"userPoolId": POOL_ID, "tokenUse": use, "clientId": CLIENT_ID}
    arguments = {"kind": "CognitoJwtVerifier", "properties": properties, "jwks": jwks(moved.ports)}
    result = run_node("verify_pool.mjs", {**arguments, "token": tokens.by_use(use)})
    claims = result.get("claims")
    assert isinstance(claims, dict), result
    assert claims["token_use"] == use


@pytest.mark.parametrize(("wanted", "given"), [("id", "access"), ("access", "id")])
def test_cognito_jwt_verifier_refuses_the_other_kind(
    moved: Stack, tokens: Tokens, run_node: RunNode, wanted: str, given: str
) -> None:
    properties = {"userPoolId": POOL_ID, "tokenUse": wanted, "clientId": CLIENT_ID}
    arguments = {"kind": "CognitoJwtVerifier", "properties": properties, "jwks": jwks(moved.ports)}
    result = run_node("verify_pool.mjs", {**arguments, "token": tokens.by_use(given)})
    assert result["refused"] == "CognitoJwtInvalidTokenUseError", result


@pytest.mark.parametrize("kind", ["JwtVerifier", "JwtRsaVerifier"])
def test_generic_verifiers_accept_with_keys_fetched_over_https(
    stack: Stack, authority: Authority, run_node: RunNode, kind: str
) -> None:
    tokens = code_flow(stack, username=ADA, password=PASSWORD)
    with tls_front(authority, stack.ports.pool) as port:
        properties = {
            "issuer": f"{stack.pool_url}/{POOL_ID}",
            "audience": CLIENT_ID,
            "jwksUri": f"https://localhost:{port}/{POOL_ID}/.well-known/jwks.json",
        }
        arguments = {"kind": kind, "properties": properties, "token": tokens.id_token}
        result = run_node("verify_pool.mjs", arguments, env={"NODE_EXTRA_CA_CERTS": str(authority.pem)})
    assert "claims" in result, result
