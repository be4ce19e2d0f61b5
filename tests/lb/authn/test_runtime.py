"""Compiling pre-actions, and the owner of what handlers share."""

import logging

import pytest

from lb.authn.authenticate import AuthenticateHandler
from lb.authn.bearer import BearerHandler
from lb.authn.jwks import JWT_VALIDATION_LIMITS
from lb.authn.runtime import compile_pre_action
from lb.outcomes import Proceed
from lb.settings import IdentityProvider
from rules.actions import AuthenticateCognito, JwtValidation
from tests.support.login_browser import location
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET


def test_each_pre_action_has_its_handler(world) -> None:
    jwt_validation = JwtValidation("https://idp/k", "https://idp")
    compiled = compile_pre_action(jwt_validation, binding="b", provider=None, runtime=world.runtime)
    assert isinstance(compiled, BearerHandler)
    assert isinstance(world.handler(), AuthenticateHandler)


def test_a_user_pool_needs_its_endpoints(world) -> None:
    with pytest.raises(ValueError, match="user pool demo"):
        compile_pre_action(
            AuthenticateCognito("demo", "web"), binding="b", provider=None, runtime=world.runtime
        )


async def test_a_user_pool_in_this_process_is_called_without_a_socket(world) -> None:
    base = world.provider.base
    # Back-channel names that resolve nowhere: only the application itself can have answered.
    inside = "http://pool.invalid"
    provider = IdentityProvider(
        issuer=base,
        authorization_endpoint=f"{base}/authorize",
        token_endpoint=f"{inside}/token",
        user_info_endpoint=f"{inside}/userinfo",
        jwks_uri=f"{inside}/jwks",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        app=world.provider.app,
    )
    action = AuthenticateCognito("demo", "web")
    handler = compile_pre_action(action, binding="b", provider=provider, runtime=world.runtime)
    assert isinstance(handler, AuthenticateHandler)
    browser = world.browser(handler)
    assert location(await browser.log_in("https://app.example/")) == "https://app.example/"
    assert isinstance(await browser.get("https://app.example/"), Proceed)


def test_key_sets_are_shared_by_url_and_limits(world) -> None:
    runtime = world.runtime
    assert runtime.key_source("https://i/k") is runtime.key_source("https://i/k")
    assert runtime.key_source("https://i/k") is not runtime.key_source("https://i/k", app=object())
    limited = runtime.key_source("https://i/k", limits=JWT_VALIDATION_LIMITS)
    assert runtime.key_source("https://i/k") is not limited


def test_reserved_extra_parameters_are_reported(world, caplog) -> None:
    caplog.set_level(logging.WARNING)
    world.handler(authentication_request_extra_params=(("state", "x"), ("prompt", "login")))
    assert "state is set by the load balancer" in caplog.text
    assert "prompt" not in caplog.text


def test_keys_are_served_to_targets(world) -> None:
    assert world.runtime.serve_key("/.well-known/albacore/jwks.json").status == 200
    assert world.runtime.serve_key("/other") is None


def test_reprs_hold_no_secret(world) -> None:
    assert CLIENT_SECRET not in repr(world.handler().source.known)
