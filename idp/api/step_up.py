"""Step-up authentication of USER_AUTH: TARGET_ACR_VALUES, MAX_AGE and ACCESS_TOKEN (cognito.md 2.5).

What an access token's sign-in proved counts, where one more factor is enough; otherwise the user signs in
afresh. The token is of the very client and user, and alive; a sign-in older than MAX_AGE counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from idp.api.call import ADMIN_SCOPE, Call
from idp.api.errors import ApiError, invalid_parameter, not_authorized, refused
from idp.model import Pool, User
from idp.outcomes import SignInOutcome, SignInReason
from idp.signin.assurance import AMR_OF, find_reachable, is_creditable, level_of, read_levels
from idp.signin.dispatch import refuse
from idp.signin.flows.caller import Caller
from idp.signin.flows.names import ChallengeName

_SECONDS: Final = re.compile(r"[0-9]{1,10}")


def read_targets(pool: Pool, parameters: Mapping[str, str]) -> tuple[int, ...]:
    """Return the levels that TARGET_ACR_VALUES names; raises ApiError. Pure."""
    given = parameters.get("TARGET_ACR_VALUES")
    if given is None:
        if "ACCESS_TOKEN" in parameters:
            raise invalid_parameter("ACCESS_TOKEN requires TARGET_ACR_VALUES")
        return ()
    if pool.kept.get("UserPoolTier") == "LITE":
        raise ApiError(
            "FeatureUnavailableInTierException", "Step-up authentication needs the Essentials or Plus tier."
        )
    levels = read_levels(pool, given)
    if not levels:
        raise invalid_parameter("TARGET_ACR_VALUES names no authentication level of this user pool")
    return levels


async def step_up(call: Call, caller: Caller, parameters: Mapping[str, str]) -> SignInOutcome | None:
    """Go on from what an access token proved, or None where the user has to sign in afresh."""
    max_age = _read_max_age(parameters)
    token = parameters.get("ACCESS_TOKEN")
    if token is None:
        return None
    # What comes of it has this scope: who was handed a narrower token, or one for another service, must not
    # get it for one more factor.
    access = await call.open_token(token, scope=ADMIN_SCOPE)
    user = access.user
    account = await call.core.signin.accounts.find(caller.pool, parameters["USERNAME"])
    if access.family.client_id != caller.client.id or account.user is None or account.user.sub != user.sub:
        raise not_authorized("The access token was not issued for this user and client.")
    is_old = max_age is not None and call.core.clock.now() - access.family.auth_time > max_age
    amr = () if is_old else access.family.amr
    held = await call.core.factors.held(caller.pool, user)
    raised = [(*amr, AMR_OF[name]) for name in held] if is_creditable(amr) else []
    best = find_reachable(caller.targets, [amr, *raised, *await _list_fresh_ways(call, caller, user, held)])
    if best is None:
        raise refused(refuse(SignInReason.LEVEL_UNREACHABLE))
    if level_of(amr) >= best:
        raise refused(refuse(SignInReason.LEVEL_REACHED))
    if all(level_of(way) < best for way in raised):
        return None
    return await call.core.signin.begin_proven(caller, user, amr=amr, is_enough=False)


async def _list_fresh_ways(
    call: Call, caller: Caller, user: User, held: tuple[ChallengeName, ...]
) -> list[tuple[str, ...]]:
    """List what a new sign-in of this user can prove."""
    firsts = await call.core.factors.first_factors(caller.pool, caller.client, user)
    ways: list[tuple[str, ...]] = [(AMR_OF[name],) for name in firsts]
    if user.password_hash is None:
        return ways
    return [*ways, ("pwd",), *(("pwd", AMR_OF[name]) for name in held)]


def _read_max_age(parameters: Mapping[str, str]) -> int | None:
    given = parameters.get("MAX_AGE")
    if given is None:
        return None
    if not _SECONDS.fullmatch(given):
        raise invalid_parameter("MAX_AGE must be a number of seconds")
    return int(given)
