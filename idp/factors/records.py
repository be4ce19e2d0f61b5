"""What the store keeps about factors, and a pool's settings for them, as frozen values.

Names follow Cognito: MFA factors as in `UserMFASettingList`, first factors as in `AllowedFirstAuthFactors`
(cognito.md 6). Imports nothing of ours, so that the pool's own record can hold its settings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Mfa(StrEnum):
    """`MfaConfiguration`."""

    OFF = "OFF"
    ON = "ON"
    OPTIONAL = "OPTIONAL"


class Factor(StrEnum):
    """A second factor, by the name that the API has for it."""

    SMS = "SMS_MFA"
    TOTP = "SOFTWARE_TOKEN_MFA"
    EMAIL = "EMAIL_OTP"


class FirstFactor(StrEnum):
    """A way to begin a sign-in (`AllowedFirstAuthFactors`)."""

    PASSWORD = "PASSWORD"  # noqa: S105
    EMAIL_OTP = "EMAIL_OTP"
    SMS_OTP = "SMS_OTP"
    WEB_AUTHN = "WEB_AUTHN"


@dataclass(frozen=True, slots=True)
class FactorSettings:
    """Everything a pool says about factors; the defaults are Cognito's."""

    mfa: Mfa = Mfa.OFF
    enabled: tuple[Factor, ...] = ()
    """EnabledMfas."""
    first: tuple[FirstFactor, ...] = (FirstFactor.PASSWORD,)
    """Policies.SignInPolicy.AllowedFirstAuthFactors."""
    relying_party_id: str | None = None
    """WebAuthnRelyingPartyID; None: the host of the pool's public URL."""
    user_verification: str = "preferred"
    """WebAuthnUserVerification: `preferred` or `required`."""
    passkey_counts_twice: bool = False
    """WebAuthnFactorConfiguration is MULTI_FACTOR_WITH_USER_VERIFICATION: such a passkey is two factors."""
    app_origins: tuple[str, ...] = ()
    """WebAuthnAppOrigins: Android apps that may ask for the pool's passkeys."""
    sms_message: str | None = None
    """SmsAuthenticationMessage, with `{####}`."""
    email_subject: str | None = None
    email_message: str | None = None
    """EmailAuthenticationSubject and EmailAuthenticationMessage, with `{####}`."""

    @property
    def offers_passkeys(self) -> bool:
        """Whether people may sign in with passkeys."""
        return FirstFactor.WEB_AUTHN in self.first


@dataclass(frozen=True, slots=True)
class MfaPreference:
    """Which second factors a user switched on, and which comes first."""

    pool_id: str
    sub: str
    enabled: tuple[Factor, ...] = ()
    preferred: Factor | None = None


@dataclass(frozen=True, slots=True)
class SoftwareToken:
    """A user's TOTP seed, sealed; a new one waits beside it until its first code was right."""

    pool_id: str
    sub: str
    sealed_seed: str | None = field(default=None, repr=False)
    """The seed that works; None until the first one was verified."""
    device_name: str = ""
    last_step: int = 0
    """The time step of the last accepted code: neither it nor an earlier one works again."""
    sealed_pending: str | None = field(default=None, repr=False)
    """A seed that was handed out and not yet verified."""
    changed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Passkey:
    """A WebAuthn credential."""

    pool_id: str
    id_hash: str
    """SHA-256 of the credential id: ids may be longer than a database key."""
    credential_id: str
    """base64url."""
    sub: str
    public_key: str = field(repr=False)
    """COSE key, base64url."""
    sign_count: int
    relying_party_id: str
    name: str
    created_at: float
    transports: tuple[str, ...] = ()
    attachment: str | None = None
    """`platform` or `cross-platform`."""
    backed_up: bool = False
    used_at: float | None = None


class CeremonyKind(StrEnum):
    """What a WebAuthn challenge was for."""

    REGISTER = "register"
    AUTHENTICATE = "authenticate"


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A WebAuthn challenge: one that is open (registration), or one that was used up (authentication)."""

    challenge_hash: str = field(repr=False)
    pool_id: str
    subject: str
    kind: CeremonyKind
    expires_at: float
