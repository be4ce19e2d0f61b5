"""The words of the flows, as the API spells them: flows, challenges, and which client flag allows what
(cognito.md 4.1, 4.4). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class AuthFlow(StrEnum):
    """`AuthFlow`, without the aliases."""

    USER_PASSWORD_AUTH = "USER_PASSWORD_AUTH"  # noqa: S105
    ADMIN_USER_PASSWORD_AUTH = "ADMIN_USER_PASSWORD_AUTH"  # noqa: S105
    USER_SRP_AUTH = "USER_SRP_AUTH"
    CUSTOM_AUTH = "CUSTOM_AUTH"
    USER_AUTH = "USER_AUTH"
    REFRESH_TOKEN_AUTH = "REFRESH_TOKEN_AUTH"  # noqa: S105


class ChallengeName(StrEnum):
    """`ChallengeName`."""

    PASSWORD = "PASSWORD"  # noqa: S105
    PASSWORD_SRP = "PASSWORD_SRP"  # noqa: S105
    PASSWORD_VERIFIER = "PASSWORD_VERIFIER"  # noqa: S105
    ADMIN_NO_SRP_AUTH = "ADMIN_NO_SRP_AUTH"
    NEW_PASSWORD_REQUIRED = "NEW_PASSWORD_REQUIRED"  # noqa: S105
    SELECT_CHALLENGE = "SELECT_CHALLENGE"
    SELECT_MFA_TYPE = "SELECT_MFA_TYPE"
    MFA_SETUP = "MFA_SETUP"
    SMS_MFA = "SMS_MFA"
    SOFTWARE_TOKEN_MFA = "SOFTWARE_TOKEN_MFA"  # noqa: S105
    EMAIL_OTP = "EMAIL_OTP"
    SMS_OTP = "SMS_OTP"
    WEB_AUTHN = "WEB_AUTHN"
    CUSTOM_CHALLENGE = "CUSTOM_CHALLENGE"
    DEVICE_SRP_AUTH = "DEVICE_SRP_AUTH"
    DEVICE_PASSWORD_VERIFIER = "DEVICE_PASSWORD_VERIFIER"  # noqa: S105


FLOW_ALIASES: Final[Mapping[str, AuthFlow]] = {
    "ADMIN_NO_SRP_AUTH": AuthFlow.ADMIN_USER_PASSWORD_AUTH,
    "REFRESH_TOKEN": AuthFlow.REFRESH_TOKEN_AUTH,
}

DEFAULT_FLOWS: Final = ("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH")
"""What a client allows that says nothing (CreateUserPoolClient)."""

FLAGS: Final[Mapping[AuthFlow, frozenset[str]]] = {
    AuthFlow.USER_PASSWORD_AUTH: frozenset({"ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"}),
    AuthFlow.ADMIN_USER_PASSWORD_AUTH: frozenset({"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"}),
    AuthFlow.USER_SRP_AUTH: frozenset({"ALLOW_USER_SRP_AUTH"}),
    AuthFlow.CUSTOM_AUTH: frozenset({"ALLOW_CUSTOM_AUTH", "CUSTOM_AUTH_FLOW_ONLY"}),
    AuthFlow.USER_AUTH: frozenset({"ALLOW_USER_AUTH"}),
    AuthFlow.REFRESH_TOKEN_AUTH: frozenset({"ALLOW_REFRESH_TOKEN_AUTH"}),
}
"""The ExplicitAuthFlows values that allow a flow, legacy ones included."""

LEGACY_FLAGS: Final = frozenset({"ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH"})
"""From before ALLOW_*: with them, SRP and refresh are allowed as well, unless only custom flows are."""
