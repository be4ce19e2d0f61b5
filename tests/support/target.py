"""A target with real sockets that tells what it was sent, byte for byte.

Written on bare sockets because the tests look at spellings: header names as they came, repeats, order,
the request line untouched. Every request is kept in `requests`, and answered with itself as JSON (or, at
`/page`, as HTML that names the user).
"""

from __future__ import annotations

import base64
import html
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import BinaryIO, Self

MAX_HEAD = 256 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived; header names keep their spelling."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: str = field(default="")

    def values(self, name: str) -> list[str]:
        """Every value of the header `name`, whatever its case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def value(self, name: str) -> str:
        """The one value of the header `name`."""
        (value,) = self.values(name)
        return value


Respond = Callable[[Received], bytes]


def reply(
    body: bytes, *, content_type: str = "application/json", extra: str = "", status: str = "200 OK"
) -> bytes:
    """Build a response with a length."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def echo(received: Received) -> bytes:
    """Answer with the request: JSON, or the page of a signed-in user."""
    path = received.target.partition("?")[0]
    if path.startswith("/page"):
        return reply(user_page(received).encode(), content_type="text/html; charset=utf-8")
    return reply(json.dumps(asdict(received)).encode())


def user_page(received: Received) -> str:
    """The page of a naive app: it trusts the identity headers, as apps behind ALB do."""
    identity = received.values("x-amzn-oidc-identity")
    claims = unverified_claims(received.values("x-amzn-oidc-data")[0]) if identity else {}
    who = html.escape(str(claims.get("email") or claims.get("username") or "nobody"))
    target = html.escape(received.target)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>App</title>'
        '<link rel="icon" href="data:,"></head>'
        f"<body><h1>Hello, <span id=who>{who}</span></h1><p id=target>{target}</p></body></html>"
    )


def unverified_claims(token: str) -> dict[str, object]:
    """Read a token's payload without checking anything."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert isinstance(claims, dict)
    return claims


class Target:
    """Listens on 127.0.0.1 until closed; one thread per connection."""

    def __init__(self, respond: Respond = echo, *, health_path: str = "/health"):
        self.requests: list[Received] = []
        self._respond = respond
        self._health_path = health_path
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def last(self) -> Received:
        """The newest request that was no health check."""
        return self.requests[-1]

    def close(self) -> None:
        """Stop listening and drop every connection."""
        # shutdown() wakes the accepting thread; close() alone would leave it waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        with self._lock:
            for connection in self._open:
                connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while (received := read_request(stream)) is not None:
                    if received.target != self._health_path:
                        self.requests.append(received)
                    connection.sendall(self._respond(received))
        except OSError:
            return  # the peer or close() ended the connection: nothing is left to tell anybody
        finally:
            with self._lock:
                self._open.discard(connection)


def read_request(stream: BinaryIO) -> Received | None:
    """Read one request, or None at the end of the connection."""
    line = stream.readline(MAX_HEAD)
    if not line:
        return None
    method, target, _ = line.decode("latin-1").rstrip("\r\n").split(" ")
    headers: list[tuple[str, str]] = []
    while (field_line := stream.readline(MAX_HEAD)) not in (b"\r\n", b"\n", b""):
        name, _, value = field_line.decode("latin-1").rstrip("\r\n").partition(":")
        headers.append((name, value.strip()))
    return Received(method, target, headers, _read_body(stream, headers).decode("latin-1"))


def _read_body(stream: BinaryIO, headers: list[tuple[str, str]]) -> bytes:
    lower = {name.lower(): value for name, value in headers}
    if "chunked" in lower.get("transfer-encoding", ""):
        chunks = []
        while size := int(stream.readline().partition(b";")[0], 16):
            chunks.append(stream.read(size))
            stream.readline()
        while stream.readline() not in (b"\r\n", b""):
            pass
        return b"".join(chunks)
    return stream.read(int(lower.get("content-length", "0")))
