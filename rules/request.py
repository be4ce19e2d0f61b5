"""The head of one HTTP request as the rule language sees it.

Built by the adapters of `lb`, read by conditions, transforms and redirects. Everything is *raw*: nothing is
percent-decoded, because the path that a rule matched must be the path that the target receives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class RequestHead:
    """One request head.

    Treat it as immutable; it is not `frozen` because frozen construction costs 2 us a request.
    """

    method: str
    """As sent, case kept (AWS: methods are case-sensitive)."""
    scheme: str
    """`http` or `https`, by the listener that accepted the connection."""
    host: str
    """Host without port, lower case.

    Absolute-form targets: the host of the URI (AWS: it wins over the header).
    """
    port: int
    """The listener's port."""
    path: str
    """Raw path, `/`-leading, without query. Latin-1 text of the bytes sent."""
    query: str
    """Raw query without the leading `?`; empty when there was none."""
    headers: Sequence[tuple[bytes, bytes]]
    """(lower-case name, value) pairs in the order sent; repeats kept."""
    peer: str
    """Address of the TCP peer, never taken from X-Forwarded-For."""
    peer_port: int = 0
    authority: str = ""
    """The Host value as sent, port included, lower-cased. Redirects and callback URLs are built from it."""

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of `name` (lower case), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def header_values(self, name: bytes) -> Iterator[bytes]:
        """Yield every value of `name` (lower case) in the order sent."""
        return (value for key, value in self.headers if key == name)

    @property
    def target(self) -> str:
        """Path and query as one origin-form request target."""
        return f"{self.path}?{self.query}" if self.query else self.path
