"""What is known of a client's connection before its first request: addresses, TLS, the server name asked for.

Shared by the protocols that accept clients (`lb.wire`, `lb.http2`). What a handshake told besides comes from
`lb.handshake`.
"""

from __future__ import annotations

import asyncio
import time
from random import getrandbits
from time import monotonic
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.utils import get_local_addr, get_remote_addr

from lb.admission import Origin
from lb.handshake import told_by
from lb.headers import ForwardPolicy
from lb.observe.connection_log import ConnectionRecord
from lb.observe.record import AccessRecord
from lb.observe.trace import connection_id
from lb.snapshot import ListenerSnapshot
from lb.tls_facts import TlsFacts, write_lines

if TYPE_CHECKING:
    from lb.runtime import Runtime

SESSION_REUSED = "session-reused"
"""What the access log holds instead of a certificate when none was presented (alb.md 9.1)."""


class ClientFacts:
    """The constant side of one client connection; a base of the protocol classes."""

    origin: Origin
    runtime: Runtime
    _policy: ForwardPolicy
    _tls_lines: bytes | None
    """None: not written yet for this policy."""
    _template: dict[str, Any]
    _template_of: ListenerSnapshot | None

    def read_facts(self, transport: asyncio.Transport, listener: ListenerSnapshot) -> None:
        """Take everything from a transport that is ready; called once, when the connection is made."""
        client, server = get_remote_addr(transport), get_local_addr(transport)
        self.peer, self.peer_port = (client[0], client[1] or 0) if client else ("", 0)
        self.node_ip = str(server[0]) if server else ""
        self._read_tls(transport)
        if self._facts is None and self.runtime.connection_log.active:
            self._note_plain_connection(listener)
        self._policy, self._tls_lines = listener.policy, None
        self.forget_template()
        self.origin = Origin(
            listener.settings.protocol.lower(),
            listener.settings.port,
            self.peer,
            self.peer_port,
            listener.default_host,
        )

    def _read_tls(self, transport: asyncio.Transport) -> None:
        encrypted = transport.get_extra_info("ssl_object")
        told = told_by(encrypted)
        self.tls_protocol = self.tls_cipher = self.sni = self.certificate = ""
        # A server that sets no such id is not ours, and writes no connection log.
        known = told.connection_id if told is not None else ""
        self.connection_id = known or connection_id(f"{getrandbits(128):032x}")
        self._facts: TlsFacts | None = None
        if encrypted is None:
            return
        self.tls_protocol = encrypted.version() or ""
        cipher = encrypted.cipher()
        self.tls_cipher = cipher[0] if cipher else ""
        self._facts = TlsFacts(self.tls_protocol, self.tls_cipher)
        if told is not None:
            self.sni = told.sni
            self.certificate = SESSION_REUSED if encrypted.session_reused else told.certificate
            self._facts = TlsFacts(self.tls_protocol, self.tls_cipher, told.group, told.chain)

    def _note_plain_connection(self, listener: ListenerSnapshot) -> None:
        """Log a connection without TLS; `lb.tls_server` logs the others, which can fail before they are
        here.
        """
        record = ConnectionRecord(time.time(), self.peer, self.peer_port, self.node_ip, self.connection_id)
        self.runtime.note_connection(listener.settings.arn, record)

    @property
    def tls_lines(self) -> bytes:
        """Header lines about the connection as the listener's policy wants them; empty on plain ones."""
        if self._tls_lines is None:
            facts = self._facts
            self._tls_lines = write_lines(self._policy.tls_facts, facts) if facts is not None else b""
        return self._tls_lines

    def new_record(self, method: str, listener: ListenerSnapshot, *, received: int) -> AccessRecord:
        """Begin the record of a request whose head took `received` bytes."""
        if listener.policy is not self._policy:
            self._policy, self._tls_lines = listener.policy, None
        if listener is not self._template_of:
            self._template, self._template_of = self._make_template(listener), listener
        # A copied dictionary costs a third of an initializer with forty arguments.
        record = AccessRecord.__new__(AccessRecord)
        record.__dict__ = self._template.copy()
        record.created_wall = time.time()
        record.created = monotonic()
        record.received_bytes = received
        record.method = method
        return record

    def forget_template(self) -> None:
        """Let the next record be made anew."""
        self._template, self._template_of = {}, None

    def _make_template(self, listener: ListenerSnapshot) -> dict[str, Any]:
        """Return what all records of this connection have in common."""
        scheme = self.origin.scheme
        record = AccessRecord(
            type=scheme,
            elb=listener.elb,
            node_ip=self.node_ip,
            client=self.peer,
            client_port=self.peer_port,
            scheme=scheme,
            port=self.origin.port,
            tls_cipher=self.tls_cipher,
            tls_protocol=self.tls_protocol,
            sni=self.sni,
            cert_arn=self.certificate,
            conn_trace_id=self.connection_id,
        )
        return vars(record)
