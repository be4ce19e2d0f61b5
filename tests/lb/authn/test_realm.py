"""Realms: what sets logins apart."""

from typing import Any

import pytest

from lb.authn.realm import Realm, build_realm, session_binding
from rules.actions import AuthenticateCognito, JwtValidation, OnUnauthenticatedRequest, SessionPolicy


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


def binding(listener: str = "arn:l", **policy: Any) -> str:
    return session_binding(listener, AuthenticateCognito("pool", "client", "", SessionPolicy(**policy)))


@pytest.mark.parametrize(
    "same",
    [
        {"on_unauthenticated_request": OnUnauthenticatedRequest.DENY},
        {"on_unauthenticated_request": OnUnauthenticatedRequest.ALLOW},
        {"scope": "email openid"},
    ],
)
def test_rules_whose_logins_mean_the_same_share_a_session(same: dict[str, Any]) -> None:
    """A rule that denies never logs anybody in: the session it wants is that of its neighbours."""
    assert binding(**{"scope": "openid email", **same}) == binding(scope="openid email")


@pytest.mark.parametrize(
    "other",
    [
        {"scope": "openid"},
        {"session_timeout": 60},
        {"listener": "arn:m"},
        {"authentication_request_extra_params": (("acr_values", "mfa"),)},
    ],
)
def test_rules_that_promise_something_else_stay_apart(other: dict[str, Any]) -> None:
    assert binding(**{"scope": "openid email", **other}) != binding(scope="openid email")


def test_a_bearer_rule_is_bound_to_its_listener() -> None:
    assert session_binding("arn:l", JwtValidation("https://idp/k", "https://idp")) == "arn:l"
