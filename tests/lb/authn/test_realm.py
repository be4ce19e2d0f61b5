"""Realms: what sets logins apart."""

import pytest

from lb.authn.realm import Realm, build_realm
from rules.actions import SessionPolicy


def realm(*, binding: str = "b", issuer: str = "i", client_id: str = "c", cookie: str = "n") -> Realm:
    return build_realm(
        binding=binding, issuer=issuer, client_id=client_id, policy=SessionPolicy(session_cookie_name=cookie)
    )


@pytest.mark.parametrize("change", ["binding", "issuer", "client_id", "cookie"])
def test_every_part_sets_realms_apart(change: str) -> None:
    assert realm(**{change: "x"}).digest != realm().digest


def test_parts_do_not_run_into_each_other() -> None:
    assert realm(binding="a", issuer="bc").digest != realm(binding="ab", issuer="c").digest
    assert realm(binding='a","b', issuer="c").digest != realm(binding="a", issuer='b","c').digest


def test_the_same_parts_make_the_same_realm() -> None:
    """On every node and after every upgrade: another digest would log everybody out."""
    assert realm().id == "7ab2d4b29680631e5e82cd700626dc7e"
