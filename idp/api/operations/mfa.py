"""Second factors: authenticator apps, preferences, and the pool's own settings (cognito.md 3.6, 6).

An authenticator app is set up with an access token, or in the middle of a sign-in with the session of its
MFA_SETUP challenge; one of the two has to come along.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idp.api.call import Call
from idp.api.errors import invalid_parameter, not_found, refused, served
from idp.api.present import present
from idp.api.registry import operation
from idp.factors.policy import find_conflicts
from idp.factors.preferences import Wish
from idp.factors.records import Factor, FactorSettings, Mfa
from idp.factors.service import SEED, SET_UP_DONE
from idp.model import Pool, User
from idp.outcomes import SignInRefused
from idp.signin.service import SetupTurn
from idp.store.base import NotFound

Answer = Mapping[str, object]
MULTI_FACTOR: Final = "MULTI_FACTOR_WITH_USER_VERIFICATION"
_WISHES: Final = {
    "SMSMfaSettings": Factor.SMS,
    "SoftwareTokenMfaSettings": Factor.TOTP,
    "EmailMfaSettings": Factor.EMAIL,
}
_FACTOR_MEMBERS: Final = frozenset(
    {"SmsMfaConfiguration", "SoftwareTokenMfaConfiguration", "EmailMfaConfiguration", "MfaConfiguration"}
)


@operation("AssociateSoftwareToken")
async def associate_software_token(call: Call) -> Answer:
    """Hand out the key of an authenticator app; the app that works goes on working until it is verified."""
    factors = call.core.factors
    if call.input.get("AccessToken"):
        pool, _, user, _ = await call.user()
        return {"SecretCode": served(await factors.tokens.associate(pool, user))}
    setup = await _setup(call)
    seed = served(await factors.hand_out_seed(setup.turn))
    return {"SecretCode": seed, "Session": call.core.signin.keep_setup(setup, {SEED: seed})}


@operation("VerifySoftwareToken")
async def verify_software_token(call: Call) -> Answer:
    """Take the app's first code."""
    factors, code, name = call.core.factors, call.text("UserCode"), call.text("FriendlyDeviceName")
    if call.input.get("AccessToken"):
        pool, _, user, _ = await call.user()
        served(await factors.tokens.verify(pool, user, code, device_name=name))
        return {"Status": "SUCCESS"}
    setup = await _setup(call)
    served(await factors.take_first_code(setup.turn, setup.state, code, name=name))
    return {"Status": "SUCCESS", "Session": call.core.signin.keep_setup(setup, {SET_UP_DONE: "1"})}


async def _setup(call: Call) -> SetupTurn:
    session = call.input.get("Session")
    if not session:
        raise invalid_parameter("Either AccessToken or Session is required.")
    setup = await call.core.signin.open_setup(session)
    if isinstance(setup, SignInRefused):
        raise refused(setup)
    return setup


@operation("SetUserMFAPreference")
async def set_user_mfa_preference(call: Call) -> Answer:
    """Switch second factors on and off, and say which comes first."""
    pool, _, user, _ = await call.user()
    return await _wish(call, pool, user, by_administrator=False)


@operation("AdminSetUserMFAPreference")
async def admin_set_user_mfa_preference(call: Call) -> Answer:
    """The same, for any user; also where MFA is required."""
    pool = await call.pool()
    return await _wish(call, pool, await call.found_user(pool), by_administrator=True)


async def _wish(call: Call, pool: Pool, user: User, *, by_administrator: bool) -> Answer:
    wishes = {
        factor: Wish(given.get("Enabled"), given.get("PreferredMfa"))
        for member, factor in _WISHES.items()
        if (given := call.input.get(member)) is not None
    }
    refusal = await call.core.factors.preferences.wish(pool, user, wishes, by_administrator=by_administrator)
    if refusal is not None:
        raise refused(refusal)
    return {}


@operation("AdminDeleteSoftwareToken")
async def admin_delete_software_token(call: Call) -> Answer:
    """Forget a user's authenticator app."""
    pool = await call.pool()
    await call.core.factors.tokens.delete(pool, await call.found_user(pool))
    return {}


@operation("GetUserAuthFactors")
async def get_user_auth_factors(call: Call) -> Answer:
    """Say what the user can authenticate with."""
    pool, _, user, _ = await call.user()
    return await _auth_factors(call, pool, user)


@operation("AdminGetUserAuthFactors")
async def admin_get_user_auth_factors(call: Call) -> Answer:
    """Say what a user can authenticate with."""
    pool = await call.pool()
    return await _auth_factors(call, pool, await call.found_user(pool))


async def _auth_factors(call: Call, pool: Pool, user: User) -> Answer:
    return {
        "Username": user.username,
        **await mfa_members(call, pool, user),
        "ConfiguredUserAuthFactors": list(await call.core.factors.configured(pool, user)),
    }


async def mfa_members(call: Call, pool: Pool, user: User) -> dict[str, object]:
    """UserMFASettingList and PreferredMfaSetting; both are absent where nothing is switched on."""
    preference = await call.core.factors.preferences.of(pool, user)
    enabled = [factor.value for factor in preference.enabled]
    return present(
        PreferredMfaSetting=preference.preferred.value if preference.preferred else None,
        UserMFASettingList=enabled or None,
    )


@operation("GetUserPoolMfaConfig")
async def get_user_pool_mfa_config(call: Call) -> Answer:
    """Return the pool's settings for second factors and passkeys."""
    return _describe(call, await call.pool())


@operation("SetUserPoolMfaConfig")
async def set_user_pool_mfa_config(call: Call) -> Answer:
    """Replace the pool's settings; a factor that is not named is switched off: SMS and mail have no switch.

    WebAuthnConfiguration alone leaves the factors as they are, and the other way round.
    """
    pool = await call.pool()
    settings = read_settings(pool.factors, call.input)
    for conflict in find_conflicts(settings, pool.recovery):
        raise invalid_parameter(f"{conflict.where}: {conflict.message.replace('`', '')}")
    try:
        async with call.core.store.writing() as records:
            changed = await records.pools.update((pool.id,), lambda old: replace(old, factors=settings))
    except NotFound as gone:
        raise not_found(f"User pool {pool.id} does not exist.") from gone
    return _describe(call, changed)


def read_settings(present_settings: FactorSettings, given: Mapping[str, Any]) -> FactorSettings:
    """Lay a SetUserPoolMfaConfig over a pool's settings. Pure."""
    settings = present_settings
    if not _FACTOR_MEMBERS.isdisjoint(given):
        sms, mail = given.get("SmsMfaConfiguration"), given.get("EmailMfaConfiguration")
        is_on = {
            Factor.SMS: sms is not None,
            Factor.TOTP: bool((given.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled")),
            Factor.EMAIL: mail is not None,
        }
        settings = replace(
            settings,
            mfa=Mfa(given.get("MfaConfiguration", settings.mfa)),
            enabled=tuple(factor for factor, on in is_on.items() if on),
            sms_message=(sms or {}).get("SmsAuthenticationMessage"),
            email_message=(mail or {}).get("Message"),
            email_subject=(mail or {}).get("Subject"),
        )
    passkeys = given.get("WebAuthnConfiguration")
    if passkeys is None:
        return settings
    return replace(
        settings,
        relying_party_id=passkeys.get("RelyingPartyId"),
        user_verification=passkeys.get("UserVerification", "preferred"),
        passkey_counts_twice=passkeys.get("FactorConfiguration") == MULTI_FACTOR,
    )


def _describe(call: Call, pool: Pool) -> Answer:
    settings, party = pool.factors, call.core.relying_party(pool)
    sms = present(SmsAuthenticationMessage=settings.sms_message) if Factor.SMS in settings.enabled else None
    mail = (
        present(Message=settings.email_message, Subject=settings.email_subject)
        if Factor.EMAIL in settings.enabled
        else None
    )
    passkeys = present(
        RelyingPartyId=party.id if party else None,
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
