"""Sessions: what is signed in where, and ending one of them (cognito.md 1.13, 3.6)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.errors import not_found
from idp.api.paging import read_token, write_token
from idp.api.present import present, timestamp
from idp.api.registry import operation
from idp.model import Family, Pool, User
from idp.signin.session_list import find_session, session_id

PAGE = 60
Answer = Mapping[str, object]


@operation("ListUserSessions")
async def list_user_sessions(call: Call) -> Answer:
    """List the sessions of the token's owner."""
    pool, _, user, claims = await call.user()
    return await _list(call, pool, user, current=str(claims.get("event_id", "")))


@operation("AdminListUserSessions")
async def admin_list_user_sessions(call: Call) -> Answer:
    """List a user's sessions."""
    pool = await call.pool()
    return await _list(call, pool, await call.found_user(pool), current="")


@operation("RevokeUserSession")
async def revoke_user_session(call: Call) -> Answer:
    """End a session of the token's owner."""
    pool, _, user, _ = await call.user()
    return await _revoke(call, pool, user)


@operation("AdminRevokeUserSession")
async def admin_revoke_user_session(call: Call) -> Answer:
    """End a session of a user."""
    pool = await call.pool()
    return await _revoke(call, pool, await call.found_user(pool))


async def _list(call: Call, pool: Pool, user: User, *, current: str) -> Answer:
    families = await call.core.tokens.alive(pool, user)
    after = read_token(call, scope=user.sub)
    rest = [family for family in families if family.id > after]
    page = rest[:PAGE]
    more = write_token(call, page[-1].id, scope=user.sub) if len(rest) > PAGE else None
    sessions = [session_type(family, is_current=family.event_id == current) for family in page]
    return present(Sessions=sessions, NextToken=more)


async def _revoke(call: Call, pool: Pool, user: User) -> Answer:
    families = await call.core.tokens.alive(pool, user)
    family = find_session(families, call.text("SessionId"))
    if family is None:
        raise not_found("Session not found.")
    await call.core.tokens.revoke_family(family)
    return {}


def session_type(family: Family, *, is_current: bool) -> dict[str, object]:
    """A SessionDescriptionType. Pure."""
    return present(
        SessionId=session_id(family),
        SessionType="TOKEN",
        ClientId=family.client_id,
        CreateDate=timestamp(family.created_at),
        LastActiveDate=timestamp(family.active_at or family.created_at),
        DeviceType=family.user_agent,
        LastIPAddress=family.address,
        IsCurrentSession=is_current,
    )
