"""Actions as data."""

from rules.actions import (
    AuthenticateOidc,
    FixedResponse,
    Forward,
    Redirect,
    SessionPolicy,
    WeightedTargetGroup,
)


def test_client_secret_is_in_no_repr() -> None:
    action = AuthenticateOidc("https://idp", "id", "hunter2")
    assert "hunter2" not in repr(action)
    assert "https://idp" in repr(action)


def test_defaults_are_those_of_aws() -> None:
    assert SessionPolicy().session_cookie_name == "AWSELBAuthSessionCookie"
    assert SessionPolicy().session_timeout == 7 * 24 * 3600
    assert Redirect(301).path == "/#{path}"
    assert FixedResponse(200).content_type == "text/plain"
    assert not Forward((WeightedTargetGroup("a"),)).stickiness.enabled
