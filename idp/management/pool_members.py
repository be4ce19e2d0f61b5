"""A user pool out of the members of CreateUserPool and UpdateUserPool. Pure.

The members go through the reader of the configuration file, so that both ways in have the same rules. What
has no field of its own is kept and given back as it came (`Pool.kept`); what would promise something that
nothing here does is refused. An omitted member is its default, also in an update (cognito.md 3.7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idp.config.factors import MULTI_FACTOR
from idp.config.pools import read_attributes, read_pool
from idp.config.reader import Problem, Reader, format_place
from idp.factors.policy import find_conflicts
from idp.factors.records import Factor, FactorSettings, Mfa
from idp.management.refusal import invalid
from idp.model import Pool
from idp.signin.assurance import names_of
from idp.users.schema import CUSTOM_PREFIX

Members = Mapping[str, Any]
READ: Final = (
    "AccountRecoverySetting",
    "AliasAttributes",
    "AutoVerifiedAttributes",
    "DeviceConfiguration",
    "LambdaConfig",
    "Policies",
    "Schema",
    "UserAttributeUpdateSettings",
    "UserPoolAddOns",
    "UsernameAttributes",
    "UsernameConfiguration",
)
KEPT: Final = (
    "AcrConfiguration",
    "AccountRecoverySetting",
    "AdminCreateUserConfig",
    "DcrConfiguration",
    "EmailConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "IssuerConfiguration",
    "KeyConfiguration",
    "LambdaConfig",
    "SmsAuthenticationMessage",
    "SmsConfiguration",
    "SmsVerificationMessage",
    "UserPoolAddOns",
    "UserPoolTags",
    "UserPoolTier",
    "UsernameConfiguration",
    "VerificationMessageTemplate",
)
OWN: Final = ("LogConfigurations", "UserSessionTracking", "TokenSession")
"""What `kept` holds beside these: set by operations of its own, so that an update leaves it."""
FIXED: Final = ("UsernameConfiguration",)
MOST_CUSTOM: Final = 50
_FACTOR_MEMBERS: Final = frozenset(
    {"SmsMfaConfiguration", "SoftwareTokenMfaConfiguration", "EmailMfaConfiguration", "MfaConfiguration"}
)


def make_pool(members: Members, *, pool_id: str, now: float) -> Pool:
    """Build a new pool; raises Refused."""
    pool = _build(members, pool_id=pool_id, name=members["PoolName"], before=FactorSettings())
    if sum(entry.name.startswith(CUSTOM_PREFIX) for entry in pool.schema) > MOST_CUSTOM:
        raise invalid(f"a user pool has at most {MOST_CUSTOM} custom attributes")
    return replace(pool, created_at=now, updated_at=now)


def change_pool(pool: Pool, members: Members, *, now: float) -> Pool:
    """Lay an update over a pool: what cannot change stays, everything else is as if it were new."""
    name = members.get("PoolName", pool.name)
    fresh = _build(members, pool_id=pool.id, name=name, before=pool.factors)
    stays = {key: pool.kept[key] for key in (*OWN, *FIXED) if key in pool.kept}
    return replace(
        fresh,
        username_attributes=pool.username_attributes,
        alias_attributes=pool.alias_attributes,
        case_sensitive=pool.case_sensitive,
        schema=pool.schema,
        resource_servers=pool.resource_servers,
        domain=pool.domain,
        domain_version=pool.domain_version,
        created_at=pool.created_at,
        updated_at=now,
        kept={**fresh.kept, **stays},
    )


_FACTOR_PROPERTIES: Final[Mapping[str, tuple[str, ...]]] = {
    "MfaConfiguration": ("MfaConfiguration",),
    "SoftwareTokenMfaConfiguration": ("EnabledMfas",),
    "SmsMfaConfiguration": ("EnabledMfas", "SmsAuthenticationMessage"),
    "EmailMfaConfiguration": ("EnabledMfas", "EmailAuthenticationMessage", "EmailAuthenticationSubject"),
    "WebAuthnConfiguration": (
        "WebAuthnRelyingPartyID",
        "WebAuthnUserVerification",
        "WebAuthnFactorConfiguration",
    ),
}


def name_factor_properties(members: Members) -> tuple[str, ...]:
    """Say what the configuration file calls the members of a SetUserPoolMfaConfig."""
    named = (names for member, names in _FACTOR_PROPERTIES.items() if member in members)
    return tuple(dict.fromkeys(name for names in named for name in names))


def change_factors(pool: Pool, members: Members, *, now: float) -> Pool:
    """Lay a SetUserPoolMfaConfig over a pool; raises Refused.

    A factor that is not named is switched off: SMS and mail have no switch. WebAuthnConfiguration alone
    leaves the factors as they are, and the other way round.
    """
    settings = _lay_factors(pool.factors, members)
    passkeys = members.get("WebAuthnConfiguration")
    if passkeys is not None:
        settings = replace(
            settings,
            relying_party_id=passkeys.get("RelyingPartyId"),
            user_verification=passkeys.get("UserVerification", "preferred"),
            passkey_counts_twice=passkeys.get("FactorConfiguration") == MULTI_FACTOR,
        )
    for conflict in find_conflicts(settings, pool.recovery):
        raise invalid(f"{conflict.where}: {conflict.message.replace('`', '')}")
    return replace(pool, factors=settings, updated_at=now)


def _lay_factors(settings: FactorSettings, members: Members) -> FactorSettings:
    if _FACTOR_MEMBERS.isdisjoint(members):
        return settings
    sms, mail = members.get("SmsMfaConfiguration"), members.get("EmailMfaConfiguration")
    is_on = {
        Factor.SMS: sms is not None,
        Factor.TOTP: bool((members.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled")),
        Factor.EMAIL: mail is not None,
    }
    return replace(
        settings,
        mfa=Mfa(members.get("MfaConfiguration", settings.mfa)),
        enabled=tuple(factor for factor, on in is_on.items() if on),
        sms_message=(sms or {}).get("SmsAuthenticationMessage"),
        email_message=(mail or {}).get("Message"),
        email_subject=(mail or {}).get("Subject"),
    )


def add_attributes(pool: Pool, declared: list[Members], *, now: float) -> Pool:
    """Add custom attributes to a pool's schema; raises Refused."""
    problems: list[Problem] = []
    entries = read_attributes(Reader({"Schema": [_as_custom(entry) for entry in declared]}, (), problems))
    _raise(problems)
    taken = {entry.name for entry in pool.schema}
    for entry in entries:
        if entry.name in taken:
            raise invalid(f"{entry.name}: Existing attribute already has name {entry.name}.")
    schema = (*pool.schema, *entries)
    if sum(entry.name.startswith(CUSTOM_PREFIX) for entry in schema) > MOST_CUSTOM:
        raise invalid(f"a user pool has at most {MOST_CUSTOM} custom attributes")
    return replace(pool, schema=schema, updated_at=now)


def _as_custom(entry: Members) -> dict[str, Any]:
    """Spell an added attribute as custom, whatever standard name it has: there is no other kind to add."""
    name = str(entry.get("Name", "")).removeprefix(CUSTOM_PREFIX)
    return {**_clean_attribute(entry), "Name": f"{CUSTOM_PREFIX}{name}"}


def _clean_attribute(entry: Members) -> dict[str, Any]:
    if entry.get("DeveloperOnlyAttribute"):
        raise invalid("DeveloperOnlyAttribute is not supported: use WriteAttributes of the app clients")
    return {key: value for key, value in entry.items() if key != "DeveloperOnlyAttribute"}


def _build(members: Members, *, pool_id: str, name: str, before: FactorSettings) -> Pool:
    _refuse_unserved(members)
    problems: list[Problem] = []
    reader = Reader(_as_document(members, pool_id, name), (), problems)
    pool = read_pool(reader, lambda _: pool_id)
    reader.finish()
    _raise(problems)
    kept = {key: members[key] for key in KEPT if key in members}
    _check_levels(replace(pool, kept=kept))
    return replace(
        pool,
        origin="api",
        factors=_read_factors(members, before, pool),
        deletion_protected=members.get("DeletionProtection") == "ACTIVE",
        kept=kept,
    )


def _as_document(members: Members, pool_id: str, name: str) -> dict[str, Any]:
    """Spell the members as the configuration file would."""
    document = {key: members[key] for key in READ if key in members}
    if "Schema" in document:
        document["Schema"] = [_clean_attribute(entry) for entry in document["Schema"]]
    admin = dict(members.get("AdminCreateUserConfig", {}))
    policy = members.get("Policies", {}).get("PasswordPolicy", {})
    if admin.get("UnusedAccountValidityDays") == policy.get("TemporaryPasswordValidityDays"):
        admin.pop("UnusedAccountValidityDays", None)  # what a description says twice is no conflict
    template = members.get("VerificationMessageTemplate", {})
    mail = {
        "DefaultEmailOption": template.get("DefaultEmailOption"),
        "EmailMessage": template.get("EmailMessage", members.get("EmailVerificationMessage")),
        "EmailSubject": template.get("EmailSubject", members.get("EmailVerificationSubject")),
    }
    return {
        **document,
        "UserPoolId": pool_id,
        "UserPoolName": name,
        "AdminCreateUserConfig": admin,
        "VerificationMessageTemplate": {key: value for key, value in mail.items() if value is not None},
    }


def _read_factors(members: Members, before: FactorSettings, pool: Pool) -> FactorSettings:
    """Say which factors there are: SmsConfiguration brings text messages, other ones stay as they are set."""
    mfa = Mfa(members.get("MfaConfiguration", Mfa.OFF))
    enabled = set(before.enabled) | ({Factor.SMS} if mfa is not Mfa.OFF and _sends_sms(members) else set())
    if mfa is not Mfa.OFF and not enabled:
        raise invalid("SMS configuration and Auto verification for phone_number are required when MFA is ON")
    settings = replace(
        before,
        mfa=mfa,
        enabled=tuple(factor for factor in Factor if factor in enabled),
        first=pool.factors.first,
        sms_message=members.get("SmsAuthenticationMessage", before.sms_message),
    )
    for conflict in find_conflicts(settings, pool.recovery):
        raise invalid(f"{conflict.where}: {conflict.message.replace('`', '')}")
    return settings


def _sends_sms(members: Members) -> bool:
    return bool(members.get("SmsConfiguration", {}).get("SnsCallerArn"))


_UNSERVED: Final = (
    (("DcrConfiguration", "EnableStatus"), "Enabled", "dynamic client registration is not supported"),
    (("IssuerConfiguration", "Type"), "UPDATED", "the issuer of this pool is the address it is served at"),
    (("KeyConfiguration", "KeyType"), "CUSTOMER_MANAGED_KEY", "data is sealed under the instance key"),
)


def _refuse_unserved(members: Members) -> None:
    for (member, key), value, why in _UNSERVED:
        if members.get(member, {}).get(key) == value:
            raise invalid(f"{member}.{key} {value} is not supported: {why}")


def _check_levels(pool: Pool) -> None:
    """Refuse names of authentication levels that do not tell two levels apart."""
    names = names_of(pool).values()
    if len(set(names)) != len(names):
        raise invalid("AcrConfiguration: every level needs a name of its own, default names included")


def _raise(problems: list[Problem]) -> None:
    if problems:
        text = "; ".join(f"{format_place(problem.where)}: {problem.message}" for problem in problems)
        raise invalid(text.replace("`", ""))
