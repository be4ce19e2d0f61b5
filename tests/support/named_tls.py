"""TLS of a server of several sites, which chooses by the server name and refuses who names none."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import trustme


@dataclass(frozen=True, slots=True)
class NamedTls:
    """What the server listens with, and the names it was asked for."""

    context: ssl.SSLContext
    asked: list[str | None]


@contextmanager
def named_tls(name: str, *protocols: str) -> Iterator[NamedTls]:
    """Serve `name` alone; `protocols` are chosen from by ALPN."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(name).configure_cert(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    asked: list[str | None] = []

    def choose(_: ssl.SSLObject, wanted: str | None, __: ssl.SSLContext) -> int | None:
        asked.append(wanted)
        return None if wanted == name else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    context.sni_callback = choose
    try:
        yield NamedTls(context, asked)
    finally:
        context.sni_callback = None  # it and the context hold each other
