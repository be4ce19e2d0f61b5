"""Which headers tell a target about a TLS connection."""

from __future__ import annotations

import pytest

from lb.settings import LoadBalancerAttributes, MutualMode
from lb.tls_facts import CHAIN, GROUP, SUBJECT, TlsFacts, told_headers, write_lines
from tests.support.certificates import Authority, name

ON = LoadBalancerAttributes(tls_version_and_cipher_headers=True, tls_key_exchange_header=True)
OFF = LoadBalancerAttributes()
LEAF = Authority(name("ours")).issue("client").der


@pytest.mark.parametrize(
    ("attributes", "mode", "count"),
    [
        (OFF, MutualMode.OFF, 0),
        (ON, MutualMode.OFF, 3),
        (OFF, MutualMode.PASSTHROUGH, 1),
        (OFF, MutualMode.VERIFY, 5),
        (ON, MutualMode.VERIFY, 8),
    ],
)
def test_attributes_and_mode_decide(attributes: LoadBalancerAttributes, mode: MutualMode, count: int) -> None:
    told = told_headers(attributes, mode)
    lines = write_lines(told, TlsFacts("TLSv1.3", "X", "x25519", (LEAF,)))
    assert lines.count(b"\r\n") == len(told) == count


def test_other_names_replace_the_usual_ones_in_any_case() -> None:
    told = told_headers(OFF, MutualMode.PASSTHROUGH, [("x-amzn-mtls-CLIENTCERT", "X-Cert")])
    assert told == ((CHAIN, "X-Cert"),)
    assert write_lines(told, TlsFacts("", "", "", (LEAF,))).startswith(b"X-Cert: -----BEGIN%20")


def test_what_is_not_there_has_no_line() -> None:
    told = told_headers(ON, MutualMode.VERIFY)
    lines = write_lines(told, TlsFacts("TLSv1.2", "AES128-SHA")).lower()
    assert GROUP.encode() not in lines
    assert SUBJECT.lower().encode() not in lines
