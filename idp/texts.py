"""Texts that reach users, as constants: a translation key, Cognito's English words, and what fills the gaps.

Pages translate by `key`; the JSON API and logs use `english`. No text is ever built from an exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence for a user."""

    key: str
    """The translation key, e.g. `password-too-short`."""
    template: str
    """English, with `{name}` gaps."""
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def english(self) -> str:
        """Fill the gaps of the English template."""
        return self.template.format(**self.values)

    def filled(self, **values: str) -> Text:
        """Give the same text with its gaps filled."""
        return replace(self, values={**self.values, **values})

    def __str__(self) -> str:
        return self.english


# Sign-in (messages of NotAuthorizedException and its kin; cognito.md 4.8-4.10).
INCORRECT = Text("incorrect-username-or-password", "Incorrect username or password.")
USER_UNKNOWN = Text("user-does-not-exist", "User does not exist.")
USER_DISABLED = Text("user-disabled", "User is disabled.")
ATTEMPTS_EXCEEDED = Text("password-attempts-exceeded", "Password attempts exceeded")
RESET_REQUIRED = Text("password-reset-required", "Password reset required for the user")
NOT_CONFIRMED = Text("user-not-confirmed", "User is not confirmed.")
TEMPORARY_EXPIRED = Text(
    "temporary-password-expired", "Temporary password has expired and must be reset by an administrator."
)
SESSION_EXPIRED = Text("session-expired", "Invalid session for the user, session is expired.")
SESSION_INVALID = Text("session-invalid", "Invalid session for the user.")
FACTOR_UNAVAILABLE = Text("factor-unavailable", "No MFA mechanism registered in the account.")
SOFTWARE_TOKEN_UNAVAILABLE = Text(
    "software-token-unavailable", "Software Token MFA does not exist for the user."
)
FACTOR_IMPOSSIBLE = Text(
    "factor-impossible", "MFA is required, and the user can neither use nor set up any factor."
)
LEVEL_UNREACHABLE = Text(
    "level-unreachable", "The requested authentication level cannot be reached with the factors of this user."
)
LEVEL_REACHED = Text("level-reached", "The user has reached the requested authentication level already.")
FACTOR_CODE_MISMATCH = Text("factor-code-mismatch", "Invalid code received for user")
TRIGGER_REFUSED = Text("trigger-refused", "{message}")
PARAMETER_MISSING = Text("parameter-missing", "Missing required parameter {name}")
PARAMETER_UNFIT = Text("parameter-unfit", "Invalid value for parameter {name}")
DEVICE_UNKNOWN = Text("device-does-not-exist", "Device does not exist.")
CUSTOM_UNCONFIGURED = Text(
    "custom-auth-unconfigured", "Custom auth lambda trigger is not configured for the user pool."
)
LAMBDA_UNRECOGNIZABLE = Text("lambda-unrecognizable", "Unrecognizable lambda output")
TOO_MANY_REQUESTS = Text("too-many-requests", "Too many requests. Try again in a moment.")

# Registration and recovery.
SIGN_UP_CLOSED = Text("sign-up-closed", "SignUp is not permitted for this user pool")
USERNAME_EXISTS = Text("username-exists", "User already exists")
EMAIL_EXISTS = Text("email-exists", "An account with the given email already exists.")
PHONE_EXISTS = Text("phone-number-exists", "An account with the given phone_number already exists.")
ALIAS_EXISTS = Text("alias-exists", "An account with the {attribute} already exists.")
USERNAME_MALFORMED = Text(
    "username-malformed", "Username must be 1 to 128 letters, digits, symbols or punctuation, without spaces."
)
USERNAME_LOOKS_LIKE_EMAIL = Text(
    "username-looks-like-email",
    "Username cannot be of email format, since user pool is configured for email alias.",
)
USERNAME_LOOKS_LIKE_PHONE = Text(
    "username-looks-like-phone",
    "Username cannot be of phone number format, since user pool is configured for phone number alias.",
)
USERNAME_MUST_BE_EMAIL = Text("username-must-be-email", "Username should be an email.")
USERNAME_MUST_BE_PHONE = Text("username-must-be-phone", "Username should be a phone number.")
USERNAME_MUST_BE_EITHER = Text(
    "username-must-be-email-or-phone", "Username should be either an email or a phone number."
)
ATTRIBUTE_UNFIT = Text("attribute-unfit", "Attributes did not conform to the schema: {attribute}: {problem}")
ATTRIBUTE_UNWRITABLE = Text(
    "attribute-unwritable", "A client attempted to write unauthorized attribute: {attribute}"
)
PASSWORD_TOO_SHORT = Text(
    "password-too-short", "Password did not conform with policy: Password not long enough"
)
PASSWORD_TOO_LONG = Text(
    "password-too-long",
    "Password did not conform with policy: Password must not be longer than 256 characters",
)
PASSWORD_NEEDS_UPPERCASE = Text(
    "password-needs-uppercase",
    "Password did not conform with policy: Password must have uppercase characters",
)
PASSWORD_NEEDS_LOWERCASE = Text(
    "password-needs-lowercase",
    "Password did not conform with policy: Password must have lowercase characters",
)
PASSWORD_NEEDS_NUMBER = Text(
    "password-needs-number", "Password did not conform with policy: Password must have numeric characters"
)
PASSWORD_NEEDS_SYMBOL = Text(
    "password-needs-symbol", "Password did not conform with policy: Password must have symbol characters"
)
PASSWORD_HAS_SPACE = Text(
    "password-has-space", "Password did not conform with policy: Password must not begin or end with a space"
)
PASSWORD_REUSED = Text("password-reused", "Password has previously been used")
ADDRESS_BLOCKED = Text("address-blocked", "Request not allowed due to security reasons.")
RISK_BLOCKED = Text("risk-blocked", "Unable to login because of security reasons.")
PASSWORD_COMPROMISED = Text("password-compromised", "Provided password cannot be used for security reasons.")
ATTRIBUTE_FIXED = Text("attribute-fixed", "user.{attribute}: Attribute cannot be updated.")
CONTACT_ABSENT = Text(
    "contact-absent", "Cannot verify {attribute}: the user has none, or no code can go there"
)
GROUP_EXISTS = Text("group-exists", "A group with the name already exists.")
CODE_MISMATCH = Text("code-mismatch", "Invalid verification code provided, please try again.")
CODE_EXPIRED = Text("code-expired", "Invalid code provided, please request a code again.")
LIMIT_EXCEEDED = Text("limit-exceeded", "Attempt limit exceeded, please try after some time.")
DELIVERY_FAILED = Text("code-delivery-failed", "The code could not be sent. Try again in a moment.")
ALREADY_CONFIRMED = Text("already-confirmed", "User cannot be confirmed. Current status is {status}")
RESEND_NEEDLESS = Text("resend-needless", "User is already confirmed.")
NOTHING_TO_VERIFY = Text("nothing-to-verify", "Cannot resend codes. Auto verification not turned on.")
CONTACT_ADMINISTRATOR = Text("contact-administrator", "Contact administrator to reset password.")
GROUPS_OF_POOL = Text("too-many-groups", "A user pool has at most {most} groups.")
GROUPS_OF_USER = Text("too-many-groups-of-user", "A user is in at most {most} groups.")
GROUP_UNKNOWN = Text("group-does-not-exist", "Group not found.")
NOT_RECOVERABLE = Text(
    "not-recoverable",
    "Cannot reset password for the user as there is no registered/verified email or phone_number",
)
NO_MERGING = Text(
    "no-merging",
    "Merging is not currently supported, please provide a SourceUser that has not been signed up in order to"
    " link",
)
TOO_MANY_IDENTITIES = Text("too-many-identities", "A user can have at most 5 linked identities.")
IDENTITY_LINKED = Text("identity-linked", "SourceUser is already linked to DestinationUser")
NO_RESET = Text("no-reset", "User password cannot be reset in the current state.")
WRONG_STATUS = Text("wrong-status", "This cannot be done with a user in status {status}.")

# Second factors and passkeys (cognito.md 6).
SOFTWARE_TOKEN_OFF = Text("software-token-off", "Software Token MFA has not been enabled by the userPool")
SOFTWARE_TOKEN_UNPROVEN = Text("software-token-unproven", "Code mismatch and fail enable Software Token MFA")
SOFTWARE_TOKEN_USED = Text("software-token-used", "Your software token has already been used once.")
SOFTWARE_TOKEN_UNVERIFIED = Text("software-token-unverified", "User has not verified software token mfa")
FACTOR_OFF = Text("factor-off", "{factor} is not enabled for the user pool.")
FACTOR_NO_DELIVERY = Text("factor-no-delivery", "User does not have delivery config set to turn on {factor}")
FACTOR_ONE_PREFERRED = Text("factor-one-preferred", "Only one MFA method can be preferred.")
FACTOR_PREFERRED_OFF = Text("factor-preferred-off", "{factor} must be enabled to be preferred.")
FACTOR_REQUIRED = Text("factor-required", "User pool requires MFA; the last factor cannot be disabled.")
PASSKEYS_OFF = Text("passkeys-off", "WebAuthn is not enabled for the user pool.")
PASSKEYS_UNCONFIGURED = Text(
    "passkeys-unconfigured",
    "The user pool is served at an address, not a name: set WebAuthnRelyingPartyID.",
)
PASSKEYS_FULL = Text("passkeys-full", "A user can have at most {most} passkeys.")
PASSKEY_CHALLENGE = Text("passkey-challenge", "The challenge is not known, was used, or has expired.")
PASSKEY_ORIGIN = Text("passkey-origin", "The origin is not allowed for the relying party.")
PASSKEY_RELYING_PARTY = Text("passkey-relying-party", "The credential is for another relying party.")
PASSKEY_UNSUPPORTED = Text("passkey-unsupported", "The credential is not supported.")
PASSKEY_MALFORMED = Text("passkey-malformed", "The credential cannot be read or does not hold.")
PASSKEY_TAKEN = Text("passkey-taken", "The credential is registered already.")
PASSKEY_UNKNOWN = Text("passkey-unknown", "There is no such passkey.")
