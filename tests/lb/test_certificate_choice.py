"""The certificate for a server name (alb.md 1.2)."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from lb.certificate_choice import Certificate, best_of_each_kind
from lb.settings import CertificateFiles
from lb.tls import ListenerTls
from tests.support.certificates import (
    DAY,
    Authority,
    client_context,
    ec_key,
    listener,
    name,
    rsa_key,
    shake_hands,
)

CA = Authority(name("ours"))
V12 = ssl.TLSVersion.TLSv1_2


class Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def issue(self, file: str, *names: str, **options: object) -> CertificateFiles:
        return CA.serve(*names, **options).save(self._path, file)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize(
    ("asked", "expected"),
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
def test_the_server_name_decides(folder: Folder, asked: str | None, expected: str) -> None:
    a, b, c = (
        folder.issue("a", "a.example"),
        folder.issue("b", "b.example"),
        folder.issue("c", "*.c.example"),
    )
    assert shake_hands(ListenerTls(listener(a, b, c)), asked).names == {expected}


def test_the_default_competes_only_when_it_is_listed_again(folder: Folder) -> None:
    default = folder.issue("ec", "b.example")
    rsa = folder.issue("rsa", "b.example", key=rsa_key())
    served = shake_hands(ListenerTls(listener(default, rsa)), "b.example").told.certificate
    assert served == str(rsa.certificate)
    served = shake_hands(ListenerTls(listener(default, rsa, default)), "b.example").told.certificate
    assert served == str(default.certificate)


@pytest.mark.parametrize(("ciphers", "expected"), [("aECDSA", "ec"), ("aRSA", "rsa"), ("aRSA:aECDSA", "ec")])
@pytest.mark.parametrize("order", [("rsa", "ec"), ("ec", "rsa")])
def test_ecdsa_is_preferred_as_far_as_the_client_can(
    folder: Folder, ciphers: str, expected: str, order: tuple[str, str]
) -> None:
    made = {
        "ec": folder.issue("ec", "b.example", "ec.example"),
        "rsa": folder.issue("rsa", "b.example", "rsa.example", key=rsa_key()),
    }
    tls = ListenerTls(listener(folder.issue("a", "a.example"), *(made[each] for each in order)))
    client = client_context(ciphers=ciphers, maximum_version=V12)
    assert f"{expected}.example" in shake_hands(tls, "b.example", client=client).names


def test_exact_and_wildcard_compete(folder: Folder) -> None:
    exact = folder.issue("exact", "x.c.example", key=rsa_key())
    wildcard = folder.issue("wildcard", "*.c.example")
    tls = ListenerTls(listener(folder.issue("a", "a.example"), exact, wildcard))
    assert shake_hands(tls, "x.c.example").names == {"*.c.example"}


def test_longer_keys_then_longer_validity_win(folder: Folder) -> None:
    now = dt.datetime.now(dt.UTC)
    small = folder.issue("small", "b.example", end=now + 99 * DAY)
    short = folder.issue("short", "b.example", key=ec_key(ec.SECP384R1()), end=now + DAY)
    long = folder.issue("long", "b.example", key=ec_key(ec.SECP384R1()), end=now + 9 * DAY)
    loaded = [Certificate.load(each) for each in (small, short, long)]
    for order in (loaded, loaded[::-1]):
        assert [each.file for each in best_of_each_kind(order)] == [str(long.certificate)]


def test_sha_goes_before_md5() -> None:
    def certificate(file: str, *, md5: bool, size: int) -> Certificate:
        return Certificate(
            file, b"", b"", frozenset(), is_ecdsa=False, uses_md5=md5, key_size=size, not_after=0
        )

    pair = [certificate("md5", md5=True, size=4096), certificate("sha", md5=False, size=2048)]
    assert best_of_each_kind(pair)[0].file == "sha"


def test_the_key_is_in_no_repr(folder: Folder) -> None:
    loaded = Certificate.load(folder.issue("a", "a.example"))
    assert "PRIVATE" not in repr(loaded)
