"""The example apps let in whom the load balancer vouches for, and nobody else."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.running import free_ports

APPS = Path(__file__).parents[2] / "examples" / "apps"
KEY = ec.generate_private_key(ec.SECP256R1())
KID = str(uuid.UUID(int=7))
ENVIRONMENT = {"SIGNER": "arn:lb", "CLIENT": "app", "ISSUER": "https://idp"}


class Keys(BaseHTTPRequestHandler):
    """The load balancer's key set."""

    def do_GET(self) -> None:
        jwk = json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(KEY.public_key())) | {
            "kid": KID,
            "use": "sig",
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"keys": [jwk]}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def jwks() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/jwks.json"
        server.shutdown()
        thread.join()


def command(name: str, port: int) -> list[str]:
    if name == "wsgi_app":
        return [sys.executable, str(APPS / "wsgi_app.py")]
    return [sys.executable, "-m", "uvicorn", "--app-dir", str(APPS), f"{name}:app", "--port", str(port)]


@pytest.fixture(scope="module", params=["wsgi_app", "starlette_app"])
def app(request: pytest.FixtureRequest, jwks: str) -> Iterator[str]:
    (port,) = free_ports(1)
    environment = {**os.environ, **ENVIRONMENT, "JWKS": jwks, "PORT": str(port)}
    process = subprocess.Popen(command(request.param, port), env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 40
    while status(f"{url}/health") != 200:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(20)


def status(url: str, token: str | None = None) -> int | None:
    headers = {"x-amzn-oidc-data": token} if token is not None else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return None


def token(key: ec.EllipticCurvePrivateKey = KEY, **changes: object) -> str:
    """A token as ALB makes it, `=` padding included."""
    head = {"alg": "ES256", "kid": KID, "signer": "arn:lb", "client": "app", "iss": "https://idp"}
    body = {"sub": "u", "email": "a@b.example", "iss": "https://idp", "exp": int(time.time()) + 60}
    head |= {name: value for name, value in changes.items() if name in head and name != "iss"}  # type: ignore[misc]
    body |= {name: value for name, value in changes.items() if name in body}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (head, body)]
    signed = b".".join(parts)
    signature = jwt.get_algorithm_by_name("ES256").sign(signed, key)
    return (signed + b"." + base64.urlsafe_b64encode(signature)).decode()


def test_a_token_of_the_load_balancer_lets_in(app: str) -> None:
    assert status(app, token()) == 200


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: None, id="no token"),
        pytest.param(lambda: "x.y.z", id="no token at all"),
        pytest.param(lambda: token(ec.generate_private_key(ec.SECP256R1())), id="forged"),
        pytest.param(lambda: token(signer="arn:other"), id="another load balancer"),
        pytest.param(lambda: token(client="other"), id="another client"),
        pytest.param(lambda: token(iss="https://other"), id="another issuer"),
        pytest.param(lambda: token(exp=1), id="expired"),
        pytest.param(lambda: token(kid=str(uuid.UUID(int=8))), id="unknown key"),
    ],
)
def test_nothing_else_does(app: str, made) -> None:
    assert status(app, made()) == 401
