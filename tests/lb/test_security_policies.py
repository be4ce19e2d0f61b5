"""Security policies: the table itself, and what real clients are let in with."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import warnings
from collections.abc import Iterator

import pytest

from lb.security_policies import POLICIES, PREFIX, differences
from lb.settings import CertificateFiles
from lb.tls import ListenerTls
from tests.support.certificates import Authority, client_context, listener, name, rsa_key, shake_hands

CA = Authority(name("ours"))
V10, V11, V12, V13 = (
    ssl.TLSVersion.TLSv1,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3,
)
VERSIONS = {"TLSv1": V10, "TLSv1.1": V11, "TLSv1.2": V12, "TLSv1.3": V13}

A_FULL_SET = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES128-SHA256",
    "AES128-SHA",
    "AES256-GCM-SHA384",
    "AES256-SHA256",
    "AES256-SHA",
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[CertificateFiles, CertificateFiles]:
    """An RSA certificate, which answers without a server name, and an ECDSA one for `ec.example`."""
    folder = tmp_path_factory.mktemp("certificates")
    rsa = CA.serve("rsa.example", key=rsa_key()).save(folder, "rsa")
    return rsa, CA.serve("ec.example").save(folder, "ec")


def let_in(
    files: tuple[CertificateFiles, ...], policy: str, version: ssl.TLSVersion, ciphers: str, server: str
) -> str | None:
    """Return the cipher that one version and cipher list end with; None when there is no connection."""
    tls = ListenerTls(listener(*files, policy=PREFIX + policy))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        client = client_context(
            ciphers=ciphers + ":@SECLEVEL=0", maximum_version=version, minimum_version=version
        )
    try:
        chosen = shake_hands(tls, server, client=client).client.cipher()
    except ssl.SSLError:
        return None
    return chosen[0] if chosen else None


FAMILIES = {
    "TLS13-1-3-2021-06": ("1.3", ""),
    "TLS13-1-3-PQ-2025-09": ("1.3", ""),
    "TLS13-1-2-Res-2021-06": ("1.3 1.2", "B"),
    "TLS13-1-2-2021-06": ("1.3 1.2", "BC"),
    "TLS13-1-2-Ext1-2021-06": ("1.3 1.2", "BCE"),
    "TLS13-1-2-Ext2-2021-06": ("1.3 1.2", "BCDEF"),
    "TLS13-1-1-2021-06": ("1.3 1.2 1.1", "BCDEF"),
    "TLS13-1-0-2021-06": ("1.3 1.2 1.1 1", "BCDEF"),
    "2016-08": ("1.2 1.1 1", "BCDEF"),
    "2015-05": ("1.2 1.1 1", "BCDEF"),
    "TLS-1-2-Ext-2018-06": ("1.2", "BCDEF"),
    "TLS-1-2-2017-01": ("1.2", "BCE"),
    "TLS-1-1-2017-01": ("1.2 1.1", "BCDEF"),
    "TLS-1-0-2015-04": ("1.2 1.1 1", "BCDEF"),
    "FS-2018-06": ("1.2 1.1 1", "BCD"),
    "FS-1-1-2019-08": ("1.2 1.1", "BCD"),
    "FS-1-2-2019-08": ("1.2", "BCD"),
    "FS-1-2-Res-2019-08": ("1.2", "BC"),
    "FS-1-2-Res-2020-10": ("1.2", "B"),
    "TLS13-1-2-Ext0-FIPS-2023-04": ("1.3 1.2", "BCD"),
    "TLS13-1-0-FIPS-PQ-2025-09": ("1.3 1.2 1.1 1", "BCDEF"),
}
"""alb.md 1.3, read from the sheet again; a cipher of each set tells whether the set is allowed."""
OF_SET = {
    "B": "ECDHE-RSA-AES256-GCM-SHA384",
    "C": "ECDHE-RSA-AES256-SHA384",
    "D": "ECDHE-RSA-AES128-SHA",
    "E": "AES256-SHA256",
    "F": "AES128-SHA",
}


@pytest.mark.parametrize("policy", FAMILIES)
def test_clients_get_in_with_the_versions_of_the_policy_only(
    files: tuple[CertificateFiles, CertificateFiles], policy: str
) -> None:
    allowed = {
        version: let_in(files, policy, number, "ALL", "rsa.example") is not None
        for version, number in VERSIONS.items()
    }
    wanted = FAMILIES[policy][0].split()
    assert allowed == {version: version.removeprefix("TLSv") in wanted for version in VERSIONS}


@pytest.mark.parametrize("policy", [policy for policy, (_, sets) in FAMILIES.items() if sets])
def test_clients_get_in_with_the_ciphers_of_the_policy_only(
    files: tuple[CertificateFiles, CertificateFiles], policy: str
) -> None:
    allowed = {
        letter: let_in(files, policy, V12, cipher, "rsa.example") == cipher
        for letter, cipher in OF_SET.items()
    }
    assert allowed == {letter: letter in FAMILIES[policy][1] for letter in OF_SET}


@pytest.mark.parametrize("policy", ["TLS13-1-2-Res-2021-06", "2016-08"])
@pytest.mark.parametrize("cipher", ["ECDHE-RSA-CHACHA20-POLY1305", "DHE-RSA-AES128-GCM-SHA256"])
def test_ciphers_of_no_policy_are_refused(
    files: tuple[CertificateFiles, CertificateFiles], policy: str, cipher: str
) -> None:
    assert let_in(files, policy, V12, cipher, "rsa.example") is None


def test_the_server_s_order_decides(files: tuple[CertificateFiles, CertificateFiles]) -> None:
    assert let_in(files, "2016-08", V12, "AES256-SHA:AES128-SHA", "rsa.example") == "AES128-SHA"
    offered = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-SHA"
    assert let_in(files, "2016-08", V12, offered, "rsa.example") == "ECDHE-RSA-AES128-SHA"


def test_a_full_set_is_in_the_order_that_aws_publishes() -> None:
    ciphers = POLICIES[PREFIX + "2016-08"].ciphers.split(":")
    assert ciphers == [*A_FULL_SET, "@SECLEVEL=0"]


def test_rfc_9151_takes_p_384_and_256_bit_ciphers_only(
    files: tuple[CertificateFiles, CertificateFiles],
) -> None:
    policy = "TLS13-1-2-RFC9151-FIPS-2023-07"
    assert let_in(files, policy, V12, "ECDHE-RSA-AES256-GCM-SHA384", "rsa.example")
    assert let_in(files, policy, V12, "ECDHE-RSA-AES128-GCM-SHA256", "rsa.example") is None
    tls = ListenerTls(listener(*files, policy=PREFIX + policy, tells_key_exchange=True))
    assert shake_hands(tls).told.group == "secp384r1"


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_serves_a_client(files: tuple[CertificateFiles, CertificateFiles], policy: str) -> None:
    version = shake_hands(ListenerTls(listener(*files, policy=policy))).client.version()
    assert version == ("TLSv1.3" if POLICIES[policy].maximum is V13 else "TLSv1.2")


SAID = [
    ("TLS13-1-2-2021-06", (3, 0), []),
    ("2016-08", (3, 0), []),
    ("TLS13-1-2-PQ-2025-09", (3, 0), ["post-quantum"]),
    ("TLS13-1-2-PQ-2025-09", (3, 5), []),
    ("TLS13-1-3-FIPS-2023-04", (3, 0), ["validated by FIPS", "CHACHA20"]),
    ("TLS13-1-2-FIPS-PQ-2025-09", (3, 0), ["post-quantum", "validated by FIPS", "CHACHA20"]),
    ("TLS13-1-3-RFC9151-FIPS-2023-07", (3, 5), ["validated by FIPS", "128-bit"]),
    ("TLS13-1-2-RFC9151-INTEROP2-FIPS-2023-07", (3, 5), ["validated", "128-bit", "more ciphers"]),
    ("TLS13-1-2-Ext0-RFC9151-FIPS-2023-07", (3, 5), ["validated", "128-bit", "more ciphers"]),
    ("TLS-1-0-2015-04", (3, 0), ["DES-CBC3-SHA"]),
]


@pytest.mark.parametrize(("policy", "openssl", "words"), SAID)
def test_what_differs_from_aws_is_said(policy: str, openssl: tuple[int, int], words: list[str]) -> None:
    said = differences(POLICIES[PREFIX + policy], openssl=openssl)
    assert len(said) == len(words)
    assert all(word in sentence for word, sentence in zip(words, said, strict=True))


@pytest.fixture
def openssl_port(files: tuple[CertificateFiles, CertificateFiles]) -> Iterator[int]:
    tls = ListenerTls(listener(*files, policy=PREFIX + "TLS13-1-0-2021-06"))
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        context, _ = tls.begin()
        server = loop.run_until_complete(loop.create_server(asyncio.Protocol, "127.0.0.1", 0, ssl=context))
        port = server.sockets[0].getsockname()[1]
        import threading

        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        yield port
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()


@pytest.mark.parametrize(
    ("arguments", "version", "cipher"),
    [
        ("-tls1_3", "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        ("-tls1_2 -cipher AES256-SHA", "TLSv1.2", "AES256-SHA"),
        ("-tls1_1 -cipher ALL:@SECLEVEL=0", "TLSv1.1", "ECDHE-RSA-AES128-SHA"),
        ("-tls1 -cipher ALL:@SECLEVEL=0", "TLSv1", "ECDHE-RSA-AES128-SHA"),
    ],
)
def test_openssl_s_client_agrees(openssl_port: int, arguments: str, version: str, cipher: str) -> None:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{openssl_port}", *arguments.split()]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=10, check=False)
    assert f"Cipher is {cipher}\n" in done.stdout, done.stderr
    assert f"Protocol  : {version}\n" in done.stdout or version == "TLSv1.3"
