"""What the services answer: expected results and refusals, as values.

A refusal carries a reason (for branching) and a `Text` (for people). Nothing here holds I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from idp.model import User
from idp.signin.flows.names import ChallengeName
from idp.texts import Text


class SignInReason(StrEnum):
    """Why a sign-in was refused."""

    INCORRECT = "incorrect"
    """Unknown user, wrong password, disabled user (on hosted pages): one answer for all."""
    NOT_CONFIRMED = "not-confirmed"
    RESET_REQUIRED = "reset-required"
    LOCKED = "locked"
    DISABLED = "disabled"
    UNKNOWN_USER = "unknown-user"
    """Only told to API clients whose PreventUserExistenceErrors is LEGACY."""
    TEMPORARY_EXPIRED = "temporary-password-expired"
    SESSION_INVALID = "session-invalid"
    SESSION_EXPIRED = "session-expired"
    PASSWORD_UNFIT = "password-unfit"  # noqa: S105
    """answer_new_password: the new password breaks the policy; the session stays good."""
    PASSWORD_REUSED = "password-reused"  # noqa: S105
    """Likewise: it is one of the last ones."""
    ATTRIBUTES_UNFIT = "attributes-unfit"
    CODE_MISMATCH = "code-mismatch"
    """A factor's answer was wrong; the session stays good."""
    CODE_EXPIRED = "code-expired"
    FACTOR_UNAVAILABLE = "factor-unavailable"
    """MFAMethodNotFoundException: the factor asked for is not one this user has."""
    SOFTWARE_TOKEN_UNAVAILABLE = "software-token-unavailable"  # noqa: S105
    FACTOR_IMPOSSIBLE = "factor-impossible"
    """A second factor is required, and the user can neither use nor set up any."""
    LEVEL_UNREACHABLE = "level-unreachable"
    """No factor of this user leads to the authentication level that was asked for."""
    LEVEL_REACHED = "level-reached"
    """The sign-in that is to be stepped up has the level already."""
    DELIVERY_FAILED = "delivery-failed"
    LIMIT_EXCEEDED = "limit-exceeded"
    PARAMETER_MISSING = "parameter-missing"
    PARAMETER_UNFIT = "parameter-unfit"
    DEVICE_UNKNOWN = "device-unknown"
    """The session stays good: clients try again without the device."""
    UNSUPPORTED = "unsupported"
    """The pool or the client is not set up for what was asked."""
    ADDRESS_BLOCKED = "address-blocked"
    RISK_BLOCKED = "risk-blocked"
    """The password was right, and the circumstances are too unusual."""
    TRIGGER_REFUSED = "trigger-refused"
    """`code` of the refusal is the exception, its text what the trigger said."""
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Trace:
    """What the account's history has to know of a step of a sign-in."""

    event: str = ""
    risk: Mapping[str, Any] = field(default_factory=dict)
    """EventRisk."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The user proved who they are; `auth_time` is Unix seconds."""

    user: User
    auth_time: int
    amr: tuple[str, ...] = ("pwd",)
    """What was used, in the words of the `amr` claim."""
    device_key: str | None = None
    """The device that proved itself, too."""
    chose_password: bool = False
    """A temporary password was replaced on the way (the pre-token trigger is told)."""
    trace: Trace = field(default=Trace(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Challenged:
    """Right so far; answer this challenge with `session`."""

    name: ChallengeName
    session: str = field(repr=False)
    user: User | None
    """Who it is about; None where nobody has the name, which must not show."""
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    """ChallengeParameters."""
    available: tuple[ChallengeName, ...] = ()
    """AvailableChallenges."""
    trace: Trace = field(default=Trace(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """No sign-in; `username` is the canonical one and present only when the password was right."""

    reason: SignInReason
    text: Text
    username: str | None = None
    code: str | None = None
    """The exception of the JSON API where the reason alone does not name it."""
    trace: Trace = field(default=Trace(), compare=False, repr=False)

    @property
    def message(self) -> str:
        """The English text."""
        return self.text.english


SignInOutcome = SignedIn | Challenged | SignInRefused


class UserReason(StrEnum):
    """Why a user operation was refused; each is an error of the JSON API (in the comment)."""

    NOT_AUTHORIZED = "not-authorized"  # NotAuthorizedException
    INVALID_PARAMETER = "invalid-parameter"  # InvalidParameterException
    INVALID_PASSWORD = "invalid-password"  # InvalidPasswordException  # noqa: S105
    PASSWORD_REUSED = "password-reused"  # PasswordHistoryPolicyViolationException  # noqa: S105
    USERNAME_EXISTS = "username-exists"  # UsernameExistsException
    ALIAS_EXISTS = "alias-exists"  # AliasExistsException
    CODE_MISMATCH = "code-mismatch"  # CodeMismatchException
    CODE_EXPIRED = "code-expired"  # ExpiredCodeException
    LIMIT_EXCEEDED = "limit-exceeded"  # LimitExceededException
    DELIVERY_FAILED = (
        "code-delivery-failed"  # CodeDeliveryFailureException; the user exists, resend is possible
    )
    USER_NOT_FOUND = "user-not-found"  # UserNotFoundException
    UNSUPPORTED_STATE = "unsupported-state"  # UnsupportedUserStateException
    GROUP_NOT_FOUND = "group-not-found"  # ResourceNotFoundException
    GROUP_EXISTS = "group-exists"  # GroupExistsException
    TRIGGER_REFUSED = "trigger-refused"  # UserLambdaValidationException, or what the trigger's refusal says
    BUSY = "busy"  # TooManyRequestsException
    NO_SOFTWARE_TOKEN = "no-software-token"  # SoftwareTokenMFANotFoundException  # noqa: S105
    SOFTWARE_TOKEN_UNPROVEN = "software-token-unproven"  # EnableSoftwareTokenMFAException  # noqa: S105
    PASSKEYS_OFF = "passkeys-off"  # WebAuthnNotEnabledException
    PASSKEYS_UNCONFIGURED = "passkeys-unconfigured"  # WebAuthnConfigurationMissingException
    PASSKEY_CHALLENGE = "passkey-challenge"  # WebAuthnChallengeNotFoundException
    PASSKEY_ORIGIN = "passkey-origin"  # WebAuthnOriginNotAllowedException
    PASSKEY_RELYING_PARTY = "passkey-relying-party"  # WebAuthnRelyingPartyMismatchException
    PASSKEY_UNSUPPORTED = "passkey-unsupported"  # WebAuthnCredentialNotSupportedException
    PASSKEY_NOT_FOUND = "passkey-not-found"  # ResourceNotFoundException


@dataclass(frozen=True, slots=True)
class UserRefused:
    """A user operation that was refused."""

    reason: UserReason
    text: Text
    code: str | None = None
    """The exception of the JSON API, where the reason alone does not say it (a trigger's refusal)."""

    @property
    def message(self) -> str:
        """The English text."""
        return self.text.english


@dataclass(frozen=True, slots=True)
class Delivery:
    """CodeDeliveryDetails: where a code went, masked (`a***@e***`)."""

    destination: str
    medium: str = "EMAIL"
    attribute: str = "email"


@dataclass(frozen=True, slots=True)
class SignedUp:
    """A registered user; `confirmed` is false until the code is entered."""

    user_sub: str
    username: str
    delivery: Delivery | None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A confirmed user, for signing in at once after sign-up."""

    user: User


@dataclass(frozen=True, slots=True)
class TokenSet:
    """The answer of the token endpoint; `expires_in` is the access token's life in seconds."""

    access_token: str = field(repr=False)
    id_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int


class GrantReason(StrEnum):
    """Why a refresh token was refused, for the JSON API; the token endpoint says `invalid_grant` to all."""

    INVALID = "invalid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REUSED = "reused"
    DISABLED = "disabled"
    TRIGGER = "trigger"


@dataclass(frozen=True, slots=True)
class GrantRefused:
    """An OAuth error of the token or revocation endpoint (cognito.md 1.6, 1.8)."""

    error: str
    description: str | None = None
    reason: GrantReason = GrantReason.INVALID
    exception: str | None = None
    """The exception of the JSON API that a trigger's refusal is; `description` is its message."""


class TokenReason(StrEnum):
    """Why an access token was refused at userInfo."""

    INVALID = "invalid_token"
    NO_OPENID = "insufficient_scope"


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """An access token that does not open anything (any more)."""

    reason: TokenReason
    description: str
