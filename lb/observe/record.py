"""What is noted about one request while it is served: the raw material of its access-log row and its metrics.

The data plane owns a record from the request's head to its end and hands it over once. Filling it must be
cheap, so it is a plain object of numbers and short texts; every formatting, escaping and redacting
happens later, in `lb.observe.access_log`. Put values in *as they came*: nothing here needs to be cleaned
first.
"""

from __future__ import annotations

from dataclasses import dataclass

from lb.reasons import Reason


@dataclass(eq=False, repr=False)
class AccessRecord:
    """One request (or one WebSocket connection) from its head to its end.

    Moments are seconds on the monotonic clock (`time.monotonic()`, or the loop's `time()`; one clock
    throughout); 0.0 says "never got there". Texts are latin-1 readings of the bytes on the wire; empty says
    unknown and logs as `-`.
    """

    type: str = "http"
    """`http`, `https`, `h2`, `grpcs`, `ws`, `wss`."""
    elb: str = ""
    """`app/<name>/<id>`: the tail of the load balancer's ARN."""
    node_ip: str = ""
    """Address of this node: the local address of the client's connection."""

    created_wall: float = 0.0
    """Wall clock (`time.time()`) at `created`; the only wall-clock reading that a request needs."""
    created: float = 0.0
    """The request's head was received."""
    dispatched: float = 0.0
    """The request's head was written to a target."""
    target_head: float = 0.0
    """The head of the target's response was received."""
    response_started: float = 0.0
    """The response's head was written to the client. 0.0 beside a `target_head`: at once."""
    done: float = 0.0
    """The last byte went out, or the connection ended."""

    client: str = ""
    client_port: int = 0
    target: str = ""
    """`Target.address`, e.g. `10.1.2.3:8080`; empty when no target was chosen."""
    target_group_arn: str = ""
    """ARN of the group of the forward action, also when it had no target to offer."""

    status: int = 0
    """Status that the client got (460: the client went first); 0 when there was none."""
    target_status: int = 0
    """Status that the target gave; 0 when it gave none."""
    received_bytes: int = 0
    """Bytes from the client for this request: head and body."""
    sent_bytes: int = 0
    """Bytes to the client for this request: head and body."""

    method: str = ""
    scheme: str = "http"
    host: str = ""
    """`RequestHead.host`: without port."""
    port: int = 0
    """The listener's port."""
    uri: str = ""
    """`RequestHead.target` as sent: raw path and query. Secrets in it are redacted when the row is made."""
    version: str = "HTTP/1.1"
    user_agent: bytes | None = None
    tls_cipher: str = ""
    tls_protocol: str = ""
    trace_id: bytes = b""
    """The X-Amzn-Trace-Id that the target got (or would have got)."""
    sni: str = ""
    cert_arn: str = ""
    """ARN (or name) of the certificate that was presented, or `session-reused`."""
    conn_trace_id: str = ""
    """`TID_` and 32 hex digits, one per client connection (`lb.observe.trace.connection_id`)."""

    priority: int | None = None
    """Priority of the rule; 0 the default rule; -1 a refused login callback or a failed evaluation; None
    `-`.
    """
    rule_evaluations: int = 0
    """How many rules were evaluated, the default rule left out."""
    actions: tuple[str, ...] = ()
    """`authenticate`, `jwt-validation`, `forward`, `redirect`, `fixed-response`, in the order executed."""
    redirect_url: str = ""
    reason: Reason | None = None
    """Why the load balancer answered by itself; None for targets' answers, redirects and fixed responses."""
    classification: str = ""
    """Desync class: `Acceptable`, `Ambiguous`, `Severe`; empty for compliant requests."""
    classification_reason: str = ""
    transformed_host: str = ""
    transformed_uri: str = ""
    transform_status: str = ""

    def __repr__(self) -> str:
        # A request's URI can hold a login code: a stray repr in a log must not show it.
        return f"AccessRecord({self.type} {self.method} status={self.status} target={self.target or '-'})"
