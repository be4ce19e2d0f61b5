"""Several real processes on the same ports: nothing is lost while they come and go."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from tests.support.running import COMMAND, Running, free_ports
from tests.support.stack import ADA, PASSWORD, Ports, Stack, fixed, forward, rule, running_stack
from tests.support.target import Received, Respond, echo, reply
from tests.support.visitor import Visitor
from tests.support.workers import Load, balancers, connect_to, server_of, until, workers

pytestmark = pytest.mark.timeout(300)

BIG = 24 * 1024 * 1024


def respond(_: Ports) -> Respond:
    def answer(received: Received) -> bytes:
        return reply(b"x" * BIG) if received.target == "/open/big" else echo(received)

    return answer


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Two balancers; everything but `/open` needs a login."""
    rules = [rule(1, "/open*", forward()), rule(2, "/version", fixed(200, "one"))]
    with running_stack(tmp_path_factory.mktemp("workers"), rules=rules, respond=respond, Workers=2) as stack:
        yield stack


def get(port: int, path: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=10)


def change_version(stack: Stack, text: str) -> None:
    """Edit the running configuration so that it answers `text`; the watch finds it."""
    path = stack.folder / "albacore.yaml"
    path.write_text(re.sub(r"MessageBody: \w+", f"MessageBody: {text}", path.read_text()))


def count(stack: Stack, name: str) -> float:
    metrics = get(stack.ports.admin, "/metrics").text
    return sum(
        float(value)
        for value in re.findall(rf"^albacore_{name}(?:{{[^}}]*}})? (\S+)$", metrics, re.MULTILINE)
    )


def test_every_balancer_serves_and_nothing_is_announced_before(stack: Stack) -> None:
    assert get(stack.ports.admin, "/ready").status_code == 200
    pids = balancers(stack.ports.admin)
    assert sorted(pids) == ["balancer-1", "balancer-2"]
    everyone = set(pids.values())
    for pid in everyone:
        connect_to(stack.ports.web, pid, everyone).close()
    assert stack.running.process.pid not in everyone
    assert stack.running.output.count("ready: ") == 1


def test_metrics_and_rows_are_those_of_all_balancers(stack: Stack) -> None:
    before = count(stack, "request_count_total")
    load = Load(stack.ports.web)
    with load.running():
        until(lambda: load.answers > 300, "some load")
    assert load.losses == []
    assert count(stack, "request_count_total") - before == load.answers
    assert count(stack, "workers") == 2
    log = stack.folder / "access.log"
    until(lambda: log.read_text().count("/open/load") == load.answers, "a row for each request")
    assert {len(re.findall(r'"[^"]*"|\S+', row)) for row in log.read_text().splitlines()} == {34}


def test_target_health_is_joined(stack: Stack) -> None:
    (group,) = get(stack.ports.admin, "/targets").json()["TargetGroups"]
    (target,) = group["TargetHealthDescriptions"]
    assert target["TargetHealth"] == {"State": "healthy"}
    assert target["Target"] == {"Id": "127.0.0.1", "Port": stack.target.port}


def test_a_login_may_begin_at_one_balancer_and_end_at_another(stack: Stack) -> None:
    one, other = balancers(stack.ports.admin).values()
    begin = connect_to(stack.ports.web, one, {one, other})
    finish = connect_to(stack.ports.web, other, {one, other})
    with Visitor() as visitor:
        started = send(begin, f"{stack.url}/page", visitor)
        assert server_of(begin, {one, other}) == one
        page = visitor.visit(str(started.headers["location"]))
        back = visitor.submit(
            page, {"username": ADA, "password": PASSWORD}, stop_at=f"{stack.url}/oauth2/idpresponse"
        )
        done = send(finish, back.headers["location"], visitor)
        assert server_of(finish, {one, other}) == other
        assert (done.status_code, done.headers["location"]) == (302, f"{stack.url}/page")
        assert "ada@example.com" in send(begin, f"{stack.url}/page", visitor).text, (
            "the session, at the first"
        )
        again = send(begin, back.headers["location"], visitor)
        assert again.headers.get("location") == f"{stack.url}/page", "logged in already: nothing is redeemed"
    begin.close()
    finish.close()


def send(connection: http.client.HTTPConnection, url: str, visitor: Visitor) -> httpx.Response:
    """Send a visitor's GET on a given connection."""
    target = httpx.URL(url)
    cookies = visitor.cookies.header(target.host)
    headers = {"Host": target.netloc.decode()} | ({"Cookie": cookies} if cookies else {})
    connection.request("GET", target.raw_path.decode(), headers=headers)
    answer = connection.getresponse()
    response = httpx.Response(
        answer.status, headers=answer.getheaders(), content=answer.read(), request=httpx.Request("GET", url)
    )
    visitor.cookies.take(response)
    return response


def test_a_killed_balancer_is_replaced_and_costs_only_what_it_had_in_hand(stack: Stack) -> None:
    before = balancers(stack.ports.admin)
    requests = count(stack, "request_count_total")
    load = Load(stack.ports.web)
    with load.running():
        until(lambda: load.answers > 50, "some load")
        os.kill(before["balancer-1"], signal.SIGKILL)
        after = until(lambda: changed(before, balancers(stack.ports.admin)), "a new balancer")
        seen = load.answers
        until(lambda: load.answers > seen + 50, "load on both")
    assert after["balancer-2"] == before["balancer-2"]
    assert len(load.losses) <= 6, load.losses
    assert all("kept" in loss or "Reset" in loss or "Disconnected" in loss for loss in load.losses)
    assert "balancer-1" in stack.running.output
    assert "died (signal SIGKILL)" in stack.running.output
    assert count(stack, "worker_deaths_total") == 1
    assert count(stack, "request_count_total") >= requests, "what the dead one had counted still counts"


def changed(before: dict[str, int], now: dict[str, int]) -> dict[str, int] | None:
    return now if len(now) == 2 and now != before else None


@contextlib.contextmanager
def downloading(stack: Stack) -> Iterator[tuple[http.client.HTTPResponse, int]]:
    """A download that has begun, and how much of it is here."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", stack.ports.web, timeout=40)) as slow:
        slow.request("GET", "/open/big")
        with slow.getresponse() as download:
            yield download, len(download.read(1024))


def test_a_reload_under_load_loses_nothing(stack: Stack) -> None:
    before = workers(stack.ports.admin)
    load = Load(stack.ports.web)
    with downloading(stack) as (download, received), load.running():
        until(lambda: load.answers > 50, "some load")
        change_version(stack, "two")
        until(lambda: "configuration taken up" in stack.running.output, "the reload")
        seen = load.answers
        until(lambda: load.answers > seen + 200, "load on the new ones")
        after = workers(stack.ports.admin)
        assert received + len(download.read()) == BIG, "a download that began at an old one"
    assert load.losses == []
    assert load.closes >= 2, "kept connections were told to end"
    assert set(before.values()).isdisjoint(after.values())
    assert get(stack.ports.web, "/version").text == "two"
    for pid in before.values():
        until(lambda pid=pid: not Path(f"/proc/{pid}").exists(), "the old ones end")


def test_hangup_rolls_too(stack: Stack) -> None:
    before = workers(stack.ports.admin)
    load = Load(stack.ports.web)
    with load.running():
        stack.running.process.send_signal(signal.SIGHUP)
        until(lambda: set(before.values()).isdisjoint(workers(stack.ports.admin).values()), "new processes")
        seen = load.answers
        until(lambda: load.answers > seen + 100, "load on the new ones")
    assert load.losses == []


def test_a_bad_file_changes_nothing(stack: Stack) -> None:
    before = workers(stack.ports.admin)
    version = get(stack.ports.web, "/version").text
    path = stack.folder / "albacore.yaml"
    good = path.read_text()
    path.write_text(good.replace("Listeners:", "Listenerz:").replace("TargetGroups:", "TargetGroup:"))
    until(lambda: "unknown key `Listenerz`" in stack.running.output, "the problem")
    assert "unknown key `TargetGroup`" in stack.running.output
    os.kill(before["balancer-2"], signal.SIGKILL)
    after = until(
        lambda: changed(before, balancers(stack.ports.admin)), "a replacement from what was accepted"
    )
    assert after["balancer-1"] == before["balancer-1"]
    assert get(stack.ports.web, "/version").text == version
    path.write_text(good)


def test_one_balancer_told_to_end_is_replaced_without_a_loss(stack: Stack) -> None:
    before = balancers(stack.ports.admin)
    load = Load(stack.ports.web)
    with load.running(kept=0):
        os.kill(before["balancer-1"], signal.SIGTERM)
        until(lambda: changed(before, balancers(stack.ports.admin)), "another in its place")
    assert load.losses == []


def test_every_balancer_reopens_the_access_log(stack: Stack) -> None:
    log, rotated = stack.folder / "access.log", stack.folder / "access.log.1"
    log.rename(rotated)
    stack.running.process.send_signal(signal.SIGUSR1)
    until(lambda: stack.running.output.count("access log reopened") == 2, "both reopen")
    everyone = set(balancers(stack.ports.admin).values())
    for pid in everyone:
        connect_to(stack.ports.web, pid, everyone).close()
    size = rotated.stat().st_size
    until(lambda: log.exists() and log.stat().st_size > 0, "rows in the new file")
    assert rotated.stat().st_size == size


def test_stopping_finishes_a_slow_download(stack: Stack) -> None:
    processes = workers(stack.ports.admin)
    with downloading(stack) as (download, received):
        stack.running.process.send_signal(signal.SIGTERM)
        until(lambda: refused(stack.ports.web), "no new connections are accepted")
        assert stack.running.process.poll() is None
        assert received + len(download.read()) == BIG
    assert stack.running.process.wait(20) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in processes.values())
    assert not (stack.folder / "ready").exists()


def refused(port: int) -> bool:
    try:
        get(port, "/version")
    except httpx.TransportError:
        return True
    return False


LITTLE = """\
Workers: 2
Listeners:
  - Port: 0
    Address: 127.0.0.1
    DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "200", MessageBody: hi}}]
"""


def start(folder: Path, text: str, *options: str, wait: bool = True) -> Running:
    (folder / "albacore.yaml").write_text(text)
    running = Running(
        [COMMAND, "run", folder / "albacore.yaml", "--ready-file", folder / "ready", *options], folder=folder
    )
    if wait:
        running.wait_until((folder / "ready").exists, what="the ready file")
    return running


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    running = start(tmp_path, LITTLE)
    orphans = children_of(running.process.pid)
    assert len(orphans) == 2, "no pool, no administration: no process for them"
    running.process.kill()
    running.process.wait()
    for pid in orphans:
        until(lambda pid=pid: not alive(pid), "the worker ends")
    assert running.output.count("the supervisor is gone") == 2
    running.kill()


def alive(pid: int) -> bool:
    """Whether a process runs; nobody may be there to collect a dead one."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_what_stops_a_worker_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "signing-keys.json").write_text("no keys")
    login = (
        "{Type: authenticate-oidc, Order: 1, AuthenticateOidcConfig: {Issuer: 'http://127.0.0.1:9', "
        "ClientId: a, ClientSecret: hush-hush}}"
    )
    text = LITTLE.replace("[{Type", f"[{login}, {{Type").replace(
        "fixed-response,", "fixed-response, Order: 2,"
    )
    running = start(tmp_path, text + "DataDirectory: data\n", wait=False)
    assert running.process.wait(30) == 3, running.output
    assert "signing-keys.json" in running.output
    assert "Traceback" not in running.output
    assert "hush-hush" not in running.output
    assert not (tmp_path / "ready").exists()
    running.kill()


def test_a_roll_opens_new_ports_and_takes_up_new_certificates(tmp_path: Path) -> None:
    authority = trustme.CA()
    write_certificate(authority, tmp_path, "old.example")
    https = "    Protocol: HTTPS\n    Certificates: [{CertificateFile: a.pem, PrivateKeyFile: a.key}]\n"
    secure = LITTLE.replace("    DefaultActions", f"{https}    DefaultActions")
    running = start(tmp_path, secure, "--no-watch")
    port = port_of(tmp_path)
    assert served_names(port, authority) == {"old.example"}
    write_certificate(authority, tmp_path, "new.example")
    (added,) = free_ports(1)
    (tmp_path / "albacore.yaml").write_text(
        secure + LITTLE.partition("Listeners:\n")[2].replace("Port: 0", f"Port: {added}")
    )
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "2 new workers, 1 ports kept, 1 opened" in running.output, "the roll")
    assert {frozenset(served_names(port, authority)) for _ in range(10)} == {frozenset({"new.example"})}
    assert get(added, "/").text == "hi"
    running.stop()


def write_certificate(authority: trustme.CA, folder: Path, name: str) -> None:
    certificate = authority.issue_cert(name)
    certificate.private_key_pem.write_to_path(folder / "a.key")
    (folder / "a.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))


def served_names(port: int, authority: trustme.CA) -> set[str]:
    context = ssl.create_default_context()
    context.check_hostname = False
    authority.configure_trust(context)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname="x.example") as secure,
    ):
        certificate = secure.getpeercert()
        assert certificate is not None
        return {value for kind, value in certificate["subjectAltName"] if kind == "DNS"}


def port_of(folder: Path) -> int:
    url = json.loads((folder / "ready").read_text())["listeners"]["Listeners[0]"]
    return int(url.rpartition(":")[2])


def test_the_option_wins_over_the_file(tmp_path: Path) -> None:
    running = start(tmp_path, LITTLE.replace("Workers: 2", "Workers: 7"), "--workers", "1")
    assert children_of(running.process.pid) == []
    assert get(port_of(tmp_path), "/").text == "hi"
    running.stop()


CRASHING = """
import asyncio, sys
from pathlib import Path
from lb.run_options import RunOptions
from lb.workers import child, restarts
from lb.workers.order import LogOptions
from lb.workers.supervisor import Supervisor
from lb.cli.main import main
restarts.LIMIT, restarts.FIRST_DELAY = 2, 0.01
command = child._command
def started(link, name):
    dying = [sys.executable, "-c", "raise SystemExit(7)"]
    return dying if Path("ready").exists() else command(link, name)
child._command = started
main(["run", "albacore.yaml", "--ready-file", "ready"]) and sys.exit(4)
"""


def test_a_crash_loop_ends_with_a_status(tmp_path: Path) -> None:
    (tmp_path / "albacore.yaml").write_text(LITTLE)
    running = Running([sys.executable, "-c", CRASHING], folder=tmp_path)
    running.wait_until((tmp_path / "ready").exists, what="the ready file")
    for pid in children_of(running.process.pid):
        os.kill(pid, signal.SIGKILL)
    assert running.process.wait(30) == 4
    assert "no worker stays alive: giving up" in running.output
    assert "status 7" in running.output
    running.kill()
