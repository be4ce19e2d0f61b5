"""`MutualAuthentication`, `TrustStores` and what belongs to TLS in a file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from lb.settings import MutualMode
from tests.lb.config.conftest import GOOD, Check
from tests.support.certificates import DAY, Authority, name

CA = Authority(name("ours"))
HTTPS = "    Protocol: HTTPS\n    Certificates: [{CertificateFile: s.pem, PrivateKeyFile: s.key}]\n"


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    CA.serve("a.example").save(tmp_path, "s")
    CA.save(tmp_path, "ca")
    CA.revoke(tmp_path / "crl.pem")


def text(mutual: str, stores: str = "", *, https: bool = True, more: str = "") -> str:
    extra = (HTTPS if https else "") + (f"    MutualAuthentication: {mutual}\n" if mutual else "") + more
    return GOOD.replace("    DefaultActions", extra + "    DefaultActions", 1) + stores


STORES = "TrustStores:\n  - {Name: staff, CaCertificatesBundleFile: ca.pem, RevocationFiles: [crl.pem]}\n"
ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:truststore/staff/0123456789abcdef"


@pytest.mark.parametrize("reference", ["staff", ARN])
def test_a_trust_store_is_found_by_its_name(check: Check, tmp_path: Path, reference: str) -> None:
    checked = check(text(f"{{Mode: verify, TrustStoreArn: '{reference}'}}", STORES))
    assert checked.loaded is not None, checked.problems
    mutual = checked.loaded.settings.listeners[0].mutual
    assert mutual.mode is MutualMode.VERIFY
    assert mutual.trust_store is not None
    assert mutual.trust_store.bundle == tmp_path / "ca.pem"
    assert {tmp_path / "ca.pem", tmp_path / "crl.pem"} <= set(checked.loaded.files)


def test_a_trust_store_may_be_a_file(check: Check, tmp_path: Path) -> None:
    loaded = check(text("{Mode: verify, TrustStoreArn: ca.pem, IgnoreClientCertificateExpiry: true}")).loaded
    assert loaded is not None
    mutual = loaded.settings.listeners[0].mutual
    assert mutual.trust_store is not None
    assert (mutual.trust_store.bundle, mutual.ignore_expiry) == (tmp_path / "ca.pem", True)


@pytest.mark.parametrize(
    ("mutual", "stores", "code", "words"),
    [
        ("{Mode: verify}", "", "Missing", "TrustStoreArn"),
        ("{Mode: verify, TrustStoreArn: staf}", STORES, "TrustStoreNotFound", "staff"),
        ("{Mode: verify, TrustStoreArn: none.pem}", "", "FileNotReadable", "none.pem"),
        ("{Mode: verify, TrustStoreArn: s.pem}", "", "BadTrustStore", "no authority"),
        ("{Mode: required}", "", "BadValue", "passthrough"),
        ("", STORES.replace("ca.pem", "s.key"), "BadTrustStore", "not a PEM bundle"),
        ("", STORES + STORES.splitlines()[1] + "\n", "DuplicateTrustStoreName", "line"),
    ],
)
def test_problems_are_told(check: Check, mutual: str, stores: str, code: str, words: str) -> None:
    problem = check(text(mutual, stores)).only
    assert problem.code == code
    assert words in problem.message


def test_client_certificates_need_https(check: Check) -> None:
    assert check(text("{Mode: passthrough}", https=False)).only.code == "MutualAuthenticationOnHttp"
    assert check(text("{Mode: off}", https=False)).loaded is not None


@pytest.mark.parametrize(
    ("mutual", "code"),
    [
        ("{Mode: passthrough, TrustStoreArn: ca.pem}", "MutualAuthenticationIgnored"),
        ("{Mode: verify, TrustStoreArn: ca.pem, AdvertiseTrustStoreCaNames: 'on'}", "NotSupported"),
    ],
)
def test_what_cannot_be_done_is_a_warning(check: Check, mutual: str, code: str) -> None:
    assert [each.code for each in check(text(mutual)).warnings] == [code]


def test_old_revocations_are_a_warning(check: Check, tmp_path: Path) -> None:
    CA.revoke(tmp_path / "crl.pem", next_update=dt.datetime.now(dt.UTC) - DAY / 2)
    checked = check(text("{Mode: verify, TrustStoreArn: staff}", STORES))
    assert [each.code for each in checked.warnings] == ["RevocationsOutdated"]


def test_a_policy_that_differs_is_a_warning(check: Check) -> None:
    policy = "    SslPolicy: ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04\n"
    codes = {each.code for each in check(text("", more=policy)).warnings}
    assert codes == {"SslPolicyDiffers"}
    assert check(text("", more=policy.replace("-FIPS-2023-04", "-2021-06"))).warnings == ()


RENAME = "    ListenerAttributes: {routing.http.request.x_amzn_mtls_clientcert_subject.header_name: '%s'}\n"


def test_headers_are_renamed(check: Check) -> None:
    loaded = check(text("", more=RENAME % "X-Client-Name")).loaded
    assert loaded is not None
    names = loaded.settings.listeners[0].request_header_names
    assert names == (("X-Amzn-Mtls-Clientcert-Subject", "X-Client-Name"),)


@pytest.mark.parametrize(
    "other", ["Host", "X-Forwarded-For", "Content-Length", "X-Amzn-Oidc-Data", "two words", "X_Y"]
)
def test_headers_are_not_renamed_to_what_has_a_meaning(check: Check, other: str) -> None:
    assert check(text("", more=RENAME % other)).only.code == "BadAttribute"


def test_the_key_exchange_is_looked_for_where_it_is_wanted(check: Check) -> None:
    for more, wanted in (("", False), ("ConnectionLog: connections.log\n", True)):
        loaded = check(text("", more)).loaded
        assert loaded is not None
        assert loaded.settings.listeners[0].tells_key_exchange is wanted
