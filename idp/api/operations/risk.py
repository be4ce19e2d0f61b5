"""Threat protection: risk configurations, the history of sign-ins and feedback on it (cognito.md 3.6, 9).

What a configuration says is read as the configuration file's is; one that the file declares is changed there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.api.call import Call
from idp.api.errors import ApiError, invalid_parameter, not_authorized, not_found
from idp.api.paging import limit_of, read_position, write_position
from idp.api.present import present, timestamp
from idp.api.registry import operation
from idp.config.reader import Problem, Reader
from idp.config.risk import COMPROMISED, EXCEPTIONS, TAKEOVER, read_parts
from idp.model import Pool, User
from idp.protection.feedback import open_feedback
from idp.protection.records import AuthEvent, PasswordEvent, RiskConfiguration, ThreatMode
from idp.users.lookup import find_for_administrator

PARTS: Final = (COMPROMISED, TAKEOVER, EXCEPTIONS)
DEFAULT: Final = {"EventFilter": [*PasswordEvent], "Actions": {"EventAction": "BLOCK"}}
"""What holds where nothing was set (our choice)."""


@operation("SetRiskConfiguration")
async def set_risk_configuration(call: Call) -> Mapping[str, object]:
    """Set how a pool or a client answers; no part at all: as if nothing had ever been set."""
    pool, client_id = await _of_whom(call)
    problems: list[Problem] = []
    parts = read_parts(Reader({name: call.input[name] for name in PARTS if name in call.input}, (), problems))
    if problems:
        raise invalid_parameter(str(problems[0]).replace("`", ""))
    configuration = RiskConfiguration(
        pool.id, client_id, call.core.clock.now(), parts.compromised, parts.takeover, parts.exceptions
    )
    if not await call.core.threats.configure(configuration):
        raise invalid_parameter("This is declared in the configuration file; change it there")
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


@operation("UpdateAuthEventFeedback")
async def update_auth_event_feedback(call: Call) -> Mapping[str, object]:
    """Say so with the token that a mail about the event brought; one refusal for all that does not fit."""
    pool, claim = await call.pool(), _open_token(call)
    user = await _named(call, pool)
    if claim is None or user is None or claim != (pool.id, user.sub, call.text("EventId")):
        raise not_authorized("Invalid feedback token.")
    if pool.threat_mode is ThreatMode.OFF:
        raise _not_enabled()
    value, event_id = call.text("FeedbackValue"), call.text("EventId")
    if not await call.core.history.rate(pool, user.sub, event_id, value=value, provider="User"):
        raise not_found("Auth event does not exist.")
    return {}


def _open_token(call: Call) -> tuple[str, str, str] | None:
    opened = open_feedback(call.core.vault, call.text("FeedbackToken"), now=call.core.clock.now())
    return (opened.pool_id, opened.sub, opened.event_id) if opened is not None else None


async def _named(call: Call, pool: Pool) -> User | None:
    async with call.core.store.reading() as records:
        return await find_for_administrator(records, pool, call.text("Username"))


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
        raise _not_enabled()
    return pool


def _not_enabled() -> ApiError:
    return ApiError(
        "UserPoolAddOnNotEnabledException", "Threat protection is not enabled for this user pool."
    )
