"""What changes between two configurations, and noticing that a file changed."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from lb.reload import (
    FileWatch,
    Plan,
    bindings_of,
    changes,
    fingerprint,
    plan_doors,
    refuse_changes,
    with_ports,
)
from lb.settings import ListenerSettings, PoolServerSettings, Settings
from lb.sockets import Binding
from rules import FixedResponse, Rule, RuleSet

RULES = RuleSet((), Rule(0, FixedResponse(200)))


def listener(arn: str, port: int = 0) -> ListenerSettings:
    return ListenerSettings(arn=arn, protocol="HTTP", port=port, address="127.0.0.1", ruleset=RULES)


SETTINGS = Settings(
    name="web",
    arn="arn",
    region="local",
    listeners=(listener("a", 1), listener("b")),
    target_groups={},
    admin_port=2,
    pool_server=PoolServerSettings(port=0),
)


def test_every_door_is_found() -> None:
    assert bindings_of(SETTINGS) == {
        "a": Binding("Listeners[0]", "127.0.0.1", 1),
        "b": Binding("Listeners[1]", "127.0.0.1", 0),
        "PoolServer": Binding("PoolServer", "127.0.0.1", 0),
        "Admin": Binding("Admin", "127.0.0.1", 2),
    }


def at(port: int, address: str = "127.0.0.1") -> Binding:
    return Binding("x", address, port)


@pytest.mark.parametrize(
    ("current", "wanted", "plan"),
    [
        pytest.param({"a": at(1)}, {"a": at(1)}, Plan(frozenset("a"), (), frozenset()), id="same"),
        pytest.param({"a": at(0)}, {"a": at(0)}, Plan(frozenset("a"), (), frozenset()), id="free port stays"),
        pytest.param({}, {"a": at(1)}, Plan(frozenset(), ("a",), frozenset()), id="added"),
        pytest.param({"a": at(1)}, {}, Plan(frozenset(), (), frozenset("a")), id="removed"),
        pytest.param(
            {"a": at(1)}, {"a": at(2)}, Plan(frozenset(), ("a",), frozenset("a")), id="port changed"
        ),
        pytest.param(
            {"a": at(1)}, {"a": at(1, "::")}, Plan(frozenset(), ("a",), frozenset("a")), id="address changed"
        ),
    ],
)
def test_doors_stay_come_and_go(current: dict[str, Binding], wanted: dict[str, Binding], plan: Plan) -> None:
    assert plan_doors(current, wanted) == plan


def test_real_ports_take_the_place_of_zero() -> None:
    ports = {"a": 1, "b": 5000, "PoolServer": 5001, "Admin": 2}
    settings = with_ports(SETTINGS, ports)
    assert [each.port for each in settings.listeners] == [1, 5000]
    assert settings.pool_server is not None
    assert (settings.pool_server.port, settings.admin_port) == (5001, 2)


@pytest.mark.parametrize(
    ("member", "value"),
    [("data_directory", Path("other")), ("arn", "other"), ("access_log", "other")],
)
def test_what_a_running_process_cannot_change_is_refused(member: str, value: object) -> None:
    refused = refuse_changes(SETTINGS, replace(SETTINGS, **{member: value}))  # type: ignore[arg-type]
    assert len(refused) == 1
    assert "restart" in refused[0]
    assert refuse_changes(SETTINGS, replace(SETTINGS, listeners=())) == []


def test_the_fingerprint_is_of_contents_and_of_their_borders(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("ab")
    two.write_text("c")
    before = fingerprint([one, two])
    os.utime(one)
    assert fingerprint([one, two]) == before
    one.write_text("a")
    two.write_text("bc")
    assert fingerprint([one, two]) != before


def test_a_missing_file_has_a_fingerprint(tmp_path: Path) -> None:
    missing = fingerprint([tmp_path / "none"])
    (tmp_path / "none").write_text("")
    assert fingerprint([tmp_path / "none"]) != missing


async def test_a_change_behind_a_symbolic_link_is_noticed(tmp_path: Path) -> None:
    """Kubernetes swaps the folder that a mounted file leads into."""
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(name)
    (tmp_path / "..data").symlink_to("v1")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    stop, seen = asyncio.Event(), asyncio.Event()
    before = fingerprint([tmp_path / "a.yaml"])

    async def watch() -> None:
        async for _ in changes([tmp_path / "a.yaml"], stop, seen=before):
            seen.set()

    task = asyncio.create_task(watch())
    (tmp_path / "..new").symlink_to("v2")
    (tmp_path / "..new").replace(tmp_path / "..data")
    await asyncio.wait_for(seen.wait(), 20)
    stop.set()
    await asyncio.wait_for(task, 20)


async def test_a_change_from_before_the_watching_began_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old")
    seen = fingerprint([path])
    path.write_text("new")
    stop = asyncio.Event()
    found = [None async for _ in _until_first(changes([path], stop, seen=seen), stop)]
    assert found == [None]


async def _until_first(source: AsyncIterator[None], stop: asyncio.Event) -> AsyncIterator[None]:
    async for each in source:
        stop.set()
        yield each


def test_new_processes_can_take_up_what_a_running_one_cannot() -> None:
    changed = replace(SETTINGS, workers=4, access_log="other")
    assert len(refuse_changes(SETTINGS, changed)) == 2
    assert refuse_changes(SETTINGS, changed, rolling=True) == []
    assert len(refuse_changes(SETTINGS, replace(changed, arn="other"), rolling=True)) == 1


async def test_a_watch_follows_other_files_once_they_are_taken_up(tmp_path: Path) -> None:
    old, new = tmp_path / "old" / "a.yaml", tmp_path / "new" / "a.yaml"
    for path in (old, new):
        path.parent.mkdir()
        path.write_text("1")
    told = asyncio.Event()
    watch = FileWatch([old], told.set)
    running = asyncio.create_task(watch.run())
    old.write_text("2")
    await asyncio.wait_for(told.wait(), 20)
    told.clear()
    watch.follow([new])
    new.write_text("2")
    await asyncio.wait_for(told.wait(), 20)
    watch.stop()
    await asyncio.wait_for(running, 20)


async def test_a_stopped_watch_does_not_begin(tmp_path: Path) -> None:
    watch = FileWatch([tmp_path / "a.yaml"], lambda: None)
    watch.stop()
    await asyncio.wait_for(watch.run(), 20)
