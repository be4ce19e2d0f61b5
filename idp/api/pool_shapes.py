"""Pools and app clients in the shapes of the service model (cognito.md 3.7). Pure.

A description is what its update takes: whoever sends the members of one back changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.api.present import present, timestamp
from idp.config.factors import MULTI_FACTOR
from idp.factors.records import Factor, FirstFactor
from idp.model import Client, DataType, Pool, ResourceServer, SchemaAttribute
from idp.protection.records import ThreatMode
from idp.signin.assurance import names_of

ACCOUNT: Final = "000000000000"
_TEMPLATE: Final = {"DefaultEmailOption": "CONFIRM_WITH_CODE"}
_GIVEN_BACK: Final = (
    "DcrConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "IssuerConfiguration",
    "KeyConfiguration",
    "LambdaConfig",
    "SmsConfiguration",
    "SmsVerificationMessage",
    "UserPoolAddOns",
    "UserPoolTags",
    "UsernameConfiguration",
)


def pool_type(pool: Pool, *, users: int) -> dict[str, object]:
    """A UserPoolType."""
    kept = {key: pool.kept[key] for key in _GIVEN_BACK if key in pool.kept}
    is_off = pool.threat_mode is ThreatMode.OFF
    described = present(
        Id=pool.id,
        Name=pool.name,
        Arn=pool.arn,
        Policies=_policies(pool),
        DeletionProtection="ACTIVE" if pool.deletion_protected else "INACTIVE",
        LambdaConfig={},
        CreationDate=timestamp(pool.created_at),
        LastModifiedDate=timestamp(pool.updated_at),
        SchemaAttributes=[schema_attribute(entry) for entry in pool.schema],
        AutoVerifiedAttributes=list(pool.auto_verified) or None,
        AliasAttributes=list(pool.alias_attributes) or None,
        UsernameAttributes=list(pool.username_attributes) or None,
        VerificationMessageTemplate={**_TEMPLATE, **_verification(pool)},
        SmsAuthenticationMessage=pool.factors.sms_message,
        MfaConfiguration=pool.factors.mfa.value,
        EstimatedNumberOfUsers=users,
        EmailConfiguration=pool.kept.get("EmailConfiguration", {"EmailSendingAccount": "COGNITO_DEFAULT"}),
        UserAttributeUpdateSettings=_update_settings(pool),
        DeviceConfiguration=_devices(pool),
        AdminCreateUserConfig=_admin(pool),
        UsernameConfiguration=None if pool.case_sensitive else {"CaseSensitive": False},
        AccountRecoverySetting=_recovery(pool),
        Domain=pool.domain,
        AcrConfiguration={f"Level{level}": {"AcrValue": name} for level, name in names_of(pool).items()},
        UserPoolAddOns=None if is_off else _add_ons(pool),
        UserPoolTier=pool.kept.get("UserPoolTier", "ESSENTIALS"),
    )
    return {**described, **kept}


def _add_ons(pool: Pool) -> dict[str, object]:
    custom = pool.custom_threat_mode
    flows = {} if custom is ThreatMode.OFF else {"CustomAuthMode": custom.value}
    return present(AdvancedSecurityMode=pool.threat_mode.value, AdvancedSecurityAdditionalFlows=flows or None)


def pool_description(pool: Pool) -> dict[str, object]:
    """A UserPoolDescriptionType."""
    return {
        "Id": pool.id,
        "Name": pool.name,
        "LambdaConfig": pool.kept.get("LambdaConfig", {}),
        "CreationDate": timestamp(pool.created_at),
        "LastModifiedDate": timestamp(pool.updated_at),
    }


def schema_attribute(entry: SchemaAttribute) -> dict[str, object]:
    """A SchemaAttributeType; bounds are texts."""
    texts = _bounds(MinLength=entry.min_length, MaxLength=entry.max_length)
    numbers = _bounds(MinValue=entry.min_value, MaxValue=entry.max_value)
    return present(
        Name=entry.name,
        AttributeDataType=entry.data_type.value,
        DeveloperOnlyAttribute=False,
        Mutable=entry.mutable,
        Required=entry.required,
        StringAttributeConstraints=texts if entry.data_type is DataType.STRING else None,
        NumberAttributeConstraints=numbers if entry.data_type is DataType.NUMBER else None,
    )


def _bounds(**bounds: float | None) -> dict[str, str]:
    return {name: f"{bound:.15g}" for name, bound in bounds.items() if bound is not None}


def _policies(pool: Pool) -> dict[str, object]:
    policy = pool.password_policy
    password = present(
        MinimumLength=policy.minimum_length,
        RequireUppercase=policy.require_uppercase,
        RequireLowercase=policy.require_lowercase,
        RequireNumbers=policy.require_numbers,
        RequireSymbols=policy.require_symbols,
        PasswordHistorySize=policy.history_size or None,
        TemporaryPasswordValidityDays=policy.temporary_password_validity_days,
    )
    first = [factor.value for factor in pool.factors.first or (FirstFactor.PASSWORD,)]
    return {"PasswordPolicy": password, "SignInPolicy": {"AllowedFirstAuthFactors": first}}


def _verification(pool: Pool) -> Mapping[str, Any]:
    if "VerificationMessageTemplate" in pool.kept or pool.verification_message is None:
        given: Mapping[str, Any] = pool.kept.get("VerificationMessageTemplate", {})
        return given
    message = pool.verification_message
    return {"EmailSubject": message.subject, "EmailMessage": message.body}


def _update_settings(pool: Pool) -> dict[str, object] | None:
    names = list(pool.verify_before_update)
    return {"AttributesRequireVerificationBeforeUpdate": names} if names else None


def _devices(pool: Pool) -> dict[str, object] | None:
    if pool.devices is None:
        return None
    return {
        "ChallengeRequiredOnNewDevice": pool.devices.challenge_on_new_device,
        "DeviceOnlyRememberedOnUserPrompt": pool.devices.only_remembered_on_prompt,
    }


def _admin(pool: Pool) -> dict[str, object]:
    invitation = pool.kept.get("AdminCreateUserConfig", {}).get("InviteMessageTemplate")
    if invitation is None:
        message = pool.invitation_message
        mail = {"EmailSubject": message.subject, "EmailMessage": message.body} if message else {}
        invitation = {**mail, **({"SMSMessage": pool.invitation_sms} if pool.invitation_sms else {})} or None
    return present(
        AllowAdminCreateUserOnly=pool.admin_create_only,
        UnusedAccountValidityDays=pool.password_policy.temporary_password_validity_days,
        InviteMessageTemplate=invitation,
    )


def _recovery(pool: Pool) -> object:
    """AccountRecoverySetting as it was given, or as the configuration file's order says."""
    mechanisms = [{"Priority": rank, "Name": name} for rank, name in enumerate(pool.recovery, 1)]
    return pool.kept.get("AccountRecoverySetting", {"RecoveryMechanisms": mechanisms} if mechanisms else None)


def client_type(client: Client) -> dict[str, object]:
    """A UserPoolClientType."""
    kept = client.kept
    return present(
        UserPoolId=client.pool_id,
        ClientName=client.name,
        ClientId=client.id,
        ClientSecret=client.secrets[0].reveal() if client.secrets else None,
        CreationDate=timestamp(client.created_at),
        LastModifiedDate=timestamp(client.updated_at),
        **_validities(client),
        ReadAttributes=_names(client.read_attributes),
        WriteAttributes=_names(client.write_attributes),
        ExplicitAuthFlows=list(client.explicit_auth_flows) or None,
        SupportedIdentityProviders=_providers(client),
        CallbackURLs=list(client.callback_urls) or None,
        LogoutURLs=list(client.logout_urls) or None,
        DefaultRedirectURI=client.default_redirect_uri,
        AllowedOAuthFlows=list(client.oauth_flows) or None,
        AllowedOAuthScopes=list(client.oauth_scopes) or None,
        AllowedOAuthFlowsUserPoolClient=client.oauth_enabled,
        PreventUserExistenceErrors="ENABLED" if client.hides_existence else "LEGACY",
        EnableTokenRevocation=client.token_revocation,
        EnablePropagateAdditionalUserContextData=client.propagates_context,
        AnalyticsConfiguration=kept.get("AnalyticsConfiguration"),
        AuthSessionValidity=client.auth_session_seconds // 60,
        RefreshTokenRotation=_rotation(client),
    )


def client_description(client: Client) -> dict[str, object]:
    """A UserPoolClientDescription."""
    return {"ClientId": client.id, "UserPoolId": client.pool_id, "ClientName": client.name}


def _names(names: tuple[str, ...] | None) -> list[str] | None:
    return list(names) if names else None


def _providers(client: Client) -> list[str] | None:
    if client.origin == "api" and "SupportedIdentityProviders" not in client.kept:
        return None
    return list(client.identity_providers) or None


def _rotation(client: Client) -> dict[str, object] | None:
    if not client.rotation.enabled and "RefreshTokenRotation" not in client.kept:
        return None
    return {
        "Feature": "ENABLED" if client.rotation.enabled else "DISABLED",
        "RetryGracePeriodSeconds": client.rotation.grace_seconds,
    }


def _validities(client: Client) -> dict[str, object]:
    """How long tokens live: as it was given in its units, or in seconds where a file gave it."""
    kept = client.kept
    if client.origin == "api":
        return {
            "AccessTokenValidity": kept.get("AccessTokenValidity"),
            "IdTokenValidity": kept.get("IdTokenValidity"),
            "RefreshTokenValidity": kept.get("RefreshTokenValidity") or 30,
            "TokenValidityUnits": kept.get("TokenValidityUnits", {}),
        }
    return {
        "AccessTokenValidity": client.access_token_seconds,
        "IdTokenValidity": client.id_token_seconds,
        "RefreshTokenValidity": client.refresh_token_seconds,
        "TokenValidityUnits": dict.fromkeys(("AccessToken", "IdToken", "RefreshToken"), "seconds"),
    }


def mfa_config(pool: Pool, *, relying_party: str | None) -> dict[str, object]:
    """The answer of GetUserPoolMfaConfig, and what SetUserPoolMfaConfig takes."""
    settings = pool.factors
    sms = present(SmsAuthenticationMessage=settings.sms_message) if Factor.SMS in settings.enabled else None
    mail = (
        present(Message=settings.email_message, Subject=settings.email_subject)
        if Factor.EMAIL in settings.enabled
        else None
    )
    passkeys = present(
        RelyingPartyId=relying_party,
        UserVerification=settings.user_verification,
        FactorConfiguration=MULTI_FACTOR if settings.passkey_counts_twice else "SINGLE_FACTOR",
    )
    return present(
        SmsMfaConfiguration=sms,
        SoftwareTokenMfaConfiguration={"Enabled": Factor.TOTP in settings.enabled},
        EmailMfaConfiguration=mail,
        MfaConfiguration=settings.mfa.value,
        WebAuthnConfiguration=passkeys if settings.offers_passkeys else None,
    )


def resource_server_type(pool: Pool, server: ResourceServer) -> dict[str, object]:
    """A ResourceServerType."""
    scopes = [{"ScopeName": name, "ScopeDescription": text} for name, text in server.scopes]
    return {"UserPoolId": pool.id, "Identifier": server.identifier, "Name": server.name, "Scopes": scopes}


def domain_description(pool: Pool) -> dict[str, object]:
    """A DomainDescriptionType."""
    return present(
        UserPoolId=pool.id,
        AWSAccountId=ACCOUNT,
        Domain=pool.domain,
        Status="ACTIVE",
        Version="1",
        ManagedLoginVersion=pool.domain_version,
    )
