"""Security policies and the choice of certificate by server name."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
import trustme

from lb.settings import CertificateFiles, ListenerSettings
from lb.tls import POLICIES, ListenerTls, build_choices
from rules import FixedResponse, Rule, RuleSet

CA = trustme.CA()
RULES = RuleSet((), Rule(0, FixedResponse(200)))


class Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def issue(
        self, name: str, *hosts: str, kind: trustme.KeyType = trustme.KeyType.ECDSA
    ) -> CertificateFiles:
        certificate = CA.issue_cert(*hosts, key_type=kind)
        pem, key = self._path / f"{name}.pem", self._path / f"{name}.key"
        pem.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        certificate.private_key_pem.write_to_path(key)
        return CertificateFiles(pem, key)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def listener(
    *certificates: CertificateFiles, policy: str = "ELBSecurityPolicy-TLS13-1-2-2021-06"
) -> ListenerSettings:
    return ListenerSettings(
        arn="a",
        protocol="HTTPS",
        port=0,
        address="127.0.0.1",
        ruleset=RULES,
        certificates=certificates,
        ssl_policy=policy,
    )


def handshake(
    tls: ListenerTls, name: str | None, *, protocols: Sequence[str] = (), **client: ssl.TLSVersion
) -> ssl.SSLObject:
    """Shake hands in memory and return the client's side; raises ssl.SSLError."""
    context = ssl.create_default_context()
    context.check_hostname = False
    CA.configure_trust(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    for member, value in client.items():
        setattr(context, member, value)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = tls.context.wrap_bio(to_server, to_client, server_side=True)
    side = context.wrap_bio(to_client, to_server, server_hostname=name)
    for _ in range(6):
        for each in (side, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                each.do_handshake()
    side.peer_side = server  # type: ignore[attr-defined]
    return side


def served(tls: ListenerTls, name: str | None) -> set[str]:
    certificate = handshake(tls, name).getpeercert()
    assert certificate is not None
    return {value for kind, value in certificate["subjectAltName"] if kind == "DNS"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("b.example", "b.example", id="exact"),
        pytest.param("B.EXAMPLE", "b.example", id="case"),
        pytest.param("x.c.example", "*.c.example", id="wildcard"),
        pytest.param("x.y.c.example", "a.example", id="a wildcard is one label"),
        pytest.param("c.example", "a.example", id="a wildcard needs a label"),
        pytest.param("other.example", "a.example", id="default"),
        pytest.param(None, "a.example", id="no server name"),
    ],
)
def test_the_certificate_is_chosen_by_server_name(folder: Folder, name: str | None, expected: str) -> None:
    tls = ListenerTls(
        listener(
            folder.issue("a", "a.example"), folder.issue("b", "b.example"), folder.issue("c", "*.c.example")
        )
    )
    assert served(tls, name) == {expected}


def test_the_protocol_learns_name_and_certificate_for_the_access_log(folder: Folder) -> None:
    default, other = folder.issue("a", "a.example"), folder.issue("b", "b.example")
    server = handshake(ListenerTls(listener(default, other)), "b.example").peer_side  # type: ignore[attr-defined]
    assert (server.albacore_sni, server.albacore_certificate) == ("b.example", str(other.certificate))


def test_ecdsa_is_preferred_to_rsa_for_the_same_name(folder: Folder) -> None:
    """alb.md 1.2: several matches, the key algorithm decides first."""
    default = folder.issue("a", "a.example")
    rsa = folder.issue("rsa", "b.example", kind=trustme.KeyType.RSA)
    ecdsa = folder.issue("ecdsa", "b.example")
    assert build_choices(listener(default, rsa, ecdsa)).find("b.example")[1] == str(ecdsa.certificate)
    assert build_choices(listener(default, ecdsa, rsa)).find("b.example")[1] == str(ecdsa.certificate)


def test_certificates_and_policy_can_be_replaced_in_place(folder: Folder) -> None:
    tls = ListenerTls(listener(folder.issue("a", "a.example")))
    context = tls.context
    tls.apply(listener(folder.issue("n", "new.example"), policy="ELBSecurityPolicy-TLS13-1-3-2021-06"))
    assert tls.context is context
    assert served(tls, "x.example") == {"new.example"}
    with pytest.raises(ssl.SSLError):
        handshake(tls, "x.example", maximum_version=ssl.TLSVersion.TLSv1_2)


def test_a_replacement_that_fails_changes_nothing(folder: Folder, tmp_path: Path) -> None:
    tls = ListenerTls(listener(folder.issue("a", "a.example")))
    with pytest.raises(OSError, match="No such file"):
        tls.apply(listener(CertificateFiles(tmp_path / "none", tmp_path / "none")))
    assert served(tls, None) == {"a.example"}


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_makes_a_context(folder: Folder, policy: str) -> None:
    certificates = (folder.issue("a", "a.example"), folder.issue("r", "r.example", kind=trustme.KeyType.RSA))
    context = ListenerTls(listener(*certificates, policy=policy)).context
    assert context.maximum_version == POLICIES[policy].maximum


def test_a_policy_limits_ciphers_in_the_server_s_order() -> None:
    assert POLICIES["ELBSecurityPolicy-FS-1-2-Res-2020-10"].ciphers.split(":") == [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
    ]


@pytest.mark.parametrize(("offered", "chosen"), [(["h2", "http/1.1"], "http/1.1"), (["h2"], None)])
def test_only_http_1_is_spoken(folder: Folder, offered: list[str], chosen: str | None) -> None:
    tls = ListenerTls(listener(folder.issue("a", "a.example")))
    assert handshake(tls, "a.example", protocols=offered).selected_alpn_protocol() == chosen
