"""One user pool: the properties of AWS::Cognito::UserPool that are supported, with Cognito's defaults and
bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from idp.config.factors import CODE_GAP, SHAPE, read_factors
from idp.config.functions import read_lambda_config
from idp.config.reader import Reader
from idp.model import DataType, MessageTemplate, PasswordPolicy, Pool, ResourceServer, SchemaAttribute
from idp.protection.records import ThreatMode
from idp.signin.records import DeviceTracking
from idp.users.schema import CONTACTS, CUSTOM_PREFIX, STANDARD, build_schema

POOL_ID: Final = r"[\w-]{1,45}_[0-9A-Za-z]{1,9}"
ALIASES: Final = (*CONTACTS, "preferred_username")
DOMAIN: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_STANDARD_BY_NAME: Final = {entry.name: entry for entry in STANDARD}


def read_pool(reader: Reader, derive_id: Callable[[str], str]) -> Pool:
    """Read the pool's own properties; what belongs to other resources is read elsewhere."""
    name = reader.required_text("UserPoolName", longest=128)
    usernames, aliases = (
        reader.choices("UsernameAttributes", CONTACTS),
        reader.choices("AliasAttributes", ALIASES),
    )
    if usernames and aliases:
        reader.report(
            "AliasAttributes", "Conflict", "a pool has either UsernameAttributes or AliasAttributes"
        )
    _read_without_effect(reader)
    admin, policies = reader.nested("AdminCreateUserConfig"), reader.nested("Policies")
    recovery = _read_recovery(reader)
    verification, verification_sms = _read_verification(reader)
    threat_mode, custom_threat_mode = _read_threat_modes(reader)
    invitation, invitation_sms = _read_invitation(admin)
    pool = Pool(
        id=reader.text("UserPoolId", pattern=POOL_ID, longest=55, shape="like `us-east-1_Example01`")
        or derive_id(name),
        name=name,
        password_policy=_read_policy(policies, admin),
        auto_verified=reader.choices("AutoVerifiedAttributes", CONTACTS),
        verify_before_update=_read_update_settings(reader),
        username_attributes=usernames,
        alias_attributes=aliases,
        case_sensitive=_read_case(reader),
        admin_create_only=admin.boolean("AllowAdminCreateUserOnly", False),
        schema=build_schema(read_attributes(reader)),
        recovery=recovery,
        devices=_read_devices(reader),
        lambda_config=read_lambda_config(reader),
        resource_servers=_read_resource_servers(reader),
        domain=_read_domain(reader),
        verification_message=verification,
        verification_sms=verification_sms,
        invitation_message=invitation,
        invitation_sms=invitation_sms,
        threat_mode=threat_mode,
        custom_threat_mode=custom_threat_mode,
        factors=read_factors(reader, policies.nested("SignInPolicy"), recovery),
    )
    admin.finish()
    policies.finish()
    return pool


def _read_without_effect(reader: Reader) -> None:
    """Accept what changes nothing here: tags, and tiers, whose features are refused by name."""
    reader.raw("UserPoolTags")
    reader.choice("UserPoolTier", ("LITE", "ESSENTIALS", "PLUS"), "ESSENTIALS")


def _read_policy(policies: Reader, admin: Reader) -> PasswordPolicy:
    policy = policies.nested("PasswordPolicy")
    default = PasswordPolicy()
    days = policy.integer("TemporaryPasswordValidityDays", 0, 0, 365)
    legacy_days = admin.integer("UnusedAccountValidityDays", 0, 0, 365)
    result = PasswordPolicy(
        minimum_length=policy.integer("MinimumLength", default.minimum_length, 6, 99),
        require_uppercase=policy.boolean("RequireUppercase", default.require_uppercase),
        require_lowercase=policy.boolean("RequireLowercase", default.require_lowercase),
        require_numbers=policy.boolean("RequireNumbers", default.require_numbers),
        require_symbols=policy.boolean("RequireSymbols", default.require_symbols),
        history_size=policy.integer("PasswordHistorySize", default.history_size, 0, 24),
        temporary_password_validity_days=days or legacy_days or default.temporary_password_validity_days,
    )
    if days and legacy_days:
        message = "use either this or AdminCreateUserConfig.UnusedAccountValidityDays"
        policy.report("TemporaryPasswordValidityDays", "Conflict", message)
    policy.finish()
    return result


def _read_update_settings(reader: Reader) -> tuple[str, ...]:
    settings = reader.nested("UserAttributeUpdateSettings")
    names = settings.choices("AttributesRequireVerificationBeforeUpdate", ("email",))
    settings.finish()
    verified = reader.raw("AutoVerifiedAttributes")
    for name in names:
        if not isinstance(verified, list) or name not in verified:
            message = f"`{name}` must be one of AutoVerifiedAttributes to be verified before an update"
            reader.report("UserAttributeUpdateSettings", "Conflict", message)
    return names


def _read_case(reader: Reader) -> bool:
    settings = reader.nested("UsernameConfiguration")
    sensitive = settings.boolean("CaseSensitive", True)
    settings.finish()
    return sensitive


def _read_devices(reader: Reader) -> DeviceTracking | None:
    """Read DeviceConfiguration; its presence alone switches tracking on, as in Cognito."""
    is_there = "DeviceConfiguration" in reader
    settings = reader.nested("DeviceConfiguration")
    tracking = DeviceTracking(
        challenge_on_new_device=settings.boolean("ChallengeRequiredOnNewDevice", False),
        only_remembered_on_prompt=settings.boolean("DeviceOnlyRememberedOnUserPrompt", False),
    )
    settings.finish()
    return tracking if is_there else None


def _read_threat_modes(reader: Reader) -> tuple[ThreatMode, ThreatMode]:
    add_ons = reader.nested("UserPoolAddOns")
    mode = ThreatMode(add_ons.choice("AdvancedSecurityMode", [*ThreatMode], ThreatMode.OFF))
    flows = add_ons.nested("AdvancedSecurityAdditionalFlows")
    custom = flows.choice("CustomAuthMode", (ThreatMode.AUDIT, ThreatMode.ENFORCED), ThreatMode.OFF)
    flows.finish()
    add_ons.finish()
    return mode, ThreatMode(custom)


def _read_recovery(reader: Reader) -> tuple[str, ...]:
    setting = reader.nested("AccountRecoverySetting")
    found: list[tuple[int, str]] = []
    for item in setting.items("RecoveryMechanisms"):
        name = item.choice("Name", ("verified_email", "verified_phone_number", "admin_only"), "")
        found.append((item.integer("Priority", 1, 1, 2), name))
        item.finish()
    setting.finish()
    names = tuple(name for _, name in sorted(found) if name)
    if "admin_only" in names and len(names) > 1:
        reader.report("AccountRecoverySetting", "Conflict", "`admin_only` stands alone")
    return names


def _read_domain(reader: Reader) -> str | None:
    if not isinstance(reader.raw("UserPoolDomain"), str):
        nested = reader.nested("UserPoolDomain")
        nested.raw("UserPoolId")
        domain = nested.text(
            "Domain", pattern=DOMAIN, longest=63, shape="lower-case letters, digits and hyphens"
        )
        nested.raw("ManagedLoginVersion")  # read where it is known whether there are styles to show
        nested.finish(("CustomDomainConfig", "Routing"))
        return domain
    return reader.text(
        "UserPoolDomain", pattern=DOMAIN, longest=63, shape="lower-case letters, digits and hyphens"
    )


def _read_resource_servers(reader: Reader) -> tuple[ResourceServer, ...]:
    servers = tuple(_read_resource_server(item) for item in reader.items("UserPoolResourceServers", most=25))
    identifiers = [server.identifier for server in servers]
    if len(set(identifiers)) != len(identifiers):
        reader.report("UserPoolResourceServers", "Duplicate", "two resource servers have the same Identifier")
    return servers


def _read_resource_server(reader: Reader) -> ResourceServer:
    shape = "printable ASCII without spaces, quotes and backslashes"
    identifier = reader.required_text("Identifier", pattern=r"[!#-\[\]-~]+", longest=256, shape=shape)
    name = reader.text("Name", longest=256) or identifier
    scopes: list[tuple[str, str]] = []
    for item in reader.items("Scopes", most=100):
        scope = item.required_text(
            "ScopeName", pattern=r"[!#-.0-\[\]-~]+", longest=256, shape=shape + ", and no `/`"
        )
        scopes.append((scope, item.text("ScopeDescription", longest=256) or ""))
        item.finish()
    reader.raw("UserPoolId")
    reader.finish()
    return ResourceServer(identifier, name, tuple(scopes))


def read_attributes(reader: Reader) -> tuple[SchemaAttribute, ...]:
    """Read `Schema`."""
    items = reader.items("Schema")
    if len(items) > 50:
        reader.report("Schema", "InvalidValue", "at most 50 attributes are allowed")
    entries = tuple(_read_attribute(item) for item in items)
    names = [entry.name for entry in entries]
    for name in {name for name in names if names.count(name) > 1}:
        reader.report("Schema", "Duplicate", f"`{name}` is there twice")
    return entries


def _read_attribute(reader: Reader) -> SchemaAttribute:
    name = reader.required_text("Name", longest=27)
    standard = _STANDARD_BY_NAME.get(name)
    bare = name.removeprefix(CUSTOM_PREFIX)
    if name and standard is None and not re.fullmatch(r"[\w.@#$%&*+=!?^~-]{1,20}", bare):
        reader.report(
            "Name", "InvalidValue", "a custom attribute's name has 1 to 20 characters without spaces"
        )
    base = standard or SchemaAttribute(f"{CUSTOM_PREFIX}{bare}")
    required = reader.boolean("Required", base.required)
    if required and standard is None:
        reader.report("Required", "InvalidValue", "custom attributes cannot be required")
    texts, numbers = reader.nested("StringAttributeConstraints"), reader.nested("NumberAttributeConstraints")
    data_type = DataType(reader.choice("AttributeDataType", [*DataType], base.data_type))
    if standard is not None and data_type is not standard.data_type:
        reader.report("AttributeDataType", "InvalidValue", f"`{name}` is a {standard.data_type}")
    attribute = SchemaAttribute(
        name=base.name,
        data_type=data_type,
        mutable=reader.boolean("Mutable", base.mutable),
        required=required,
        min_length=_length(texts, "MinLength", base.min_length),
        max_length=_length(texts, "MaxLength", base.max_length),
        min_value=_value(numbers, "MinValue", base.min_value),
        max_value=_value(numbers, "MaxValue", base.max_value),
    )
    for part in (texts, numbers):
        part.finish()
    reader.finish(("DeveloperOnlyAttribute",))
    return attribute


def _length(reader: Reader, key: str, default: int | None) -> int | None:
    return reader.integer(key, 0, 0, 2048) if key in reader else default


def _value(reader: Reader, key: str, default: float | None) -> float | None:
    return reader.integer(key, 0, -(2**53), 2**53) if key in reader else default


def _read_verification(reader: Reader) -> tuple[MessageTemplate | None, str | None]:
    """Read what verifying mails and text messages say; the latter under its new or its legacy name."""
    template = reader.nested("VerificationMessageTemplate")
    if (
        template.choice("DefaultEmailOption", ("CONFIRM_WITH_CODE", "CONFIRM_WITH_LINK"), "")
        == "CONFIRM_WITH_LINK"
    ):
        template.report("DefaultEmailOption", "NotSupportedYet", "only `CONFIRM_WITH_CODE` is supported yet")
    message = _read_template(template, ("{####}",), "Your verification code")
    texts = [
        part.text(key, pattern=CODE_GAP, longest=140, shape=SHAPE)
        for part, key in ((template, "SmsMessage"), (reader, "SmsVerificationMessage"))
    ]
    template.finish(("EmailMessageByLink", "EmailSubjectByLink"))
    return message, next(filter(None, texts), None)


def _read_invitation(admin: Reader) -> tuple[MessageTemplate | None, str | None]:
    """Read what invitations say, by mail and by text message."""
    template, gaps = admin.nested("InviteMessageTemplate"), ("{####}", "{username}")
    message = _read_template(template, gaps, "Your temporary password")
    text = template.text("SMSMessage", longest=140)
    _require_gaps(template, "SMSMessage", text, gaps)
    template.finish()
    return message, text


def _require_gaps(reader: Reader, key: str, text: str | None, gaps: tuple[str, ...]) -> None:
    for gap in gaps if text is not None else ():
        if gap not in str(text):
            reader.report(key, "InvalidValue", f"must contain `{gap}`")


def _read_template(reader: Reader, gaps: tuple[str, ...], subject: str) -> MessageTemplate | None:
    subject = reader.text("EmailSubject", pattern=r"[^\r\n]+", longest=140, shape="one line") or subject
    body = reader.text("EmailMessage", longest=20_000)
    if body is None:
        return None
    _require_gaps(reader, "EmailMessage", body, gaps)
    return MessageTemplate(subject, body)
