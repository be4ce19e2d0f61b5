"""Applications inside the process: everything that a target does, without a port."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from lb.exits import CannotStart
from lb.settings import TargetGroupSettings, TargetSettings
from lb.targets.applications import Applications
from tests.support.running import Running, free_ports, running_albacore
from tests.support.workers import until

SHOP = """
import asyncio
import os
import pathlib

FOLDER = pathlib.Path(__file__).parent


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        await echo(receive, send)
    elif scope["path"] == "/gone":
        await stream(receive, send)
    else:
        await answer(scope, receive, send)


async def lifespan(receive, send):
    await receive()
    note("started")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    note("stopped")
    await send({"type": "lifespan.shutdown.complete"})


def note(what):
    with open(FOLDER / "notes", "a") as file:
        print(what, os.getpid(), file=file)


async def answer(scope, receive, send):
    headers = [(name, value) for name, value in scope["headers"] if name.startswith(b"x-")]
    headers.append((b"x-pid", str(os.getpid()).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    more = True
    while more:
        event = await receive()
        more = event.get("more_body", False)
        await send({"type": "http.response.body", "body": event["body"], "more_body": more})


async def stream(receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    await receive()
    note("gone")


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"]})


async def sick(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database today"})


nothing = 3
"""


def config(port: int, admin: int, *, application: str = "shop:app", **more: object) -> dict[str, object]:
    group = {"Name": "shop", "TargetType": "asgi", "Targets": [{"Id": application}]}
    action = {"Type": "forward", "TargetGroupArn": "shop"}
    return {
        "Listeners": [{"Port": port, "Address": "127.0.0.1", "DefaultActions": [action]}],
        "TargetGroups": [group],
        "Admin": {"Port": admin},
        **more,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


@pytest.fixture(params=[1, 2], ids=["one process", "two workers"])
def shop(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[Running, int, int]]:
    port, admin = free_ports(2)
    with running_albacore(config(port, admin, Workers=request.param), folder) as running:
        yield running, port, admin
    notes = [line.split() for line in (folder / "notes").read_text().splitlines()]
    pids = {pid for _, pid in notes}
    assert sorted(what for what, _ in notes if what != "gone") == ["started"] * len(pids) + ["stopped"] * len(
        pids
    )
    assert len(pids) == request.param


def test_an_application_is_a_target_like_any_other(shop: tuple[Running, int, int], folder: Path) -> None:
    _, port, admin = shop
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        answer = client.get("/", headers={"X-Amzn-Oidc-Identity": "forged", "X-Mine": "kept"})
        assert answer.headers["x-mine"] == "kept"
        assert answer.headers["x-forwarded-for"] == "127.0.0.1"
        assert "x-amzn-oidc-identity" not in answer.headers
        body = b"0123456789" * 300_000
        assert client.post("/", content=body).content == body
        assert client.post("/", content=iter([b"a", b"b"])).content == b"ab"
        with client.stream("GET", "/gone") as stream:
            assert next(stream.iter_raw()) == b"first"
    until(lambda: "gone" in (folder / "notes").read_text(), "the application hears that the client left")
    asyncio.run(talk(port))
    until(lambda: states(admin) == {"healthy"}, "health checks")


async def talk(port: int) -> None:
    async with connect(f"ws://127.0.0.1:{port}/", proxy=None) as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"


def states(admin: int) -> set[str]:
    page = httpx.get(f"http://127.0.0.1:{admin}/targets", trust_env=False).json()
    targets = [each for group in page["TargetGroups"] for each in group["TargetHealthDescriptions"]]
    assert [each["Target"]["Id"] for each in targets] == ["shop:app"]
    return {each["TargetHealth"]["State"] for each in targets}


@pytest.mark.parametrize(
    ("application", "complaint"),
    [
        ("shop:missing", "cannot be imported: AttributeError"),
        ("nowhere.web:app", "cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        ("shop:nothing", "is no ASGI application"),
        ("shop:sick", "did not start; its reason is in the log"),
    ],
)
async def test_what_cannot_start_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, application: str, complaint: str
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    target = TargetSettings(application, 0)
    group = TargetGroupSettings("shop", "arn", targets=(target,), code_folder=folder)
    applications = Applications()
    with pytest.raises(CannotStart) as refusal:
        await applications.take_up({"shop": group})
    assert f"TargetGroups `shop`: application `{application}` {complaint}" in str(refusal.value)
    with pytest.raises(ConnectionRefusedError):
        applications.dial(application)
    await applications.aclose()
    sys.modules.pop("shop", None)


def test_a_file_whose_application_cannot_start_changes_nothing(folder: Path) -> None:
    port, admin = free_ports(2)
    with running_albacore(config(port, admin), folder) as running:
        text = (folder / "albacore.yaml").read_text()
        (folder / "albacore.yaml").write_text(text.replace("shop:app", "shop:sick"))
        until(lambda: "the running one stays in force" in running.output, "the refusal")
        assert "no database today" in running.output
        assert httpx.post(f"http://127.0.0.1:{port}/", content=b"x", trust_env=False).content == b"x"
        until(lambda: states(admin) == {"healthy"}, "health checks")
