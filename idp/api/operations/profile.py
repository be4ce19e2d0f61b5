"""What users do with their own account, by access token (cognito.md 3.6, 5.1)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.errors import invalid_parameter, served
from idp.api.operations.mfa import mfa_members
from idp.api.present import attribute_list, delivery_details, present, read_attributes
from idp.api.registry import operation


@operation("GetUser")
async def get_user(call: Call) -> Mapping[str, object]:
    """Return the attributes that the client may read."""
    pool, client, user, _ = await call.user()
    return {
        "Username": user.username,
        "UserAttributes": attribute_list(user, client),
        **await mfa_members(call, pool, user),
    }


@operation("UpdateUserAttributes")
async def update_user_attributes(call: Call) -> Mapping[str, object]:
    """Change attributes; a new address gets a code where the pool verifies it."""
    pool, client, user, _ = await call.user()
    changes = read_attributes(call.input["UserAttributes"])
    deliveries = served(await call.core.profile.update(pool, user.sub, changes, client=client))
    return {"CodeDeliveryDetailsList": [delivery_details(delivery) for delivery in deliveries]}


@operation("DeleteUserAttributes")
async def delete_user_attributes(call: Call) -> Mapping[str, object]:
    """Remove attributes."""
    pool, client, user, _ = await call.user()
    names = call.input["UserAttributeNames"]
    served(await call.core.profile.remove(pool, user.sub, names, client=client))
    return {}


@operation("GetUserAttributeVerificationCode")
async def get_user_attribute_verification_code(call: Call) -> Mapping[str, object]:
    """Send a code to an address of the user."""
    pool, _, user, _ = await call.user()
    delivery = served(await call.core.profile.send_code(pool, user.sub, call.text("AttributeName")))
    return present(CodeDeliveryDetails=delivery_details(delivery))


@operation("VerifyUserAttribute")
async def verify_user_attribute(call: Call) -> Mapping[str, object]:
    """Verify an address by its code."""
    pool, _, user, _ = await call.user()
    served(await call.core.profile.verify(pool, user.sub, call.text("AttributeName"), call.text("Code")))
    return {}


@operation("DeleteUser")
async def delete_user(call: Call) -> Mapping[str, object]:
    """Remove the token's user."""
    _, _, user, _ = await call.user()
    await call.core.own_account.delete(user)
    return {}


@operation("SetUserSettings")
async def set_user_settings(call: Call) -> Mapping[str, object]:
    """Accept the setting that Cognito itself no longer supports, as far as it asks for nothing."""
    await call.user()
    refuse_options(call)
    return {}


def refuse_options(call: Call) -> None:
    """Point to what has taken the place of MFAOptions."""
    if call.input["MFAOptions"]:
        raise invalid_parameter("MFAOptions is no longer supported: use SetUserMFAPreference")
