"""What users do with their own account, by access token (cognito.md 3.6, 5.1)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.present import attribute_list
from idp.api.registry import operation


@operation("GetUser")
async def get_user(call: Call) -> Mapping[str, object]:
    """Return the attributes that the client may read."""
    _, client, user, _ = await call.user()
    return {"Username": user.username, "UserAttributes": attribute_list(user, client)}
