"""A client that sends exactly the bytes it is given and reads every answer on the connection.

HTTP libraries refuse to send what an attacker sends; the security tests need just that.
"""

from __future__ import annotations

import http.client
import io
import socket
from dataclasses import dataclass, field

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RawResponse:
    """One answer; header names lower-cased."""

    status: int
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes

    def value(self, name: str) -> str:
        """The first value of a header, or empty."""
        return next((value for key, value in self.headers if key == name), "")


class _Recorded(io.BytesIO):
    """Received bytes in the shape of the socket that http.client reads a response from."""

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        return self

    def close(self) -> None:
        """Keep the buffer: the next response on the connection is still in it."""


def send_raw(port: int, data: bytes, *, expect: int | None = None) -> list[RawResponse]:
    """Send `data`, then read until the peer closes, or until `expect` answers are complete.

    Returns the answers, none when it only closed. Raises TimeoutError when neither happens.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
        received = bytearray()
        try:
            connection.sendall(data)
            while chunk := connection.recv(65536):
                received += chunk
                if expect is not None and _count_complete(received) >= expect:
                    break
        except (BrokenPipeError, ConnectionResetError):
            pass  # it refused before everything was sent: what came back is the answer
    return parse_responses(bytes(received))


def _count_complete(received: bytes | bytearray) -> int:
    try:
        return len(parse_responses(bytes(received)))
    except (http.client.HTTPException, ValueError):
        return 0


def parse_responses(received: bytes) -> list[RawResponse]:
    """Split a connection's bytes into its answers; interim 1xx answers are passed over."""
    stream = _Recorded(received)
    answers = []
    while stream.tell() < len(received):
        response = http.client.HTTPResponse(stream)  # type: ignore[arg-type]
        response.begin()
        headers = [(name.lower(), value) for name, value in response.getheaders()]
        answers.append(RawResponse(response.status, headers, response.read()))
    return answers


def get(
    port: int, target: str, *, host: str = "localhost", headers: list[tuple[str, str]] | None = None
) -> RawResponse:
    """Send one GET with exactly this target and these headers; returns its only answer."""
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        *(f"{name}: {value}" for name, value in headers or []),
    ]
    data = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
    (answer,) = send_raw(port, data)
    return answer
