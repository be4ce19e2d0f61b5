"""The JSON Schema of a user pool in the configuration, and the rows of its reference, from one table.

The readers of this package say what is right; this says it to editors before anything is read. A test holds
the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.config.clients import AUTH_FLOWS
from idp.config.parts import LANGUAGES, TERMS_NAMES
from idp.config.risk import ACTIONS, COMPROMISED, EXCEPTIONS, TAKEOVER
from idp.factors.records import Factor, FirstFactor, Mfa
from idp.management.provider_members import REQUIRED
from idp.management.style_assets import CATEGORIES, COLOR_MODES, TYPES
from idp.model import DataType
from idp.protection.records import EventAction, PasswordEvent
from idp.triggers.names import VERSIONED, EventVersion, Trigger

POOL: Final = "UserPools"
_CONTACTS: Final = "email|phone_number"
_SWITCH: Final = "ENABLED|DISABLED"
_FUNCTION: Final = "name of a function under `PoolServer.Functions`, or a function's ARN"
_KIND: Final = ("text", "VersionedFunction")
_SAME: Final = "UserPoolId | text | where it is anyway: needs not be said"


@dataclass(frozen=True, slots=True)
class Row:
    """One key: what it may be, and what it means."""

    key: str
    kind: str
    """`text`, `int`, `bool`, `map`, `any`, `a|b` for words, or a section's name; `[...]` is a list of it."""
    is_required: bool
    meaning: str


def _join(*groups: object) -> str:
    return "|".join(str(word) for group in groups for word in (group if isinstance(group, list) else [group]))


_TABLES: Final[Mapping[str, str]] = {
    POOL: f"""
        UserPoolName | text! | what the pool is called, also above its pages
        UserPoolId | text | default: made from the name, `local_` and nine characters
        Issuer | text | what tokens call the pool, for one in the place of a pool on AWS; default: its address
        UserPoolClients | [UserPoolClients] | app clients
        UserPoolGroups | [UserPoolGroups] | groups
        UserPoolUsers | [UserPoolUsers] | users, created once and then left alone
        UserPoolResourceServers | [UserPoolResourceServers] | resource servers and their scopes
        UserPoolDomain | UserPoolDomain,text | domain prefix
        UserPoolIdentityProviders | [UserPoolIdentityProviders] | kept; nobody signs in by them
        ManagedLoginBrandings | [ManagedLoginBrandings] | branding styles of clients
        UserPoolUICustomizationAttachments | [UserPoolUICustomizationAttachments] | classic look of the pages
        Terms | [Terms] | links on the sign-up page of a client, shown when both documents are there
        UsernameAttributes | [{_CONTACTS}] | people sign in with these; the username is a UUID
        AliasAttributes | [{_CONTACTS}|preferred_username] | verified values of these sign in as well
        UsernameConfiguration | UsernameConfiguration | whether case counts
        AutoVerifiedAttributes | [{_CONTACTS}] | what a code verifies at sign-up
        UserAttributeUpdateSettings | UserAttributeUpdateSettings | what stays until a new value is verified
        Schema | [Schema] | attributes: required standard ones, and custom ones
        Policies | Policies | passwords, and ways to begin a sign-in
        AdminCreateUserConfig | AdminCreateUserConfig | who creates users, and the invitation
        AccountRecoverySetting | AccountRecoverySetting | where codes for a forgotten password go
        VerificationMessageTemplate | VerificationMessageTemplate | what verifying messages say
        SmsVerificationMessage | text | legacy name of `VerificationMessageTemplate.SmsMessage`
        MfaConfiguration | {_join(list(Mfa))} | second factors: none, for whoever chose one, for everybody
        EnabledMfas | [{_join(list(Factor))}] | which second factors there are
        EmailAuthenticationSubject | text | subject of mailed sign-in codes
        EmailAuthenticationMessage | text | body of mailed sign-in codes, with `{{####}}`
        SmsAuthenticationMessage | text | text of sign-in codes, with `{{####}}`
        WebAuthnRelyingPartyID | text | host that passkeys are made for; default: the public URL's
        WebAuthnUserVerification | preferred|required | whether a passkey has to know its user
        WebAuthnAppOrigins | [text] | Android apps that may use passkeys: `android:apk-key-hash:...`
        WebAuthnFactorConfiguration | SINGLE_FACTOR|MULTI_FACTOR_WITH_USER_VERIFICATION | one counts twice
        DeviceConfiguration | DeviceConfiguration | present: devices are tracked
        LambdaConfig | LambdaConfig | functions that are called at set places
        UserPoolAddOns | UserPoolAddOns | threat protection
        UserPoolRiskConfigurationAttachments | [UserPoolRiskConfigurationAttachments] | answers to risks
        UserPoolTags | map | without effect
        UserPoolTier | LITE|ESSENTIALS|PLUS | without effect
        DeletionProtection | ACTIVE|INACTIVE | told by the API; only the file drops its pools
        AdminGroup | text | group whose members may use the admin console; absent: it is off
        AdminSessionMinutes | int | how old a sign-in may be before the console asks for another, 1 to 60
        """,
    "UserPoolClients": f"""
        ClientName | text! | what the client is called, also on its pages
        ClientId | text | default: generated once and kept
        ClientSecret | text | 24 to 128 visible ASCII characters
        GenerateSecret | bool | draw a secret once and keep it
        CallbackURLs | [text] | where sign-ins may return to
        LogoutURLs | [text] | where sign-outs may return to
        DefaultRedirectURI | text | one of `CallbackURLs`
        AllowedOAuthFlowsUserPoolClient | bool | whether OAuth is on; default: with `CallbackURLs` alone
        AllowedOAuthFlows | [code|implicit|client_credentials] | grants
        AllowedOAuthScopes | [text] | scopes: standard ones, and `identifier/scope` of a resource server
        SupportedIdentityProviders | [text] | `COGNITO` (default), and names of the pool's providers
        ExplicitAuthFlows | [{_join(AUTH_FLOWS)}] | ways to sign in through the API
        AccessTokenValidity | int | in `TokenValidityUnits.AccessToken`
        IdTokenValidity | int | in `TokenValidityUnits.IdToken`
        RefreshTokenValidity | int | in `TokenValidityUnits.RefreshToken`
        TokenValidityUnits | TokenValidityUnits | units of the above
        RefreshTokenRotation | RefreshTokenRotation | a new refresh token with every use
        EnableTokenRevocation | bool | default: true
        EnablePropagateAdditionalUserContextData | bool | take its word on where its users are; needs a secret
        PreventUserExistenceErrors | ENABLED|LEGACY | whether the API hides who exists; the pages always do
        AuthSessionValidity | int | minutes that a sign-in may take, 3 to 15
        ReadAttributes | [text] | default: all
        WriteAttributes | [text] | default: all
        {_SAME}
        """,
    "TokenValidityUnits": """
        AccessToken | seconds|minutes|hours|days | default: hours
        IdToken | seconds|minutes|hours|days | default: hours
        RefreshToken | seconds|minutes|hours|days | default: days
        """,
    "RefreshTokenRotation": f"""
        Feature | {_SWITCH} | default: DISABLED
        RetryGracePeriodSeconds | int | how long the old one still works, 0 to 60
        """,
    "UserPoolGroups": f"""
        GroupName | text! | name, without spaces
        Description | text | for people
        Precedence | int | the lowest one gives `cognito:preferred_role`
        RoleArn | text | role of its members' tokens
        {_SAME}
        """,
    "UserPoolUsers": """
        Username | text! | name, e-mail address or phone number, as the pool has it
        Password | text | permanent; without it a temporary one is sent
        Attributes | map | attributes by name
        UserAttributes | [NameValue] | the same in CloudFormation's form
        Groups | [text] | groups of the pool
        DesiredDeliveryMediums | [EMAIL|SMS] | how the invitation goes; default: by mail, else to the phone
        """,
    "NameValue": """
        Name | text! | attribute
        Value | text! | its value
        """,
    "UserPoolResourceServers": f"""
        Identifier | text! | what its scopes begin with
        Name | text | default: the identifier
        Scopes | [Scopes] | scopes
        {_SAME}
        """,
    "Scopes": """
        ScopeName | text! | name, without `/`
        ScopeDescription | text | for people
        """,
    "UserPoolDomain": f"""
        Domain | text | lower-case letters, digits and hyphens
        ManagedLoginVersion | int | 1: classic look, 2: branding; default: 2 with `ManagedLoginBrandings`
        {_SAME}
        """,
    "UserPoolIdentityProviders": f"""
        ProviderName | text! | name, by which clients name it
        ProviderType | {_join(list(REQUIRED))}! | kind
        ProviderDetails | map! | what its kind needs, such as `client_id`; sealed at rest
        AttributeMapping | map | attribute of the pool: claim of the provider
        IdpIdentifiers | [text] | other names, 50 at most, unique in the pool
        {_SAME}
        """,
    "ManagedLoginBrandings": f"""
        ClientId | text! | id or name of a client of this pool
        UseCognitoProvidedValues | bool | this site's own look, without `Settings` and `Assets`
        Settings | any | the document, or its JSON text such as `${{file:style.json}}`
        Assets | [Assets] | images, 40 at most
        ReturnMergedResources | bool | without effect
        {_SAME}
        """,
    "Assets": f"""
        Category | {_join(list(CATEGORIES))}! | what the image is for
        ColorMode | {_join(list(COLOR_MODES))}! | when it is shown; `DYNAMIC`: always
        Extension | {_join(list(TYPES))}! | what the content is
        Bytes | text! | base64, 1,000,000 bytes at most: `${{base64:path}}` is the content of a file
        ResourceId | text | name of the image; of an icon, its provider
        """,
    "UserPoolUICustomizationAttachments": f"""
        ClientId | text! | id or name of a client of this pool, or `ALL`
        CSS | text | rules for the classic class names, such as `${{file:pages.css}}`
        ImageFile | text | logo: PNG or JPEG in base64, 100 KB at most, such as `${{base64:logo.png}}`
        {_SAME}
        """,
    "Terms": f"""
        ClientId | text! | id or name of a client of this pool
        TermsName | {_join(list(TERMS_NAMES))}! | which document it is
        Links | map! | https addresses by language: {", ".join(f"`cognito:{each}`" for each in LANGUAGES)}
        TermsSource | LINK | kind
        Enforcement | NONE | whether people have to agree
        {_SAME}
        """,
    "UsernameConfiguration": """
        CaseSensitive | bool | default: true
        """,
    "UserAttributeUpdateSettings": """
        AttributesRequireVerificationBeforeUpdate | [email] | attributes
        """,
    "Schema": f"""
        Name | text! | a standard attribute, or a custom one without `custom:`
        AttributeDataType | {_join(list(DataType))} | default: String
        Mutable | bool | default: true
        Required | bool | of standard attributes only
        StringAttributeConstraints | StringAttributeConstraints | how long
        NumberAttributeConstraints | NumberAttributeConstraints | how large
        """,
    "StringAttributeConstraints": """
        MinLength | int | at least
        MaxLength | int | at most
        """,
    "NumberAttributeConstraints": """
        MinValue | int | at least
        MaxValue | int | at most
        """,
    "Policies": """
        PasswordPolicy | PasswordPolicy | what a password must be
        SignInPolicy | SignInPolicy | ways to begin a sign-in
        """,
    "PasswordPolicy": """
        MinimumLength | int | 6 to 99; default: 8
        RequireLowercase | bool | default: true
        RequireUppercase | bool | default: true
        RequireNumbers | bool | default: true
        RequireSymbols | bool | default: true
        PasswordHistorySize | int | how many cannot be chosen again, with the present one; 0 to 24
        TemporaryPasswordValidityDays | int | default: 7
        """,
    "SignInPolicy": f"""
        AllowedFirstAuthFactors | [{_join(list(FirstFactor))}] | default: PASSWORD
        """,
    "AdminCreateUserConfig": """
        AllowAdminCreateUserOnly | bool | nobody signs up
        InviteMessageTemplate | InviteMessageTemplate | what invitations say
        UnusedAccountValidityDays | int | legacy name of `TemporaryPasswordValidityDays`
        """,
    "InviteMessageTemplate": """
        EmailSubject | text | subject
        EmailMessage | text | body, with `{####}` and `{username}`
        SMSMessage | text | text message, with `{####}` and `{username}`
        """,
    "AccountRecoverySetting": """
        RecoveryMechanisms | [RecoveryMechanisms] | ways by priority
        """,
    "RecoveryMechanisms": """
        Name | verified_email|verified_phone_number|admin_only | way
        Priority | int | 1 or 2
        """,
    "VerificationMessageTemplate": """
        DefaultEmailOption | CONFIRM_WITH_CODE | only codes, no links
        EmailSubject | text | subject
        EmailMessage | text | body, with `{####}`
        SmsMessage | text | text, with `{####}`
        """,
    "DeviceConfiguration": """
        ChallengeRequiredOnNewDevice | bool | a remembered device stands in for the second factor
        DeviceOnlyRememberedOnUserPrompt | bool | devices are remembered when their user says so
        """,
    "LambdaConfig": "\n".join(
        [
            *(f"{name} | {_KIND[name in VERSIONED]} | {_FUNCTION}" for name in Trigger),
            f"PreTokenGenerationConfig | VersionedFunction | {_FUNCTION}, with the version of its event",
            "KMSKeyID | text | kept",
        ]
    ),
    "VersionedFunction": f"""
        LambdaArn | text! | {_FUNCTION}
        LambdaVersion | {_join([version.value for version in EventVersion])} | version of the event
        """,
    "UserPoolAddOns": """
        AdvancedSecurityMode | OFF|AUDIT|ENFORCED | see threat protection
        AdvancedSecurityAdditionalFlows | AdvancedSecurityAdditionalFlows | for custom flows
        """,
    "AdvancedSecurityAdditionalFlows": """
        CustomAuthMode | AUDIT|ENFORCED | how custom flows are judged; default: not at all
        """,
    "UserPoolRiskConfigurationAttachments": f"""
        ClientId | text | id or name of an app client; `ALL`, the default, for all without one of their own
        {_SAME}
        {COMPROMISED} | {COMPROMISED} | passwords that are known to be out
        {TAKEOVER} | {TAKEOVER} | sign-ins that look like a takeover
        {EXCEPTIONS} | {EXCEPTIONS} | addresses that are blocked, or not judged
        """,
    COMPROMISED: f"""
        Actions | CompromisedCredentialsActions! | what is done about them
        EventFilter | [{_join(list(PasswordEvent))}] | where they are looked for; default: everywhere
        """,
    "CompromisedCredentialsActions": """
        EventAction | BLOCK|NO_ACTION! | refuse them or not
        """,
    TAKEOVER: """
        Actions | AccountTakeoverActions! | what is done about each level of risk
        NotifyConfiguration | NotifyConfiguration | what is mailed about it
        """,
    "AccountTakeoverActions": "\n".join(
        f"{name} | AccountTakeoverAction | what is done at this level" for name in ACTIONS
    ),
    "AccountTakeoverAction": f"""
        EventAction | {_join(list(EventAction))}! | what is done
        Notify | bool! | whether the user is told by mail
        """,
    "NotifyConfiguration": """
        From | text | sender; default: the mail server's
        ReplyTo | text | where answers go
        SourceArn | text | without effect
        BlockEmail | NotifyEmail | mail about a sign-in that was blocked
        MfaEmail | NotifyEmail | mail about one that was asked for a second factor
        NoActionEmail | NotifyEmail | mail about one that was let pass
        """,
    "NotifyEmail": """
        Subject | text! | one line
        HtmlBody | text | HTML with placeholders, see threat protection
        TextBody | text | plain text with placeholders
        """,
    EXCEPTIONS: """
        BlockedIPRangeList | [text] | CIDR blocks from which nobody signs up or in
        SkippedIPRangeList | [text] | CIDR blocks whose sign-ins are not judged
        """,
}


def sections() -> Iterator[tuple[str, tuple[Row, ...]]]:
    """Yield every section with its rows, the pool first."""
    for name, table in _TABLES.items():
        yield name, tuple(_row(line) for line in table.strip().splitlines())


def _row(line: str) -> Row:
    key, kind, meaning = (part.strip() for part in line.split(" | ", 2))
    return Row(key, kind.removesuffix("!"), kind.endswith("!"), meaning)


def pool_schema() -> dict[str, Any]:
    """Return the schema of one user pool."""
    return _section(POOL, dict(sections()))


def _section(name: str, known: Mapping[str, tuple[Row, ...]]) -> dict[str, Any]:
    rows = known[name]
    found: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {row.key: {**_kind(row.kind, known), "description": row.meaning} for row in rows},
    }
    required = [row.key for row in rows if row.is_required]
    return found | ({"required": required} if required else {})


_PLAIN: Final[Mapping[str, dict[str, Any]]] = {
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "map": {"type": "object"},
    "any": {"type": ["object", "string"]},
}


def _kind(kind: str, known: Mapping[str, tuple[Row, ...]]) -> dict[str, Any]:
    if kind.startswith("["):
        return {"type": "array", "items": _kind(kind[1:-1], known)}
    if "," in kind:
        return {"anyOf": [_kind(part, known) for part in kind.split(",")]}
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    return _section(kind, known) if kind in known else {"enum": kind.split("|")}
