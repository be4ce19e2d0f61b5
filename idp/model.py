"""The records of the user pool: what is stored, as frozen values without behaviour that needs I/O.

Times are Unix seconds (float). Names follow Cognito's own words. Secrets are wrapped so that a repr or a log
line never shows them.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from idp.factors.records import FactorSettings
from idp.protection.records import ThreatMode
from idp.signin.records import DeviceTracking
from idp.triggers.records import LambdaConfig


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that must not be shown; only `reveal()` gives it away."""

    value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the secret text."""
        return self.value

    def matches(self, candidate: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.value.encode(), candidate.encode("utf-8", "surrogatepass"))

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Part:
    """Something that belongs to a pool and is kept as one document: an identity provider, terms, a branding.

    The document is sealed at rest: providers' secrets and uploaded password hashes are in some.
    """

    pool_id: str
    kind: str
    key: str
    """Unique within the pool and the kind."""
    document: Mapping[str, Any] = field(repr=False)
    created_at: float
    updated_at: float


class UserStatus(StrEnum):
    """Cognito's user statuses (cognito.md 5.3)."""

    UNCONFIRMED = "UNCONFIRMED"
    CONFIRMED = "CONFIRMED"
    FORCE_CHANGE_PASSWORD = "FORCE_CHANGE_PASSWORD"  # noqa: S105
    RESET_REQUIRED = "RESET_REQUIRED"
    EXTERNAL_PROVIDER = "EXTERNAL_PROVIDER"


class DataType(StrEnum):
    """Data types of schema attributes."""

    STRING = "String"
    NUMBER = "Number"
    DATE_TIME = "DateTime"
    BOOLEAN = "Boolean"


@dataclass(frozen=True, slots=True)
class SchemaAttribute:
    """One attribute of a pool's schema; custom names carry their `custom:` prefix."""

    name: str
    data_type: DataType = DataType.STRING
    mutable: bool = True
    required: bool = False
    min_length: int | None = None
    max_length: int | None = None
    min_value: float | None = None
    max_value: float | None = None


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """`Policies.PasswordPolicy`, with Cognito's defaults."""

    minimum_length: int = 8
    require_uppercase: bool = True
    require_lowercase: bool = True
    require_numbers: bool = True
    require_symbols: bool = True
    temporary_password_validity_days: int = 7
    history_size: int = 0
    """PasswordHistorySize: how many passwords, the present one included, cannot be chosen again."""


@dataclass(frozen=True, slots=True)
class ResourceServer:
    """A resource server and its scopes; a full scope name is `identifier/name`."""

    identifier: str
    name: str
    scopes: tuple[tuple[str, str], ...] = ()
    """(scope name, description)."""

    @property
    def scope_names(self) -> tuple[str, ...]:
        """Full names of the scopes, `identifier/name`."""
        return tuple(f"{self.identifier}/{name}" for name, _ in self.scopes)


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """Subject and body of a mail; `{####}` is the code or temporary password, `{username}` the username."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Pool:
    """A user pool."""

    id: str
    name: str
    password_policy: PasswordPolicy = PasswordPolicy()
    auto_verified: tuple[str, ...] = ()
    """AutoVerifiedAttributes."""
    verify_before_update: tuple[str, ...] = ()
    """UserAttributeUpdateSettings: a new value of these waits until it is verified."""
    username_attributes: tuple[str, ...] = ()
    """UsernameAttributes: people sign in with these, the username is a UUID."""
    alias_attributes: tuple[str, ...] = ()
    """AliasAttributes: verified values of these also sign in."""
    case_sensitive: bool = True
    admin_create_only: bool = False
    schema: tuple[SchemaAttribute, ...] = ()
    """All attributes, standard ones included."""
    recovery: tuple[str, ...] = ()
    """AccountRecoverySetting names by priority; empty is Cognito's legacy order."""
    resource_servers: tuple[ResourceServer, ...] = ()
    domain: str | None = None
    verification_message: MessageTemplate | None = None
    verification_sms: str | None = None
    """The text of all verifying text messages, with `{####}`."""
    invitation_message: MessageTemplate | None = None
    invitation_sms: str | None = None
    """The text of invitations by text message, with `{username}` and `{####}`."""
    factors: FactorSettings = field(default_factory=FactorSettings)
    """MFA, passkeys and the ways to begin a sign-in."""
    devices: DeviceTracking | None = None
    """DeviceConfiguration; None: devices are not tracked."""
    lambda_config: LambdaConfig = field(default_factory=LambdaConfig)
    """The functions called at set places."""
    threat_mode: ThreatMode = ThreatMode.OFF
    """UserPoolAddOns.AdvancedSecurityMode."""
    custom_threat_mode: ThreatMode = ThreatMode.OFF
    """UserPoolAddOns.AdvancedSecurityAdditionalFlows.CustomAuthMode."""
    origin: str = "config"
    """Who declared the pool: `config`, or `api`."""
    active: bool = True
    """False once the configuration no longer names the pool: kept, not served."""
    created_at: float = 0.0
    updated_at: float = 0.0
    deletion_protected: bool = False
    """DeletionProtection is ACTIVE."""
    admin_group: str | None = None
    """AdminGroup: whose members may use the admin console; None: it is off."""
    admin_session_minutes: int = 30
    """AdminSessionMinutes: how old a sign-in may be before the console asks for another."""
    domain_version: int = 1
    """ManagedLoginVersion of the domain."""
    kept: Mapping[str, Any] = field(default_factory=dict)
    """Members of the API's shapes that are given back as they came, because no field here says them."""

    @property
    def arn(self) -> str:
        """The pool's ARN; the region is the part of the id before the underscore."""
        return f"arn:aws:cognito-idp:{self.id.rpartition('_')[0]}:000000000000:userpool/{self.id}"

    def attribute(self, name: str) -> SchemaAttribute | None:
        """Return the schema entry called `name`."""
        return next((entry for entry in self.schema if entry.name == name), None)


@dataclass(frozen=True, slots=True)
class RefreshRotation:
    """`RefreshTokenRotation`."""

    enabled: bool = False
    grace_seconds: int = 0


@dataclass(frozen=True, slots=True)
class SecretLabel:
    """What a client's secret is called, and since when it is there."""

    id: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Client:
    """An app client. Validities are in seconds."""

    id: str
    pool_id: str
    name: str
    secrets: tuple[Secret, ...] = ()
    """Active secrets, newest first; empty for a public client."""
    callback_urls: tuple[str, ...] = ()
    logout_urls: tuple[str, ...] = ()
    default_redirect_uri: str | None = None
    oauth_enabled: bool = False
    """AllowedOAuthFlowsUserPoolClient: without it the OAuth settings are inert."""
    oauth_flows: tuple[str, ...] = ()
    oauth_scopes: tuple[str, ...] = ()
    identity_providers: tuple[str, ...] = ()
    """SupportedIdentityProviders, e.g. ("COGNITO",)."""
    explicit_auth_flows: tuple[str, ...] = ()
    access_token_seconds: int = 3600
    id_token_seconds: int = 3600
    refresh_token_seconds: int = 30 * 86400
    rotation: RefreshRotation = RefreshRotation()
    token_revocation: bool = True
    hides_existence: bool = False
    propagates_context: bool = False
    """EnablePropagateAdditionalUserContextData: its word on the user's address is taken."""
    """PreventUserExistenceErrors is ENABLED. Hosted pages always behave as if it were."""
    read_attributes: tuple[str, ...] | None = None
    """None: every attribute of the schema."""
    write_attributes: tuple[str, ...] | None = None
    auth_session_seconds: int = 180
    origin: str = "config"
    active: bool = True
    """False once the configuration no longer names the client: kept with its secrets, not served."""
    created_at: float = 0.0
    updated_at: float = 0.0
    secret_labels: tuple[SecretLabel, ...] = ()
    """What the secrets are called, in their order; a secret from before there were labels has none."""
    kept: Mapping[str, Any] = field(default_factory=dict)
    """As of a pool."""

    @property
    def is_confidential(self) -> bool:
        """Whether the client has a secret and must prove it."""
        return bool(self.secrets)

    def accepts_secret(self, candidate: str) -> bool:
        """Whether `candidate` is one of the active secrets; constant time per secret."""
        return any([secret.matches(candidate) for secret in self.secrets])  # noqa: C419 - no early exit

    def may_read(self, name: str) -> bool:
        """Whether the client may see this attribute."""
        return self.read_attributes is None or name in self.read_attributes

    def may_write(self, name: str) -> bool:
        """Whether the client may set this attribute."""
        return self.write_attributes is None or name in self.write_attributes


@dataclass(frozen=True, slots=True)
class User:
    """A user. `attributes` holds strings as the API shows them, without `sub`."""

    pool_id: str
    sub: str
    username: str
    status: UserStatus
    created_at: float
    updated_at: float
    enabled: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict)
    password_hash: str | None = field(default=None, repr=False)
    srp_verifier: str | None = field(default=None, repr=False)
    """The SRP verifier of this very password, sealed; made where a client of the pool signs in by SRP."""
    password_history: tuple[str, ...] = field(default=(), repr=False)
    """Hashes of earlier passwords, newest first, as many as the policy wants."""
    temporary_until: float | None = None
    """When a temporary password stops working."""
    pending: Mapping[str, str] = field(default_factory=dict)
    """New addresses that take the old ones' place once they are verified."""
    logins: tuple[str, ...] = ()
    """Normalised names this user signs in with; unique in the pool."""

    @property
    def email(self) -> str | None:
        """The e-mail attribute."""
        return self.attributes.get("email")

    def has_verified(self, attribute: str) -> bool:
        """Whether `email` or `phone_number` is present and verified."""
        return bool(self.attributes.get(attribute)) and self.attributes.get(f"{attribute}_verified") == "true"


@dataclass(frozen=True, slots=True)
class Group:
    """A group; the lowest precedence wins `cognito:preferred_role`."""

    pool_id: str
    name: str
    description: str = ""
    precedence: int | None = None
    role_arn: str | None = None
    created_at: float = 0.0
    updated_at: float = 0.0


SEARCHED = ("email", "phone_number", "name", "given_name", "family_name", "preferred_username")
"""Attributes that lists of users can be narrowed by, besides username, sub and status (cognito.md 3.5)."""


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which users a list is wanted of (the Filter of ListUsers)."""

    attribute: str
    """A searched attribute, `username`, `sub`, `status` (of the user) or `enabled`."""
    values: tuple[str, ...]
    """What is looked for; several only for `status` and `enabled`. All but `username` are case-folded."""
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class UserPage:
    """Some of a list's users, and where the next ones begin."""

    users: tuple[User, ...]
    after: tuple[str, ...] | None = None
    """None at the end of the list."""
    before: tuple[str, ...] | None = None
    """Where the page begins, to read the one before it; None at the beginning of the list."""


@dataclass(frozen=True, slots=True)
class LinkedIdentity:
    """An account at another provider that signs in as a user of the pool."""

    pool_id: str
    provider: str
    attribute: str
    """`Cognito_Subject`, or a mapped attribute."""
    value: str
    sub: str
    linked_at: float


class CodePurpose(StrEnum):
    """What a mailed code is good for."""

    SIGN_UP = "sign-up"
    FORGOT_PASSWORD = "forgot-password"  # noqa: S105
    VERIFY_EMAIL = "verify-email"
    VERIFY_PHONE = "verify-phone-number"
    CHANGE_PASSWORD = "change-password"  # noqa: S105
    """No code is mailed: only the tries of the present password are counted."""
    SECOND_BY_SMS = "second-factor-sms"
    SECOND_BY_EMAIL = "second-factor-email"
    FIRST_BY_SMS = "first-factor-sms"
    FIRST_BY_EMAIL = "first-factor-email"


@dataclass(frozen=True, slots=True)
class MailedCode:
    """The state of one kind of mailed code for one account (or one unknown name): hash, expiry, counters."""

    pool_id: str
    subject: str
    """A user's sub, or a keyed hash of an unknown name."""
    purpose: CodePurpose
    code_hash: str | None = field(default=None, repr=False)
    expires_at: float = 0.0
    sends: tuple[float, ...] = ()
    attempts: tuple[float, ...] = ()
    wrong: int = 0
    """Wrong guesses at the present code."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed sign-ins of one account or one unknown name."""

    pool_id: str
    subject: str
    count: int = 0
    last_at: float = 0.0
    locked_until: float = 0.0


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """A code of the authorization code grant; the code itself is kept only as a hash."""

    code_hash: str = field(repr=False)
    pool_id: str
    client_id: str
    sub: str
    redirect_uri: str
    scopes: tuple[str, ...]
    nonce: str | None
    code_challenge: str | None
    auth_time: int
    expires_at: float
    family_id: str
    """The refresh-token family the redemption opens, so that a second use can revoke it."""
    redeemed_at: float | None = None
    amr: tuple[str, ...] = ()
    """What the user proved, in the words of the `amr` claim; empty where it is not known."""


@dataclass(frozen=True, slots=True)
class Family:
    """All tokens that descend from one sign-in at one client; its id is `origin_jti`."""

    id: str
    pool_id: str
    client_id: str
    sub: str
    event_id: str
    scopes: tuple[str, ...]
    auth_time: int
    nonce: str | None
    created_at: float
    expires_at: float
    revoked_at: float | None = None
    door: str = "oauth"
    """How it began: `oauth` (hosted pages and the token endpoint) or `api`, whose tokens say other things."""
    device_key: str | None = None
    """The device that its refresh tokens are bound to."""
    active_at: float | None = None
    """When it was last refreshed."""
    address: str | None = None
    user_agent: str | None = None
    amr: tuple[str, ...] = ()
    """As of a code; every refresh keeps it."""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One refresh token of a family; kept only as a hash."""

    token_hash: str = field(repr=False)
    family_id: str
    issued_at: float
    expires_at: float
    superseded_at: float | None = None


@dataclass(frozen=True, slots=True)
class SsoSession:
    """A browser's session with the hosted pages (the `cognito` cookie)."""

    token_hash: str = field(repr=False)
    pool_id: str
    sub: str
    auth_time: int
    expires_at: float
    amr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key of a pool; `sealed` is the private key under the instance key."""

    pool_id: str
    use: str
    """`id` or `access`: Cognito signs the two kinds of token with two keys."""
    kid: str
    sealed: str = field(repr=False)
    created_at: float
    signs_from: float
    """A new key is published before it signs, so that whoever keeps a copy of the JWKS knows it in time."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of the development inbox."""

    id: int
    recipient: str
    subject: str
    body: str = field(repr=False)
    sent_at: float
    pool_id: str | None = None


def sort_groups(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Order groups by precedence (none last), then by name."""
    return tuple(sorted(groups, key=lambda g: (g.precedence is None, g.precedence or 0, g.name)))
