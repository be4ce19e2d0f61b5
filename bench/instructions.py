"""What a request costs in instructions: `python -m bench.instructions`.

The data plane in one process, on transports in memory, with the requests of the blocks; callgrind counts
while they are served. Kernel and event loop are left out, so the numbers are the same on a busy machine as on
a quiet one: they tell whether a change of ours made a request cheaper, and nothing about other proxies. Needs
valgrind. `--profile` runs the same under cProfile, and `--seconds` takes the time instead.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from bench.load import VARIANTS
from lb.authn.authenticate import AuthenticateHandler, Visit
from lb.authn.session import Session
from rules.request import RequestHead
from tests.support.data_plane import FORWARD
from tests.support.memory import MemoryLoop, MemoryPlane, Wire

ROOT = Path(__file__).parent.parent
KINDS = ("repeated", "values", "lines", "post")
WARM_UP, REQUESTS = 1_500, 1_000
BODY = b"x" * 1024
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.31.3\r\nDate: Wed, 25 Nov 2026 10:00:00 GMT\r\n"
    b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n%b"
    % (len(BODY), BODY)
)
BROWSER = (
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    b"Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
)
LOGIN: dict[str, Any] = {
    "Type": "authenticate-oidc",
    "AuthenticateOidcConfig": {
        "Issuer": "https://idp.example.com",
        "AuthorizationEndpoint": "https://idp.example.com/authorize",
        "TokenEndpoint": "https://idp.example.com/token",
        "UserInfoEndpoint": "https://idp.example.com/userinfo",
        "ClientId": "web",
        "ClientSecret": "secret",
    },
}
_COUNTED = re.compile(r"Collected : (\d+)")


def rules() -> list[dict[str, Any]]:
    """Return those of the benchmark: ten that do not match, one without and one with a login."""
    paths = {number: f"/api/v{number}/*" for number in range(1, 11)} | {20: "/plain/*", 30: "/private/*"}
    return [
        {
            "Priority": number,
            "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
            "Actions": [*([LOGIN] if number == 30 else []), FORWARD],
        }
        for number, path in paths.items()
    ]


class Mute(Wire):
    """A wire that keeps nothing of what it carries."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Tell the peer."""
        self.on_sent(data)  # type: ignore[arg-type]


class Stage:
    """One client, one target, and the requests between them."""

    def __init__(self, kind: str, *, login: bool) -> None:
        """Make everything; `kind` is one of `KINDS`."""
        self._plane = MemoryPlane(MemoryLoop(), wire=Mute, rules=rules())
        # The plane keeps records for tests.
        self._plane.runtime.record = type(self._plane.runtime).record.__get__(self._plane.runtime)  # type: ignore[method-assign]
        self._client = self._plane.client()
        self._target: Wire
        self._answered = 0
        self._client.on_sent = self._on_answer
        path = b"/private/small" if login else b"/plain/small"
        cookie = self._cookie() if login else b""
        self._heads = cycle(list(heads(kind, path, cookie)))
        self._plane.loop.run_until_complete(self._open())

    def _cookie(self) -> bytes:
        """Return the Cookie line of somebody who is logged in, of about two kilobytes."""
        handler = self._plane.runtime.snapshot.listeners["listener"].pre_actions[30]
        assert isinstance(handler, AuthenticateHandler)
        now = time.time()
        claims = {"sub": "4b6f0a52-9e1d-4d0c-8d6c-0d5c1f2b7a11", "email": "ada@example.com", "name": "Ada"}
        session = Session("1", claims, "a" * 900, "r" * 900, int(now) + 3600, int(now) + 3600)
        visit = Visit(RequestHead("GET", "http", "localhost", 8080, "/", "", (), "192.0.2.7"), None, now)
        lines = handler.session_cookies(session, visit)
        assert lines
        return b"Cookie: " + b"; ".join(value.partition(b";")[0] for _, value in lines) + b"\r\n"

    async def _open(self) -> None:
        self._client.receive(next(self._heads))
        await self._plane.loop.settle()
        (self._target,) = self._plane.upstream
        self._target.receive(ANSWER)

    def _on_answer(self, data: bytes) -> None:
        self._answered += data.startswith(b"HTTP/1.1 200 ")

    def serve(self, count: int) -> None:
        """Serve so many requests."""
        asked, answered = self._client.protocol.data_received, self._target.protocol.data_received
        before, heads = self._answered, self._heads
        for _ in range(count):
            asked(next(heads))
            answered(ANSWER)
        if self._answered - before != count:
            raise SystemExit(f"{count - self._answered + before} of {count} requests failed")


def heads(kind: str, path: bytes, cookie: bytes) -> Iterator[bytes]:
    """Yield the requests of one kind: like those of wrk's scripts, with a browser's lines besides."""
    seed = 1
    for i in range(1, VARIANTS + 1):
        number = 1 if kind == "repeated" else i
        seed = (seed * 1103515245 + 12345) % (1 << 31)
        more = [b"X-Extra-%d: %d\r\n" % (n, i) for n in range(6) if (seed >> 16 + n) & 1]
        body = b'{"page": %4d, "size": 50}' % number
        yield b"".join(
            (
                b"%b %b?page=%d HTTP/1.1\r\nHost: localhost:8080\r\n"
                % (b"POST" if kind == "post" else b"GET", path, number),
                BROWSER,
                b"X-Request-Id: %08x-%04x\r\n" % (number * 2654435761 % (1 << 32), number),
                b"Referer: http://localhost/catalogue/%d\r\n" % (number * 7919 % 100000),
                *(more if kind == "lines" else ()),
                cookie,
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
                if kind == "post"
                else b"\r\n",
            )
        )


def count_instructions(kind: str, *, login: bool) -> float:
    """Return the instructions of one request. Raises RuntimeError when valgrind does not say."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--instr-atstart=no"]
    command += [sys.executable, "-m", "bench.instructions", "--serve", kind, *(["--login"] if login else [])]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)},
    )
    found = _COUNTED.search(done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"valgrind ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return int(found[1]) / REQUESTS


def serve_counted(stage: Stage) -> None:
    """Serve with callgrind counting, and end before anything else is counted."""
    switch = ["callgrind_control", str(os.getpid())]
    stage.serve(WARM_UP)
    subprocess.run([*switch, "--instr=on"], check=True, stdout=subprocess.DEVNULL)
    stage.serve(REQUESTS)
    subprocess.run([*switch, "--instr=off"], check=True, stdout=subprocess.DEVNULL)
    sys.stdout.flush()
    os._exit(0)


def time_requests(stage: Stage, rounds: int = 25) -> float:
    """Return microseconds of CPU of one request, the best of several rounds."""
    best = float("inf")
    stage.serve(WARM_UP)
    for _ in range(rounds):
        begun = time.process_time()
        stage.serve(REQUESTS)
        best = min(best, time.process_time() - begun)
    return best / REQUESTS * 1e6


def profile_requests(stage: Stage) -> None:
    """Print where the calls go."""
    stage.serve(WARM_UP)
    with cProfile.Profile() as profile:
        stage.serve(20 * REQUESTS)
    pstats.Stats(profile).sort_stats("tottime").print_stats(45)


def main() -> None:
    """Parse the arguments, count, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"of requests: {', '.join(KINDS)} (all)")
    parser.add_argument("--login", action="store_true", help="only the requests with a session")
    parser.add_argument("--profile", action="store_true", help="run under cProfile")
    parser.add_argument("--seconds", action="store_true", help="take the time: needs a quiet machine")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.chdir(folder)
        for kind in chosen.kinds or KINDS:
            if chosen.serve:
                serve_counted(Stage(kind, login=chosen.login))
            for login in (True,) if chosen.login else (False, True):
                name = f"{kind}, login" if login else kind
                if chosen.profile:
                    profile_requests(Stage(kind, login=login))
                elif chosen.seconds:
                    print(f"{name:<16}{time_requests(Stage(kind, login=login)):8.1f} us", flush=True)
                else:
                    print(f"{name:<16}{count_instructions(kind, login=login):10,.0f}", flush=True)


if __name__ == "__main__":
    main()
