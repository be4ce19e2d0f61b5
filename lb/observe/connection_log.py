"""The connection log: one row per client connection, ALB's 15 fields in order (alb.md 9.2).

`conn_trace_id` joins it to the access log. The disk is treated as the access log's is.
"""

from __future__ import annotations

from dataclasses import dataclass

from lb.client_certificate import describe
from lb.observe.row import bare, quoted, timestamp
from lb.observe.rows import RowLog


@dataclass(slots=True, eq=False)
class ConnectionRecord:
    """What is known of one connection once its handshake is over. Empty: not known, or none."""

    wall: float
    """Wall clock when the connection was accepted."""
    client: str
    client_port: int
    node_ip: str
    conn_trace_id: str
    listener_port: int = 0
    elb: str = ""
    tls_protocol: str = ""
    tls_cipher: str = ""
    latency: float | None = None
    """Seconds that the handshake took."""
    leaf: bytes = b""
    """The client's certificate, DER; presented, not always accepted."""
    verification: str = ""
    """`Success`, `Failed:<code>`; empty where there is no TLS."""
    group: str = ""
    """IANA name of the key exchange group."""


def format_connection(record: ConnectionRecord) -> str:
    """Format one row, with its newline."""
    r = record
    leaf = describe(r.leaf) if r.leaf else None
    latency = "-" if r.latency is None else f"{r.latency:.3f}"
    fields = (
        timestamp(r.wall),
        bare(r.client),
        str(r.client_port),
        str(r.listener_port),
        bare(r.tls_protocol),
        bare(r.tls_cipher),
        latency,
        quoted(leaf.subject) if leaf else '"-"',
        leaf.validity if leaf else "-",
        leaf.serial_number if leaf else "-",
        bare(r.verification),
        bare(r.conn_trace_id),
        bare(r.group),
        bare(r.elb),
        bare(r.node_ip),
    )
    return " ".join(fields) + "\n"


class ConnectionLog(RowLog):
    """Takes records, writes rows."""

    title = "connection log"

    def write(self, record: ConnectionRecord) -> None:
        """Note one connection. Never raises for the disk's sake, never waits."""
        if self.active:
            self.write_row(format_connection(record))
