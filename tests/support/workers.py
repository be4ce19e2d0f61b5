"""Several processes seen from outside: which of them serves a connection, and load that notices losses."""

from __future__ import annotations

import contextlib
import http.client
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

SECONDS = 100.0
"""Several interpreters start; on a busy machine that takes its time."""


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for `condition` to become true, and return what it gave."""
    deadline = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


def workers(admin: int) -> dict[str, int]:
    """The processes that serve, by name."""
    rows = httpx.get(f"http://127.0.0.1:{admin}/workers", trust_env=False).json()["Workers"]
    return {row["Name"]: row["Pid"] for row in rows if row["State"] == "serving"}


def balancers(admin: int) -> dict[str, int]:
    """The balancers that serve, by name."""
    return {name: pid for name, pid in workers(admin).items() if name.startswith("balancer")}


def server_of(connection: http.client.HTTPConnection, pids: set[int]) -> int:
    """Return which of `pids` holds the other end of a connection."""
    client, server = connection.sock.getsockname()[1], connection.sock.getpeername()[1]
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    inode = next(row[9] for row in rows if (_port(row[1]), _port(row[2])) == (server, client))
    return next(pid for pid in pids if f"socket:[{inode}]" in _links(pid))


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _links(pid: int) -> set[str]:
    found = set()
    for entry in os.scandir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(entry.path))
    return found


def connect_to(port: int, pid: int, pids: set[int]) -> http.client.HTTPConnection:
    """Open connections until one is served by `pid`, and return it after one request."""
    for _ in range(300):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/open", headers={"Host": f"localhost:{port}"})
        assert connection.getresponse().read()
        if server_of(connection, pids) == pid:
            return connection
        connection.close()
    raise AssertionError("300 connections, none served by that process")


@dataclass
class Load:
    """Requests without a pause, on new connections and on kept ones, until told to stop."""

    port: int
    answers: int = 0
    losses: list[str] = field(default_factory=list)
    closes: int = 0
    """Answers that said the connection ends, which the server is free to say."""
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def running(self, *, fresh: int = 2, kept: int = 4) -> Iterator[None]:
        """Run the load while the block runs."""
        threads = [threading.Thread(target=self._fresh) for _ in range(fresh)]
        threads += [threading.Thread(target=self._kept) for _ in range(kept)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _fresh(self) -> None:
        while not self._over.is_set():
            connection = self._connection()
            self._ask(connection, "new")
            connection.close()
            time.sleep(0.03)

    def _kept(self) -> None:
        connection = self._connection()
        while not self._over.is_set():
            if not self._ask(connection, "kept"):
                connection.close()
                connection = self._connection()
            time.sleep(0.03)
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def _ask(self, connection: http.client.HTTPConnection, kind: str) -> bool:
        """Send one request; tells whether the connection lives on."""
        try:
            connection.request("GET", "/open/load")
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            with self._lock:
                self.losses.append(f"{kind}: {error!r}")
            return False
        with self._lock:
            self.answers += 1
            self.closes += answer.will_close
            if answer.status != 200 or not body:
                self.losses.append(f"{kind}: {answer.status} {body!r}")
        return not answer.will_close
