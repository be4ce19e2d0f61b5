"""Compiling settings into a snapshot."""

from __future__ import annotations

import pytest

from lb.snapshot import Authentication, CallbackHandler, PreActionHandler, compile_snapshot
from rules.actions import PreAction
from tests.lb.test_pipeline import OIDC, Scripted, rule
from tests.support.data_plane import FORWARD, build_settings

JWT = {
    "Type": "jwt-validation",
    "Order": 1,
    "JwtValidationConfig": {
        "JwksEndpoint": "https://issuer.example/keys",
        "Issuer": "https://issuer.example",
    },
}


def authentication(bindings: list[str]) -> Authentication:
    def compile_action(action: PreAction, binding: str) -> PreActionHandler:
        bindings.append(binding)
        return Scripted(None)

    def callback(handlers: object) -> CallbackHandler:
        return Scripted(None)

    return Authentication(compile_action, callback, lambda path: None)


def test_pre_actions_are_bound_to_their_rules() -> None:
    settings = build_settings([1], port=80, rules=[rule("/a", OIDC, {**FORWARD, "Order": 2})])
    bindings: list[str] = []
    listener = compile_snapshot(settings, authentication(bindings)).listeners["listener"]
    assert list(listener.pre_actions) == [7]
    assert len(bindings) == 1
    assert listener.callback is not None
    assert listener.serve_key is not None


@pytest.mark.parametrize("actions", [(FORWARD,), (JWT, {**FORWARD, "Order": 2})], ids=["none", "jwt"])
def test_listener_without_logins_has_no_callback(actions: tuple[dict[str, object], ...]) -> None:
    settings = build_settings([1], port=80, actions=actions)
    listener = compile_snapshot(settings, authentication([])).listeners["listener"]
    assert (listener.callback, listener.serve_key) == (None, None)


def test_names_and_counts_for_the_log() -> None:
    settings = build_settings([1], port=80, rules=[rule("/a", FORWARD)])
    listener = compile_snapshot(settings, authentication([])).listeners["listener"]
    assert listener.elb == "app/web/0123456789abcdef"
    assert listener.group_arns == {"app": "arn:target-group/app"}
    assert listener.evaluations == {7: 1, 0: 1}
    assert listener.default_host == "web"
