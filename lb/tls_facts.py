"""What targets are told about a TLS connection: which headers, by which names, with which values. Pure.

alb.md 1.4 to 1.6. The usual names are ALB's; listener attributes rename them, and then only the other name is
sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lb.client_certificate import describe, quote_pem
from lb.settings import LoadBalancerAttributes, MutualMode

VERSION = "x-amzn-tls-version"
CIPHER = "x-amzn-tls-cipher-suite"
GROUP = "x-amzn-tls-kx"
CHAIN = "X-Amzn-Mtls-Clientcert"
SERIAL_NUMBER = "X-Amzn-Mtls-Clientcert-Serial-Number"
ISSUER = "X-Amzn-Mtls-Clientcert-Issuer"
SUBJECT = "X-Amzn-Mtls-Clientcert-Subject"
VALIDITY = "X-Amzn-Mtls-Clientcert-Validity"
LEAF = "X-Amzn-Mtls-Clientcert-Leaf"

_OF_MODE: Mapping[MutualMode, tuple[str, ...]] = {
    MutualMode.OFF: (),
    MutualMode.PASSTHROUGH: (CHAIN,),
    MutualMode.VERIFY: (SERIAL_NUMBER, ISSUER, SUBJECT, VALIDITY, LEAF),
}

Told = tuple[tuple[str, str], ...]
"""(usual name, name to send) of the headers that a listener adds."""


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """One TLS connection."""

    version: str
    cipher: str
    group: str = ""
    chain: tuple[bytes, ...] = ()
    """What the client presented, DER, leaf first; empty for nothing."""


def told_headers(
    attributes: LoadBalancerAttributes, mode: MutualMode, names: Sequence[tuple[str, str]] = ()
) -> Told:
    """Return the headers that a listener adds; `names` are its (usual name, other name)."""
    usual: list[str] = []
    if attributes.tls_version_and_cipher_headers:
        usual += (VERSION, CIPHER)
    if attributes.tls_key_exchange_header:
        usual.append(GROUP)
    usual += _OF_MODE[mode]
    other = {name.lower(): new for name, new in names}
    return tuple((name, other.get(name.lower(), name)) for name in usual)


def write_lines(told: Told, facts: TlsFacts) -> bytes:
    """Return the header lines about a connection; a fact that it does not have has no line."""
    values = _values(facts, {name for name, _ in told})
    lines = (f"{name}: {values[usual]}\r\n" for usual, name in told if usual in values)
    return "".join(lines).encode("ascii")


def _values(facts: TlsFacts, wanted: set[str]) -> dict[str, str]:
    values = {VERSION: facts.version, CIPHER: facts.cipher}
    if facts.group:
        values[GROUP] = facts.group
    if facts.chain and CHAIN in wanted:
        values[CHAIN] = quote_pem(facts.chain)
    if facts.chain and LEAF in wanted:
        leaf = describe(facts.chain[0])
        values[LEAF] = quote_pem(facts.chain[:1])
        if leaf is not None:
            values[SERIAL_NUMBER] = leaf.serial_number
            values[ISSUER] = leaf.issuer
            values[SUBJECT] = leaf.subject
            values[VALIDITY] = leaf.validity
    return values
