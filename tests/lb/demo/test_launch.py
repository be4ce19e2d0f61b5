"""The demonstration's ports, and the process as a whole without a browser."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from lb.cli.demo import demo as demo_command
from lb.demo.launch import PASSWORD, POOL, USER, Ports, choose_ports, lost_ports
from lb.exits import CannotStart
from tests.support.running import Running, free_ports
from tests.support.visitor import Visitor

COMMAND = Path(sys.executable).parent / "albacore"


@contextlib.contextmanager
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_was_asked_for_must_be_free() -> None:
    with taken() as port, pytest.raises(CannotStart, match=f"port {port} is in use"):
        choose_ports(port)


def test_default_ports_that_are_taken_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with taken() as port:
        monkeypatch.setattr("lb.demo.launch.DEFAULT_PORT", port)
        chosen = choose_ports(None).listener
    assert chosen not in {0, port}


def test_the_pool_keeps_off_the_port_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    (free,) = free_ports(1)
    monkeypatch.setattr("lb.demo.launch.DEFAULT_POOL_PORT", free)
    assert choose_ports(free).pool != free


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("demo")
    (port,) = free_ports(1)
    ready = folder / "ready"
    running = Running([COMMAND, "demo", "--port", str(port), "--ready-file", ready], folder=folder)
    running.wait_until(ready.exists, what="the ready file")
    addresses = json.loads(ready.read_text())
    yield running, {"app": f"http://localhost:{port}", "pool": addresses["pool"]}
    running.stop()


def test_sign_in_identity_and_sign_out(demo: tuple[Running, dict[str, str]]) -> None:
    _, urls = demo
    with Visitor() as visitor:
        assert visitor.step("GET", f"{urls['app']}/api/me").status_code == 401
        home = visitor.log_in(f"{urls['app']}/", username=USER, password=PASSWORD)
        assert "Hello, Demo User" in home.text
        assert visitor.step("GET", f"{urls['app']}/api/me").json()["email"] == USER
        assert visitor.submit(home, {}).url.path == "/goodbye"
        assert visitor.step("GET", f"{urls['app']}/api/me").status_code == 401
        assert str(visitor.visit(f"{urls['app']}/").url).startswith(f"{urls['pool']}/login")


def test_a_forged_identity_is_not_shown(demo: tuple[Running, dict[str, str]]) -> None:
    _, urls = demo
    with Visitor() as visitor:
        answer = visitor.step("GET", f"{urls['app']}/api/me", headers={"x-amzn-oidc-data": "a.b.c"})
        assert answer.status_code == 401
        assert "Public page" in visitor.step("GET", f"{urls['app']}/public").text


def test_the_pool_speaks_to_an_sdk_with_any_credentials(demo: tuple[Running, dict[str, str]]) -> None:
    running, urls = demo
    assert urls["pool"] in next(line for line in running.output.splitlines() if line.startswith("  api "))
    cognito = boto3.client(
        "cognito-idp",
        region_name="local",
        endpoint_url=urls["pool"],
        aws_access_key_id="any",
        aws_secret_access_key="thing",
    )
    (user,) = cognito.list_users(UserPoolId=POOL, Filter=f'email = "{USER}"')["Users"]
    assert user["UserStatus"] == "CONFIRMED"


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    environment = {"TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    running = Running([COMMAND, "demo", "--ready-file", ready], folder=tmp_path, env=environment)
    running.wait_until(ready.exists, what="the ready file")
    assert list((tmp_path / "tmp").iterdir())
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(20) == 0
    running.stop()
    assert not list((tmp_path / "tmp").iterdir())


def test_one_target_runs_by_itself() -> None:
    help_text = subprocess.run(
        [sys.executable, "-m", "lb.demo", "--help"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert "--keys-url" in help_text


def test_a_port_of_our_choice_that_was_taken_meanwhile_is_noticed() -> None:
    free, other = free_ports(2)
    with taken() as port:
        assert lost_ports(Ports(listener=free, pool=port, admin=other), None)
        assert not lost_ports(Ports(listener=port, pool=free, admin=other), port)


def test_the_demo_chooses_ports_anew_when_one_was_taken_meanwhile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two demonstrations that start together find the same default ports free."""
    free, other, third = free_ports(3)
    served = []

    async def serve(ports: Ports, *_: object, **__: object) -> None:
        served.append(ports.pool)
        if len(served) == 1:
            raise CannotStart("port in use")

    with taken() as port:
        chosen = iter([Ports(listener=free, pool=pool, admin=other) for pool in (port, third)])
        monkeypatch.setattr("lb.demo.launch.choose_ports", lambda wanted: next(chosen))
        monkeypatch.setattr("lb.demo.launch.launch", serve)
        demo_command(data_dir=tmp_path)
        assert served == [port, third]
