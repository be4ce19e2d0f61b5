"""What deciding a request can come to: the vocabulary between the pipeline, its pre-actions and the exchange.

Deciding is synchronous and pure. The rare case that needs I/O (code exchange, refresh, key fetch) is
`Pending`: it names the coroutine to run, and when that finishes it gives a value that needs no more I/O.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from lb.reasons import Reason
from rules.ruleset import Decision

HeaderList = tuple[tuple[bytes, bytes], ...]
"""(name, value) pairs as they go on the wire."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that the load balancer makes itself."""

    status: int
    headers: HeaderList = field(default=(), repr=False)
    """Without Server, Date, Content-Length and Connection: the adapters add those."""
    body: bytes = b""
    reason: Reason | None = None
    """Why, for the access log and the metrics; None for a plain redirect or fixed response."""
    actions: tuple[str, ...] = ()
    """Words of the access log's `actions_executed`: `authenticate`, `redirect`, `fixed-response`."""
    redirect_url: str = ""
    """The access log's `redirect_url`; empty for none. Never a URL that carries a code, state or token."""
    close: bool = False
    """Close the client's connection afterwards (refused framing: the rest of the bytes cannot be trusted)."""
    priority: int | None = None
    """Priority of the rule for the access log, set by the pipeline; -1 for a refused login callback."""
    transform_status: str = ""
    """The access log's `request_transform_status`, when that is why there is an answer."""
    group_arn: str = ""
    """The access log's target group, when a group was chosen and had no target to offer."""


@dataclass(frozen=True, slots=True)
class Proceed:
    """A pre-action let the request pass."""

    request_headers: HeaderList = field(default=(), repr=False)
    """Headers to add to the request: identity headers. Client-sent ones of these names are stripped
    always."""
    response_headers: HeaderList = field(default=(), repr=False)
    """Headers to add to the response: Set-Cookie of a refreshed session."""
    action: str = ""
    """The access log's word, e.g. `authenticate`; empty when nothing was done."""
    subject: str = ""
    until: float = field(default=0.0, compare=False)
    """Until when (epoch seconds) the very same head passes in the same way; 0: ask each time."""
    depends_on: bytes | None = field(default=None, compare=False)
    """Name (lower case) of the one header that this depends on, and on nothing else of the head; empty: on
    none; None: on any."""


@dataclass(slots=True, eq=False)
class Dispatch:
    """The request goes to a target group. Immutable by agreement: a frozen one costs 2 us a request."""

    group: str
    path: str
    """Raw path for the target, after transforms."""
    query: str
    authority: str
    """Host header for the target, after transforms and the Host rules of the load balancer."""
    request_headers: HeaderList = field(default=(), repr=False)
    response_headers: HeaderList = field(default=(), repr=False)
    actions: tuple[str, ...] = ("forward",)
    transformed_host: str = ""
    transformed_uri: str = ""
    transform_status: str = ""
    priority: int = 0
    subject: str = field(default="", repr=False)
    until: float = 0.0
    """Until when (epoch seconds) the very same head goes the same way; 0: decide each time."""
    decision: Decision | None = None
    """The rule's, where every request that it is for goes this way, but for `depends_on`."""
    depends_on: bytes | None = None
    """As of `Proceed`."""


@dataclass(frozen=True, slots=True)
class Pending:
    """I/O is needed first. `run` is called once and awaited; what it gives is final."""

    run: Callable[[], Awaitable[Answer | Proceed | Dispatch]]
    label: str
    """What is waited for, for logs: `code exchange`, `refresh`, `jwks`."""


PreActionOutcome = Proceed | Answer | Pending
