"""A real process over real sockets: ready, reload, drain, logs, exit statuses."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

COMMAND = Path(sys.executable).parent / "albacore"
SECONDS = 40.0


def fixed(text: str, port: int = 0, extra: str = "") -> str:
    """A listener that answers `text`."""
    action = f'{{Type: fixed-response, FixedResponseConfig: {{StatusCode: "200", MessageBody: {text}}}}}'
    return f"  - Port: {port}\n    Address: 127.0.0.1\n{extra}    DefaultActions: [{action}]\n"


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Running:
    """The command on a configuration in a folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.config = folder / "albacore.yaml"
        self.ready = folder / "ready.json"
        self._out = (folder / "out.log").open("wb")
        self.process = subprocess.Popen(
            [COMMAND, "run", self.config, "--ready-file", self.ready, *options],
            stdout=self._out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )

    @property
    def output(self) -> str:
        return (self.folder / "out.log").read_text()

    def wait_ready(self) -> None:
        def is_ready() -> bool:
            assert self.process.poll() is None, self.output
            return self.ready.exists()

        until(is_ready, "ready")

    def wait_output(self, text: str) -> None:
        until(lambda: text in self.output, text)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            return self.process.wait(SECONDS)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._out.close()

    def port(self, index: int = 0) -> int:
        url = json.loads(self.ready.read_text())["listeners"][f"Listeners[{index}]"]
        return int(url.rpartition(":")[2])

    def admin_port(self) -> int:
        return int(json.loads(self.ready.read_text())["admin"].rpartition(":")[2])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    with contextlib.ExitStack() as stack:

        def run(text: str, *options: str, wait: bool = True) -> Running:
            (tmp_path / "albacore.yaml").write_text(text)
            running = Running(tmp_path, *options)
            stack.callback(running.end)
            if wait:
                running.wait_ready()
            return running

        yield run


def get(port: int, path: str = "/", context: ssl.SSLContext | None = None) -> tuple[int, bytes]:
    connection = (
        http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        if context
        else http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    )
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def answers(port: int) -> bool:
    try:
        get(port)
    except OSError:
        return False
    return True


class Slow(BaseHTTPRequestHandler):
    """Answers when it is let go."""

    arrived = threading.Event()
    go = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            Slow.arrived.set()
            Slow.go.wait(20)
        with contextlib.suppress(ConnectionError):  # some tests cut the connection
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"done")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def slow_target() -> Iterator[int]:
    Slow.arrived.clear()
    Slow.go.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        Slow.go.set()
        server.shutdown()
        thread.join()


def forwarding(target: int, port: int = 0) -> str:
    return (
        f"Listeners:\n  - Port: {port}\n    Address: 127.0.0.1\n"
        "    DefaultActions: [{Type: forward, TargetGroupArn: app}]\n"
        f"TargetGroups:\n  - Name: app\n    Targets: [{{Id: 127.0.0.1, Port: {target}}}]\n"
    )


def test_it_says_when_it_is_ready_and_ends_with_zero(start: Callable[..., Running]) -> None:
    running = start("Listeners:\n" + fixed("hi") + "Admin: {Port: 0}\n")
    assert get(running.port()) == (200, b"hi")
    assert get(running.admin_port(), "/health")[0] == 200
    assert f"ready: http://127.0.0.1:{running.port()}" in running.output
    assert running.end() == 0
    assert not running.ready.exists(), "a ready file must not outlive what it speaks of"
    assert "Traceback" not in running.output


def test_ctrl_c_is_a_clean_end_too(start: Callable[..., Running]) -> None:
    running = start("Listeners:\n" + fixed("hi"))
    running.signal(signal.SIGINT)
    assert running.end() == 0


def test_a_bad_configuration_does_not_start(start: Callable[..., Running]) -> None:
    running = start("Listeners:\n" + fixed("hi").replace("Port", "Prot"), wait=False)
    assert running.process.wait(SECONDS) == 1
    assert f"{running.config}:2:5: unknown key `Prot`" in running.output


def test_a_port_in_use_is_told_with_the_way_out(start: Callable[..., Running]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        running = start("Listeners:\n" + fixed("hi", port), wait=False)
        assert running.process.wait(SECONDS) == 3
    assert f"Listeners[0]: cannot listen on 127.0.0.1 port {port}: it is in use" in running.output
    assert "Traceback" not in running.output
    assert "ready:" not in running.output


def test_a_data_directory_that_cannot_be_made_is_told(start: Callable[..., Running], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    running = start("Listeners:\n" + fixed("hi") + "DataDirectory: file/data\n", wait=False)
    assert running.process.wait(SECONDS) == 3
    assert "file/data" in running.output
    assert "Traceback" not in running.output


def test_a_changed_file_is_taken_up_by_itself(start: Callable[..., Running]) -> None:
    running = start("Listeners:\n" + fixed("one"))
    port = running.port()
    running.config.write_text("Listeners:\n" + fixed("two"))
    running.wait_output("configuration taken up")
    assert get(port) == (200, b"two")


def test_a_file_renamed_over_the_old_one_is_taken_up(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start("Listeners:\n" + fixed("one"))
    (tmp_path / "new").write_text("Listeners:\n" + fixed("two"))
    (tmp_path / "new").replace(running.config)
    running.wait_output("configuration taken up")
    assert get(running.port()) == (200, b"two")


def test_hangup_reloads(start: Callable[..., Running]) -> None:
    running = start("Listeners:\n" + fixed("one"), "--no-watch")
    running.config.write_text("Listeners:\n" + fixed("two"))
    running.signal(signal.SIGHUP)
    running.wait_output("configuration taken up")
    assert get(running.port()) == (200, b"two")


def test_a_bad_file_changes_nothing_and_every_problem_is_said(start: Callable[..., Running]) -> None:
    running = start("Listeners:\n" + fixed("one"))
    running.config.write_text("Listeners:\n" + fixed("two").replace("Port", "Prot") + "Admin: {}\n")
    running.wait_output("not taken up, the running one stays in force")
    assert f"{running.config}:2:5: unknown key `Prot`" in running.output
    assert f"{running.config}:5:8: `Port` is missing" in running.output
    assert get(running.port()) == (200, b"one")
    running.config.write_text("Listeners:\n" + fixed("three"))
    running.wait_output("configuration taken up")
    assert get(running.port()) == (200, b"three")


def test_listeners_come_and_go_without_dropping_others(start: Callable[..., Running]) -> None:
    running = start("Listeners:\n" + fixed("one"))
    kept = running.port()
    connection = http.client.HTTPConnection("127.0.0.1", kept, timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"one"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        added = probe.getsockname()[1]
    running.config.write_text("Listeners:\n" + fixed("one") + fixed("added", added))
    running.wait_output("1 ports kept, 1 opened, 0 closed")
    assert get(added) == (200, b"added")
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"one", "the connection from before the reload"
    connection.close()
    running.config.write_text("Listeners:\n" + fixed("one"))
    running.wait_output("1 ports kept, 0 opened, 1 closed")
    until(lambda: not answers(added), "the removed listener closes")
    assert get(kept) == (200, b"one")


def test_a_reload_whose_port_is_taken_changes_nothing(start: Callable[..., Running]) -> None:
    running = start("Listeners:\n" + fixed("one"))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        running.config.write_text("Listeners:\n" + fixed("two") + fixed("x", other.getsockname()[1]))
        running.wait_output("it is in use")
        assert get(running.port()) == (200, b"one")


def test_what_cannot_change_while_running_is_refused_whole(start: Callable[..., Running]) -> None:
    running = start("Listeners:\n" + fixed("one"))
    running.config.write_text("Listeners:\n" + fixed("two") + "DataDirectory: elsewhere\n")
    running.wait_output("DataDirectory cannot change while running")
    assert get(running.port()) == (200, b"one")


def test_a_request_in_flight_finishes_while_stopping(start: Callable[..., Running], slow_target: int) -> None:
    running = start(forwarding(slow_target))
    result: list[tuple[int, bytes]] = []
    port = running.port()
    client = threading.Thread(target=lambda: result.append(get(port, "/slow")))
    client.start()
    assert Slow.arrived.wait(SECONDS)
    running.signal(signal.SIGTERM)
    running.wait_output("stopping")
    until(lambda: not answers(port), "no new connections are accepted")
    Slow.go.set()
    client.join()
    assert result == [(200, b"done")]
    assert running.end() == 0


def test_the_deadline_cuts_what_does_not_finish(start: Callable[..., Running], slow_target: int) -> None:
    running = start(forwarding(slow_target), "--drain-seconds", "0.2")
    with socket.create_connection(("127.0.0.1", running.port())) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert Slow.arrived.wait(SECONDS)
        before = time.monotonic()
        assert running.end() == 0
        assert time.monotonic() - before < 10
    assert "did not finish in time" in running.output


def test_a_second_signal_does_not_wait(start: Callable[..., Running], slow_target: int) -> None:
    running = start(forwarding(slow_target), "--drain-seconds", "300")
    with socket.create_connection(("127.0.0.1", running.port())) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert Slow.arrived.wait(SECONDS)
        running.signal(signal.SIGINT)
        running.wait_output("stopping")
        running.signal(signal.SIGINT)
        assert running.process.wait(SECONDS) == 0


def test_the_access_log_is_reopened_for_rotation(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start("Listeners:\n" + fixed("hi") + "AccessLog: access.log\n")
    log, rotated = tmp_path / "access.log", tmp_path / "access.log.1"
    get(running.port(), "/first")
    until(lambda: log.exists() and "/first" in log.read_text(), "first row")
    log.rename(rotated)
    running.signal(signal.SIGUSR1)
    running.wait_output("access log reopened")
    get(running.port(), "/second")
    until(lambda: log.exists() and "/second" in log.read_text(), "row in the new file")
    assert "/second" not in rotated.read_text()


def test_log_lines_can_be_json(start: Callable[..., Running]) -> None:
    running = start("Listeners:\n" + fixed("hi"), "--log-format", "json")
    running.end()
    events = [json.loads(line) for line in running.output.splitlines() if line.startswith("{")]
    assert events[-1]["message"] == "stopped"
    assert events[-1]["level"] == "info"


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    return trustme.CA()


def write_certificate(authority: trustme.CA, folder: Path, name: str, *hosts: str) -> None:
    certificate = authority.issue_cert(*hosts)
    certificate.private_key_pem.write_to_path(folder / f"{name}.key")
    (folder / f"{name}.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))


def https(*names: str) -> str:
    pairs = ", ".join(f"{{CertificateFile: {name}.pem, PrivateKeyFile: {name}.key}}" for name in names)
    return f"    Protocol: HTTPS\n    Certificates: [{pairs}]\n"


def served_names(port: int, host: str, authority: trustme.CA) -> set[str]:
    context = ssl.create_default_context()
    context.check_hostname = False
    authority.configure_trust(context)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=host) as secure,
    ):
        certificate = secure.getpeercert()
        assert certificate is not None
        return {value for kind, value in certificate["subjectAltName"] if kind == "DNS"}


def test_the_certificate_is_chosen_by_server_name(
    start: Callable[..., Running], tmp_path: Path, authority: trustme.CA
) -> None:
    write_certificate(authority, tmp_path, "a", "a.example")
    write_certificate(authority, tmp_path, "b", "*.b.example")
    running = start("Listeners:\n" + fixed("hi", extra=https("a", "b")))
    assert served_names(running.port(), "x.b.example", authority) == {"*.b.example"}
    assert served_names(running.port(), "x.y.b.example", authority) == {"a.example"}
    assert served_names(running.port(), "other.example", authority) == {"a.example"}


def test_a_replaced_certificate_is_taken_up_and_requests_go_on(
    start: Callable[..., Running], tmp_path: Path, authority: trustme.CA
) -> None:
    write_certificate(authority, tmp_path, "a", "old.example")
    running = start("Listeners:\n" + fixed("hi", extra=https("a")))
    assert served_names(running.port(), "x.example", authority) == {"old.example"}
    write_certificate(authority, tmp_path, "a", "new.example")
    until(
        lambda: served_names(running.port(), "x.example", authority) == {"new.example"}, "the new certificate"
    )


def test_a_listener_can_change_from_http_to_https_on_its_port(
    start: Callable[..., Running], tmp_path: Path, authority: trustme.CA
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    write_certificate(authority, tmp_path, "a", "127.0.0.1")
    running = start("Listeners:\n" + fixed("plain", port))
    running.config.write_text("Listeners:\n" + fixed("secure", port, extra=https("a")))
    running.wait_output("0 ports kept, 1 opened, 1 closed")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    until(lambda: _secure_answer(port, context) == (200, b"secure"), "TLS on the port")


def _secure_answer(port: int, context: ssl.SSLContext) -> tuple[int, bytes] | None:
    try:
        return get(port, context=context)
    except OSError:
        return None  # the old door may take one more connection while it closes


def test_an_unreachable_provider_keeps_nothing_from_starting(start: Callable[..., Running]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        issuer = f"http://127.0.0.1:{closed.getsockname()[1]}"
    login = (
        "{Type: authenticate-oidc, Order: 1, AuthenticateOidcConfig: "
        f'{{Issuer: "{issuer}", ClientId: a, ClientSecret: hush-hush}}}}'
    )
    rule = (
        "    Rules:\n      - Priority: 1\n        Conditions: [{Field: path-pattern, Values: [/private]}]\n"
        f"        Actions: [{login}, {{Type: fixed-response, Order: 2, "
        "FixedResponseConfig: {StatusCode: '200'}}]\n"
    )
    running = start("Listeners:\n" + fixed("hi") + rule)
    running.wait_output(f"identity provider {issuer}: no answer")
    assert get(running.port()) == (200, b"hi")
    assert get(running.port(), "/private")[0] in range(500, 600)
    assert "hush-hush" not in running.output


def pools(*names: str) -> str:
    items = "".join(
        f"  - UserPoolName: {name}\n    UserPoolId: local_{name}\n"
        f"    UserPoolClients: [{{ClientName: web, CallbackURLs: [http://localhost/oauth2/idpresponse]}}]\n"
        for name in names
    )
    return f"UserPools:\n{items}PoolServer: {{Port: 0}}\n"


def test_user_pools_are_served_and_reloaded(start: Callable[..., Running]) -> None:
    running = start("Listeners:\n" + fixed("hi") + pools("people"))
    pool = json.loads(running.ready.read_text())["pool"]
    port = int(pool.rpartition(":")[2])

    def issuer(name: str) -> str | None:
        status, body = get(port, f"/local_{name}/.well-known/openid-configuration")
        return json.loads(body)["issuer"] if status == 200 else None

    assert issuer("people") == f"{pool}/local_people"
    assert issuer("guests") is None
    running.config.write_text("Listeners:\n" + fixed("hi") + pools("people", "guests"))
    running.wait_output("configuration taken up")
    assert issuer("guests") == f"{pool}/local_guests"
    assert issuer("people") == f"{pool}/local_people"
    running.config.write_text("Listeners:\n" + fixed("hi"))
    running.wait_output("1 ports kept, 0 opened, 1 closed")
    until(lambda: not answers(port), "the pool's door closes")
    assert get(running.port()) == (200, b"hi")
    assert running.end() == 0
    assert "Traceback" not in running.output
