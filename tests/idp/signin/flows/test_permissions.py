"""Which flows a client allows."""

import pytest

from idp.model import Client, RefreshRotation
from idp.signin.flows.names import AuthFlow
from idp.signin.flows.permissions import allows

F = AuthFlow
EVERYDAY = {F.USER_SRP_AUTH, F.CUSTOM_AUTH, F.REFRESH_TOKEN_AUTH}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ((), EVERYDAY),
        (("ALLOW_USER_PASSWORD_AUTH",), {F.USER_PASSWORD_AUTH}),
        (("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH"), {F.ADMIN_USER_PASSWORD_AUTH, F.USER_AUTH}),
        (("ADMIN_NO_SRP_AUTH",), EVERYDAY | {F.ADMIN_USER_PASSWORD_AUTH}),
        (("USER_PASSWORD_AUTH",), EVERYDAY | {F.USER_PASSWORD_AUTH}),
        (("CUSTOM_AUTH_FLOW_ONLY",), {F.CUSTOM_AUTH, F.REFRESH_TOKEN_AUTH}),
    ],
    ids=["default", "password", "admin-and-choice", "legacy-admin", "legacy-password", "legacy-custom"],
)
def test_flows(declared: tuple[str, ...], expected: set[AuthFlow]) -> None:
    client = Client("c", "p", "web", explicit_auth_flows=declared)
    assert {flow for flow in AuthFlow if allows(client, flow)} == expected


def test_rotation_rules_the_refresh_flow_out() -> None:
    client = Client("c", "p", "web", rotation=RefreshRotation(enabled=True))
    assert not allows(client, F.REFRESH_TOKEN_AUTH)
