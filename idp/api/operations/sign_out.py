"""Signing out everywhere (cognito.md 2.7)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.registry import operation


@operation("GlobalSignOut")
async def global_sign_out(call: Call) -> Mapping[str, object]:
    """End every token of the token's user, this one included."""
    pool, _, user, _ = await call.user()
    await call.core.tokens.sign_out_everywhere(pool, user)
    return {}
