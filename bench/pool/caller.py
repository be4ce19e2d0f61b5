"""Callers of the pool: kept connections on the standard library's client, so that asking costs little beside
answering, and what many of them at once came to."""

from __future__ import annotations

import base64
import itertools
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

SERVICE = "AWSCognitoIdentityProviderService"
TIMEOUT_SECONDS = 60.0
IDLE_SECONDS = 3.0
"""How long a kept connection may rest before it is opened anew; the pool's server ends it after five."""


class RefusedError(RuntimeError):
    """The pool did not do what it was asked."""


class Caller:
    """One kept connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        place = urlsplit(url)
        assert place.hostname is not None
        self._connection = HTTPConnection(place.hostname, place.port, timeout=TIMEOUT_SECONDS)
        self._used = 0.0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def api(self, operation: str, **members: Any) -> Any:
        """Call an operation that needs no signature; raises RefusedError."""
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{SERVICE}.{operation}"}
        return json.loads(self._ask("POST", "/", json.dumps(members), headers) or b"{}")

    def redeem(self, form: Mapping[str, str], *, client: tuple[str, str] | None = None) -> Any:
        """Ask the token endpoint; raises RefusedError unless it gives tokens."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if client is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(client).encode()).decode()
        return json.loads(self._ask("POST", "/oauth2/token", urlencode(form), headers))

    def get(self, path: str) -> bytes:
        """Fetch a page; raises RefusedError unless it is there."""
        return self._ask("GET", path, None, {})

    def initiate_auth(self, **members: Any) -> Any:
        """As boto3's client, for pycognito."""
        return self.api("InitiateAuth", **members)

    def respond_to_auth_challenge(self, **members: Any) -> Any:
        """As boto3's client, for pycognito."""
        return self.api("RespondToAuthChallenge", **members)

    def _ask(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> bytes:
        if time.monotonic() > self._used + IDLE_SECONDS:
            self._connection.close()
        self._connection.request(method, path, body, dict(headers))
        answer = self._connection.getresponse()
        content = answer.read()
        self._used = time.monotonic()
        if answer.status != 200:
            raise RefusedError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content


Work = Callable[[Caller], object]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long each of the repetitions took, and all of them together, in seconds."""

    times: Sequence[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Repetitions per second."""
        return len(self.times) / self.seconds

    def percentile(self, share: float) -> float:
        """The time in milliseconds within which this share was done."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3


def repeat(
    work: Work, url: str, *, seconds: float, callers: int, most: int = sys.maxsize, pause: float = 0.0
) -> Pace:
    """Do it over and over by several callers, `most` times at most and once at least.

    Raises what one of them met, and then none goes on. Each rests for `pause` seconds in between.
    """
    started, end, turns = time.monotonic(), threading.Event(), itertools.count()

    def loop() -> list[float]:
        caller, times = Caller(url), list[float]()
        try:
            while not end.is_set() and (turn := next(turns)) < most:
                if turn and time.monotonic() > started + seconds:
                    break
                before = time.perf_counter()
                work(caller)
                times.append(time.perf_counter() - before)
                if pause:
                    end.wait(pause)
        except BaseException:
            end.set()
            raise
        finally:
            caller.close()
        return times

    with ThreadPoolExecutor(callers) as pool:
        try:
            done = [pool.submit(loop) for _ in range(callers)]
            times = [each for one in done for each in one.result()]
        finally:
            end.set()
    return Pace(times, time.monotonic() - started)
