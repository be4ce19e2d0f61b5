"""Threat protection: risk configurations, the history of sign-ins and feedback on it (cognito.md 3.6, 9).

Mails about risks are not there yet: a configuration that asks for them is refused instead of promising them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.api.call import Call
from idp.api.errors import ApiError, invalid_parameter, not_found
from idp.api.paging import limit_of, read_position, write_position
from idp.api.present import present, timestamp
from idp.api.registry import operation
from idp.model import Pool
from idp.protection.records import AuthEvent, PasswordEvent, RiskConfiguration, ThreatMode
from idp.protection.risk import read_range

COMPROMISED: Final = "CompromisedCredentialsRiskConfiguration"
TAKEOVER: Final = "AccountTakeoverRiskConfiguration"
EXCEPTIONS: Final = "RiskExceptionConfiguration"
DEFAULT: Final = {"EventFilter": [*PasswordEvent], "Actions": {"EventAction": "BLOCK"}}
"""What holds where nothing was set (our choice)."""


@operation("SetRiskConfiguration")
async def set_risk_configuration(call: Call) -> Mapping[str, object]:
    """Set how a pool or a client answers; no part at all: as if nothing had ever been set."""
    pool, client_id = await _of_whom(call)
    takeover = call.input.get(TAKEOVER, {})
    if any(action["Notify"] for action in takeover.get("Actions", {}).values()):
        raise invalid_parameter(f"{TAKEOVER}: Notify is not supported yet")
    exceptions = call.input.get(EXCEPTIONS, {})
    for ranges in exceptions.values():
        _check_ranges(ranges)
    configuration = RiskConfiguration(
        pool.id,
        client_id,
        call.core.clock.now(),
        compromised=call.input.get(COMPROMISED, {}),
        takeover=takeover,
        exceptions=exceptions,
    )
    await call.core.threats.configure(configuration)
    return await _describe(call, pool, client_id)


@operation("DescribeRiskConfiguration")
async def describe_risk_configuration(call: Call) -> Mapping[str, object]:
    """Say what holds for a pool or a client."""
    return await _describe(call, *await _of_whom(call))


@operation("AdminListUserAuthEvents")
async def admin_list_user_auth_events(call: Call) -> Mapping[str, object]:
    """List a user's events, the newest first."""
    pool = await _protected_pool(call)
    user = await call.found_user(pool)
    limit, scope = limit_of(call, "MaxResults"), f"{pool.id}:{user.sub}"
    position = read_position(call, scope=scope)
    before = (float(position[0]), position[1]) if position else None
    found = await call.core.history.of(pool, user.sub, limit=limit + 1, before=before)
    shown = found[:limit]
    following = (repr(shown[-1].at), shown[-1].id) if len(found) > limit else None
    events = [auth_event_type(event) for event in shown]
    return present(AuthEvents=events, NextToken=write_position(call, following, scope=scope))


@operation("AdminUpdateAuthEventFeedback")
async def admin_update_auth_event_feedback(call: Call) -> Mapping[str, object]:
    """Say whether an event was the user's own doing."""
    pool = await _protected_pool(call)
    user = await call.found_user(pool)
    value = call.text("FeedbackValue")
    if not await call.core.history.rate(pool, user.sub, call.text("EventId"), value=value, provider="Admin"):
        raise not_found("Auth event does not exist.")
    return {}


def auth_event_type(event: AuthEvent) -> dict[str, object]:
    """An AuthEventType. Pure."""
    return present(
        EventId=event.id,
        EventType=event.kind,
        CreationDate=timestamp(event.at),
        EventResponse=event.response,
        EventRisk=dict(event.risk) or None,
        ChallengeResponses=[dict(each) for each in event.challenges] or None,
        EventContextData=dict(event.context) or None,
        EventFeedback=dict(event.feedback) or None,
    )


async def _describe(call: Call, pool: Pool, client_id: str) -> Mapping[str, object]:
    found = await call.core.threats.configuration(pool, client_id)
    described = present(
        UserPoolId=pool.id,
        ClientId=client_id or None,
        CompromisedCredentialsRiskConfiguration=(found and found.compromised) or DEFAULT,
        AccountTakeoverRiskConfiguration=(found and found.takeover) or None,
        RiskExceptionConfiguration=(found and found.exceptions) or None,
        LastModifiedDate=timestamp(found.updated_at) if found else None,
    )
    return {"RiskConfiguration": described}


async def _of_whom(call: Call) -> tuple[Pool, str]:
    pool = await _protected_pool(call)
    client_id = call.text("ClientId")
    if client_id and client_id != "ALL":
        await call.pool_client()
        return pool, client_id
    return pool, ""


async def _protected_pool(call: Call) -> Pool:
    pool = await call.pool()
    if pool.threat_mode is ThreatMode.OFF:
        raise ApiError(
            "UserPoolAddOnNotEnabledException", "Threat protection is not enabled for this user pool."
        )
    return pool


def _check_ranges(ranges: list[str]) -> None:
    for text in ranges:
        try:
            read_range(text)
        except ValueError as error:
            raise invalid_parameter(f"{EXCEPTIONS}: an address range is not a CIDR block") from error
