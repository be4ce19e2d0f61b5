"""The TLS side of a listener: certificates by name, replacing, client certificates, no resumption."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from lb.client_certificate import code_of
from lb.settings import CertificateFiles, MutualAuthentication, MutualMode
from lb.tls import ListenerTls
from tests.support.certificates import (
    DAY,
    PASSTHROUGH,
    SERVER,
    Authority,
    client_context,
    ec_key,
    listener,
    name,
    rsa_key,
    shake_hands,
    verify,
)

CA = Authority(name("ours"))
OTHER = Authority(name("somebody else's"))
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = pytest.mark.parametrize("version", [V12, V13], ids=["1.2", "1.3"])


@pytest.fixture
def server(tmp_path: Path) -> CertificateFiles:
    return CA.serve("a.example").save(tmp_path, "server")


def client(files: CertificateFiles | None, version: ssl.TLSVersion = V13) -> ssl.SSLContext:
    return client_context(files, maximum_version=version)


def test_the_protocol_learns_name_and_certificate_for_the_access_log(
    server: CertificateFiles, tmp_path: Path
) -> None:
    other = CA.serve("b.example").save(tmp_path, "b")
    told = shake_hands(ListenerTls(listener(server, other)), "b.example").told
    assert (told.sni, told.certificate) == ("b.example", str(other.certificate))


@pytest.mark.parametrize(
    ("asked", "logged"), [("a.example", "a.example"), ("unknown.example", ""), (None, "")]
)
def test_a_name_that_no_certificate_has_is_not_logged(
    server: CertificateFiles, asked: str | None, logged: str
) -> None:
    """alb.md 9.1: `-` when the default certificate stands in."""
    assert shake_hands(ListenerTls(listener(server)), asked).told.sni == logged


def test_certificates_and_policy_can_be_replaced(server: CertificateFiles, tmp_path: Path) -> None:
    tls = ListenerTls(listener(server))
    new = CA.serve("new.example").save(tmp_path, "new")
    tls.apply(listener(new, policy="ELBSecurityPolicy-TLS13-1-3-2021-06"))
    assert shake_hands(tls, "x.example").names == {"new.example"}
    with pytest.raises(ssl.SSLError):
        shake_hands(tls, "x.example", client=client(None, V12))


def test_a_connection_that_has_begun_keeps_what_it_began_with(
    server: CertificateFiles, tmp_path: Path
) -> None:
    tls = ListenerTls(listener(server))
    before = tls.begin()
    tls.apply(listener(CA.serve("new.example").save(tmp_path, "new")))
    tls.begin = lambda: before  # type: ignore[method-assign]
    assert shake_hands(tls).names == {"a.example"}


def test_what_was_read_before_can_be_taken_over(server: CertificateFiles, tmp_path: Path) -> None:
    tls = ListenerTls(listener(server))
    new = CA.serve("new.example").save(tmp_path, "new")
    prepared = ListenerTls(listener(new))
    new.certificate.write_text("changed meanwhile")
    tls.take_over(prepared)
    assert shake_hands(tls).names == {"new.example"}


@pytest.mark.parametrize("broken", ["missing", "nonsense", "other key"])
def test_a_replacement_that_fails_changes_nothing_and_is_named(
    server: CertificateFiles, tmp_path: Path, broken: str
) -> None:
    tls = ListenerTls(listener(server))
    new = CA.serve("new.example").save(tmp_path, "new")
    if broken == "missing":
        new.certificate.unlink()
    elif broken == "nonsense":
        new.certificate.write_text("nonsense")
    else:
        new.private_key.write_bytes(CA.serve("x").save(tmp_path, "x").private_key.read_bytes())
    with pytest.raises((OSError, ValueError)) as refusal:
        tls.apply(listener(new))
    assert isinstance(refusal.value, OSError) or "new.pem" in str(refusal.value)
    assert shake_hands(tls).names == {"a.example"}


def test_files_are_read_when_the_listener_is_made_and_never_again(server: CertificateFiles) -> None:
    """A key that is being rewritten must not break handshakes before it is taken up."""
    tls = ListenerTls(listener(server, mutual=PASSTHROUGH))
    server.certificate.unlink()
    server.private_key.unlink()
    assert shake_hands(tls).names == {"a.example"}


@pytest.mark.parametrize(
    ("http2", "offered", "chosen"),
    [
        (True, ["h2", "http/1.1"], "h2"),
        (True, ["http/1.1"], "http/1.1"),
        (False, ["h2", "http/1.1"], "http/1.1"),
        (False, ["h2"], None),
    ],
)
def test_http_2_is_offered_where_it_is_spoken(
    server: CertificateFiles, http2: bool, offered: list[str], chosen: str | None
) -> None:
    tls = ListenerTls(listener(server, http2=http2))
    shaken = shake_hands(tls, client=client_context(alpn=offered))
    assert shaken.client.selected_alpn_protocol() == chosen


@VERSIONS
def test_verify_lets_clients_of_the_trust_store_in(
    server: CertificateFiles, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    middle = CA.below("middle")
    identity = middle.issue("client")
    tls = ListenerTls(listener(server, mutual=verify(CA.save(tmp_path, "ca"))))
    told = shake_hands(tls, "a.example", client=client(identity.save(tmp_path, "c"), version)).told
    assert told.chain[0] == identity.der
    assert len(told.chain) == 2
    assert told.trust is tls.trust


NOW = dt.datetime.now(dt.UTC)
REFUSED = {
    "untrusted": (lambda: OTHER.issue("c"), "ClientCertUntrusted"),
    "expired": (lambda: CA.issue("c", begin=NOW - 9 * DAY, end=NOW - DAY), "ClientCertExpired"),
    "early": (lambda: CA.issue("c", begin=NOW + DAY, end=NOW + 2 * DAY), "ClientCertNotYetValid"),
    "for servers": (lambda: CA.issue("c", purposes=(SERVER,)), "ClientCertPurposeInvalid"),
}


@VERSIONS
@pytest.mark.parametrize("case", REFUSED)
def test_verify_ends_the_handshake_of_others(
    server: CertificateFiles, tmp_path: Path, case: str, version: ssl.TLSVersion
) -> None:
    make, code = REFUSED[case]
    tls = ListenerTls(listener(server, mutual=verify(CA.save(tmp_path, "ca"))))
    with pytest.raises(ssl.SSLCertVerificationError) as refusal:
        shake_hands(tls, "a.example", client=client(make().save(tmp_path, "c"), version))
    assert code_of(refusal.value) == code


@VERSIONS
def test_verify_ends_the_handshake_of_clients_without_certificate(
    server: CertificateFiles, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    tls = ListenerTls(listener(server, mutual=verify(CA.save(tmp_path, "ca"))))
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        shake_hands(tls, client=client(None, version))


def test_expiry_can_be_ignored(server: CertificateFiles, tmp_path: Path) -> None:
    tls = ListenerTls(listener(server, mutual=verify(CA.save(tmp_path, "ca"), ignore_expiry=True)))
    expired = CA.issue("c", begin=NOW - 9 * DAY, end=NOW - DAY)
    assert shake_hands(tls, client=client(expired.save(tmp_path, "c"))).told.chain == (expired.der,)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(tls, client=client(OTHER.issue("c").save(tmp_path, "o")))


def test_an_authority_that_is_no_root_is_trusted_by_itself(server: CertificateFiles, tmp_path: Path) -> None:
    middle = CA.below("middle")
    tls = ListenerTls(listener(server, mutual=verify(middle.save(tmp_path, "middle"))))
    assert shake_hands(tls, client=client(middle.issue("c").save(tmp_path, "c", bare=True)))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(tls, client=client(CA.issue("c").save(tmp_path, "d")))


PASSED = {
    "untrusted": lambda: OTHER.below("middle").issue("c"),
    "ours": lambda: CA.issue("c"),
    "rsa": lambda: OTHER.issue("c", key=rsa_key()),
    "expired": lambda: OTHER.issue("c", begin=NOW - 9 * DAY, end=NOW - DAY),
    "early": lambda: OTHER.issue("c", begin=NOW + DAY, end=NOW + 2 * DAY),
    "any purpose": lambda: OTHER.issue("c", purposes=()),
}


@VERSIONS
@pytest.mark.parametrize("case", PASSED)
def test_passthrough_takes_what_nobody_would_verify(
    server: CertificateFiles, tmp_path: Path, case: str, version: ssl.TLSVersion
) -> None:
    identity = PASSED[case]()
    tls = ListenerTls(listener(server, mutual=PASSTHROUGH))
    told = shake_hands(tls, "a.example", client=client(identity.save(tmp_path, "c"), version)).told
    assert told.chain[0] == identity.der
    assert len(told.chain) == 1 + len(identity.above)
    assert told.trust is None


@VERSIONS
def test_passthrough_lets_clients_without_certificate_in(
    server: CertificateFiles, version: ssl.TLSVersion
) -> None:
    tls = ListenerTls(listener(server, mutual=PASSTHROUGH))
    assert shake_hands(tls, client=client(None, version)).told.chain == ()


def test_what_one_client_presents_is_trusted_for_no_other(server: CertificateFiles, tmp_path: Path) -> None:
    """A forged authority in the store would break the chains of honest clients below the real one."""
    tls = ListenerTls(listener(server, mutual=PASSTHROUGH))
    first = shake_hands(tls, client=client(OTHER.issue("c").save(tmp_path, "c")))
    second = shake_hands(tls, client=client(CA.issue("d").save(tmp_path, "d")))
    assert first.server.context is not second.server.context
    assert second.server.context.cert_store_stats()["x509"] == 1


@VERSIONS
@pytest.mark.parametrize(
    ("mode", "resumes"),
    [(MutualMode.OFF, True), (MutualMode.PASSTHROUGH, False), (MutualMode.VERIFY, False)],
    ids=["off", "passthrough", "verify"],
)
def test_sessions_resume_only_where_no_certificate_is_asked_for(
    server: CertificateFiles, tmp_path: Path, version: ssl.TLSVersion, mode: MutualMode, resumes: bool
) -> None:
    """alb.md 1.5: a resumed session would skip the check of a certificate revoked meanwhile."""
    mutual = {
        MutualMode.OFF: MutualAuthentication(),
        MutualMode.PASSTHROUGH: PASSTHROUGH,
        MutualMode.VERIFY: verify(CA.save(tmp_path, "ca")),
    }[mode]
    tls = ListenerTls(listener(server, mutual=mutual))
    context = client(CA.issue("c").save(tmp_path, "c"), version)
    first = shake_hands(tls, "a.example", client=context)
    again = shake_hands(tls, "a.example", client=context, session=first.client.session)
    assert again.client.session_reused is resumes


def test_sessions_do_not_resume_by_id_either(server: CertificateFiles, tmp_path: Path) -> None:
    """TLS 1.2 without tickets: OpenSSL's session cache, which `ssl` cannot switch off."""
    context = client(CA.issue("c").save(tmp_path, "c"), V12)
    context.options |= ssl.OP_NO_TICKET
    for mutual, resumes in ((MutualAuthentication(), True), (verify(CA.save(tmp_path, "ca")), False)):
        tls = ListenerTls(listener(server, mutual=mutual))
        first = shake_hands(tls, "a.example", client=context)
        again = shake_hands(tls, "a.example", client=context, session=first.client.session)
        assert again.client.session_reused is resumes


@VERSIONS
@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()], ids=lambda curve: curve.name)
def test_the_key_exchange_group_is_told_where_somebody_wants_it(
    tmp_path: Path, version: ssl.TLSVersion, curve: ec.EllipticCurve
) -> None:
    server = CA.serve("a.example", key=rsa_key()).save(tmp_path, "rsa")
    tls = ListenerTls(listener(server, tells_key_exchange=True))
    context = client(None, version)
    context.set_ecdh_curve("prime256v1" if curve.name == "secp256r1" else curve.name)
    assert shake_hands(tls, client=context).told.group == curve.name
    assert shake_hands(ListenerTls(listener(server)), client=context).told.group == ""


def test_rsa_key_exchange_has_no_group(tmp_path: Path) -> None:
    files = CA.serve("a.example", key=rsa_key()).save(tmp_path, "rsa")
    policy = "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06"
    tls = ListenerTls(listener(files, policy=policy, tells_key_exchange=True))
    context = client_context(maximum_version=V12, ciphers="AES128-GCM-SHA256")
    assert shake_hands(tls, client=context).told.group == ""


def test_big_curves_of_clients_are_fine(server: CertificateFiles, tmp_path: Path) -> None:
    tls = ListenerTls(listener(server, mutual=verify(CA.save(tmp_path, "ca"))))
    identity = CA.issue("c", key=ec_key(ec.SECP521R1()))
    assert shake_hands(tls, client=client(identity.save(tmp_path, "c"))).told.chain == (identity.der,)
