"""The settings of a user pool that the console shows and changes, section by section. Pure.

What can never change (how people are called) and what runs with the server's rights (triggers) is only read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.api.pool_shapes import mfa_config, pool_type
from idp.config.factors import MULTI_FACTOR
from idp.console.client import RESERVED
from idp.console.settings import Kind, Path, Setting
from idp.factors.records import FirstFactor
from idp.management.pools import TAGS
from idp.model import Pool

PASSWORD: Final[Path] = ("Policies", "PasswordPolicy")
MAIL, PHONE = "verified_email", "verified_phone_number"
ADDRESSES: Final = ("email", "phone_number")
MFA: Final = "mfa"
DOMAIN: Final = "domain"
TAGGED: Final = "tags"


@dataclass(frozen=True, slots=True)
class Section:
    """Some settings that are changed together."""

    name: str
    settings: tuple[Setting, ...]
    fixed: tuple[Setting, ...] = ()
    """Shown beside them, and never changed."""


def _policy(name: str, kind: Kind) -> Setting:
    return Setting((*PASSWORD, name), kind)


def _mail(*path: str) -> tuple[Setting, Setting]:
    return Setting((*path, "EmailSubject"), Kind.TEXT), Setting((*path, "EmailMessage"), Kind.PARAGRAPH)


SECTIONS: Final = (
    Section(
        "general",
        (
            Setting(("PoolName",), Kind.TEXT, file_key="UserPoolName"),
            Setting(("DeletionProtection",), Kind.CHOICE, ("INACTIVE", "ACTIVE")),
        ),
    ),
    Section(
        "password",
        (
            _policy("MinimumLength", Kind.NUMBER),
            _policy("RequireUppercase", Kind.SWITCH),
            _policy("RequireLowercase", Kind.SWITCH),
            _policy("RequireNumbers", Kind.SWITCH),
            _policy("RequireSymbols", Kind.SWITCH),
            _policy("PasswordHistorySize", Kind.NUMBER),
            _policy("TemporaryPasswordValidityDays", Kind.NUMBER),
        ),
    ),
    Section(
        "sign_in",
        (Setting(("Policies", "SignInPolicy", "AllowedFirstAuthFactors"), Kind.CHOICES, (*FirstFactor,)),),
        (
            Setting(("UsernameAttributes",), Kind.CHOICES, ADDRESSES),
            Setting(("AliasAttributes",), Kind.CHOICES, (*ADDRESSES, "preferred_username")),
            Setting(("UsernameConfiguration", "CaseSensitive"), Kind.SWITCH),
        ),
    ),
    Section(
        MFA,
        (
            Setting(("MfaConfiguration",), Kind.CHOICE, ("OFF", "OPTIONAL", "ON")),
            Setting(("SoftwareTokenMfaConfiguration", "Enabled"), Kind.SWITCH, file_key="EnabledMfas"),
            Setting(("EmailMfaConfiguration",), Kind.PRESENCE, file_key="EnabledMfas"),
            Setting(("SmsMfaConfiguration",), Kind.PRESENCE, file_key="EnabledMfas"),
            Setting(
                ("WebAuthnConfiguration", "UserVerification"),
                Kind.CHOICE,
                ("preferred", "required"),
                file_key="WebAuthnUserVerification",
            ),
            Setting(
                ("WebAuthnConfiguration", "FactorConfiguration"),
                Kind.CHOICE,
                ("SINGLE_FACTOR", MULTI_FACTOR),
                file_key="WebAuthnFactorConfiguration",
            ),
        ),
    ),
    Section(
        "sign_up",
        (
            Setting(("AdminCreateUserConfig", "AllowAdminCreateUserOnly"), Kind.SWITCH),
            Setting(("AutoVerifiedAttributes",), Kind.CHOICES, ADDRESSES),
            Setting(
                ("UserAttributeUpdateSettings", "AttributesRequireVerificationBeforeUpdate"),
                Kind.CHOICES,
                ("email",),
            ),
        ),
    ),
    Section(
        "recovery",
        (
            Setting(
                ("AccountRecoverySetting", "RecoveryMechanisms"),
                Kind.RANKS,
                ("", MAIL, PHONE, f"{MAIL} {PHONE}", f"{PHONE} {MAIL}", "admin_only"),
            ),
        ),
    ),
    Section(
        "messages",
        (
            *_mail("VerificationMessageTemplate"),
            Setting(("VerificationMessageTemplate", "SmsMessage"), Kind.TEXT),
            *_mail("AdminCreateUserConfig", "InviteMessageTemplate"),
        ),
    ),
    Section(
        "devices",
        (
            Setting(("DeviceConfiguration",), Kind.PRESENCE),
            Setting(("DeviceConfiguration", "ChallengeRequiredOnNewDevice"), Kind.SWITCH),
            Setting(("DeviceConfiguration", "DeviceOnlyRememberedOnUserPrompt"), Kind.SWITCH),
        ),
    ),
    Section(
        "threats",
        (Setting(("UserPoolAddOns", "AdvancedSecurityMode"), Kind.CHOICE, ("OFF", "AUDIT", "ENFORCED")),),
    ),
    Section(
        DOMAIN,
        (
            Setting(("Domain",), Kind.TEXT, file_key="UserPoolDomain"),
            Setting(
                ("ManagedLoginVersion",),
                Kind.CHOICE,
                ("1", "2"),
                file_key="UserPoolDomain.ManagedLoginVersion",
            ),
        ),
    ),
    Section(TAGGED, (Setting(("Tags",), Kind.LINES, file_key=TAGS),)),
)


def find_section(name: str) -> Section | None:
    """Return the section of this name."""
    return next((section for section in SECTIONS if section.name == name), None)


def describe(section: Section, pool: Pool) -> Mapping[str, Any]:
    """Return the members that a section's settings are places in."""
    if section.name == MFA:
        return mfa_config(pool, relying_party=pool.factors.relying_party_id)
    if section.name == DOMAIN:
        return {"Domain": pool.domain, "ManagedLoginVersion": str(pool.domain_version)}
    if section.name == TAGGED:
        return {"Tags": [f"{key}={value}" for key, value in sorted(own_tags(pool).items())]}
    described = pool_type(pool, users=0)
    described["PoolName"] = pool.name
    described.setdefault("UsernameConfiguration", {"CaseSensitive": pool.case_sensitive})
    return described


def changeable(section: Section, pool: Pool) -> tuple[Setting, ...]:
    """Return the settings of a section that this pool has: of passkeys only where they are offered."""
    is_offered = pool.factors.offers_passkeys
    return tuple(s for s in section.settings if is_offered or s.path[0] != "WebAuthnConfiguration")


def own_tags(pool: Pool) -> dict[str, str]:
    """Return the tags that the console changes: not those that say who may use it."""
    tags: Mapping[str, str] = pool.kept.get(TAGS) or {}
    return {key: value for key, value in tags.items() if not key.startswith(RESERVED)}


def with_own_tags(tags: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Replace the tags that the console changes, and leave the others."""
    return {**{key: value for key, value in tags.items() if key.startswith(RESERVED)}, **own}


def read_tags(lines: list[str]) -> dict[str, str]:
    """Read tags, one `key=value` a line; raises ValueError with the key of a text."""
    tags: dict[str, str] = {}
    for line in lines:
        key, sign, value = (part.strip() for part in line.partition("="))
        if not sign or not key or key in tags:
            raise ValueError("console.set.tag_lines")
        if key.startswith(RESERVED):
            raise ValueError("console.set.tag_reserved")
        tags[key] = value
    return tags
