"""Second factors: authenticator apps, preferences, and the pool's own settings (cognito.md 3.6, 6).

An authenticator app is set up with an access token, or in the middle of a sign-in with the session of its
MFA_SETUP challenge; one of the two has to come along.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.api.call import Call
from idp.api.errors import invalid_parameter, refused, served
from idp.api.pool_shapes import mfa_config
from idp.api.present import present
from idp.api.registry import operation
from idp.factors.preferences import Wish
from idp.factors.records import Factor
from idp.factors.service import SEED, SET_UP_DONE
from idp.model import Pool, User
from idp.outcomes import SignInRefused
from idp.signin.setups import SetupTurn

Answer = Mapping[str, object]
_WISHES: Final = {
    "SMSMfaSettings": Factor.SMS,
    "SoftwareTokenMfaSettings": Factor.TOTP,
    "EmailMfaSettings": Factor.EMAIL,
}


@operation("AssociateSoftwareToken")
async def associate_software_token(call: Call) -> Answer:
    """Hand out the key of an authenticator app; the app that works goes on working until it is verified."""
    factors = call.core.factors
    if call.input.get("AccessToken"):
        pool, _, user, _ = await call.user()
        return {"SecretCode": served(await factors.tokens.associate(pool, user))}
    setup = await _setup(call)
    seed = served(await factors.hand_out_seed(setup.turn))
    return {"SecretCode": seed, "Session": call.core.signin.setups.keep(setup, {SEED: seed})}


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
    return {"Status": "SUCCESS", "Session": call.core.signin.setups.keep(setup, {SET_UP_DONE: "1"})}


async def _setup(call: Call) -> SetupTurn:
    session = call.input.get("Session")
    if not session:
        raise invalid_parameter("Either AccessToken or Session is required.")
    setup = await call.core.signin.setups.open(session)
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
    return _describe(call, await call.core.management.pools.set_factors(pool, call.input))


def _describe(call: Call, pool: Pool) -> Answer:
    party = call.core.relying_party(pool)
    return mfa_config(pool, relying_party=party.id if party else None)
