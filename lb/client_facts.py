"""What is known of a client's connection before its first request: addresses, TLS, the server name asked for.

Shared by the protocols that accept clients (`lb.wire`, `lb.http2`). A server's SNI callback tells what it
saw by setting `albacore_sni` (the name asked for) and `albacore_certificate` (the chosen certificate's ARN
or name) on the SSL object it was given.
"""

from __future__ import annotations

import asyncio
import time
from random import getrandbits
from time import monotonic

from uvicorn.protocols.utils import get_local_addr, get_remote_addr

from lb.admission import Origin
from lb.observe.record import AccessRecord
from lb.observe.trace import connection_id
from lb.snapshot import ListenerSnapshot


class ClientFacts:
    """The constant side of one client connection; a base of the protocol classes."""

    origin: Origin

    def read_facts(self, transport: asyncio.Transport, listener: ListenerSnapshot) -> None:
        """Take everything from a transport that is ready; called once, when the connection is made."""
        client, server = get_remote_addr(transport), get_local_addr(transport)
        self.peer, self.peer_port = (client[0], client[1] or 0) if client else ("", 0)
        self.node_ip = str(server[0]) if server else ""
        self.connection_id = connection_id(f"{getrandbits(128):032x}")
        self._read_tls(transport)
        self.origin = Origin(
            listener.settings.protocol.lower(),
            listener.settings.port,
            self.peer,
            self.peer_port,
            listener.default_host,
        )

    def _read_tls(self, transport: asyncio.Transport) -> None:
        encrypted = transport.get_extra_info("ssl_object")
        self.tls_protocol = self.tls_cipher = self.sni = self.certificate = ""
        if encrypted is not None:
            self.tls_protocol = encrypted.version() or ""
            cipher = encrypted.cipher()
            self.tls_cipher = cipher[0] if cipher else ""
            self.sni = getattr(encrypted, "albacore_sni", None) or ""
            self.certificate = getattr(encrypted, "albacore_certificate", None) or ""

    @property
    def tls_lines(self) -> bytes:
        """Header lines with the TLS version and cipher in OpenSSL's words; empty on plain connections."""
        if not self.tls_protocol:
            return b""
        return (
            f"x-amzn-tls-version: {self.tls_protocol}\r\nx-amzn-tls-cipher-suite: {self.tls_cipher}\r\n"
        ).encode()

    def new_record(self, method: str, listener: ListenerSnapshot, *, received: int) -> AccessRecord:
        """Begin the record of a request whose head took `received` bytes."""
        scheme = self.origin.scheme
        return AccessRecord(
            type=scheme,
            elb=listener.elb,
            node_ip=self.node_ip,
            created_wall=time.time(),
            created=monotonic(),
            client=self.peer,
            client_port=self.peer_port,
            received_bytes=received,
            method=method,
            scheme=scheme,
            port=self.origin.port,
            tls_cipher=self.tls_cipher,
            tls_protocol=self.tls_protocol,
            sni=self.sni,
            cert_arn=self.certificate,
            conn_trace_id=self.connection_id,
        )
