"""Passwords: forgotten, changed, reset and set by administrators (cognito.md 3.6, 4.10, 5.4-5.6)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.errors import served
from idp.api.present import delivery_details, present
from idp.api.registry import operation


@operation("ForgotPassword")
async def forgot_password(call: Call) -> Mapping[str, object]:
    """Send a code to a verified address."""
    pool, client, username = await call.named()
    delivery = served(
        await call.core.recovery.forgot(
            pool, client, username=username, hide_existence=client.hides_existence
        )
    )
    return present(CodeDeliveryDetails=delivery_details(delivery))


@operation("ConfirmForgotPassword")
async def confirm_forgot_password(call: Call) -> Mapping[str, object]:
    """Set a new password by the code."""
    pool, client, username = await call.named()
    served(
        await call.core.recovery.confirm_forgot(
            pool,
            client,
            username=username,
            code=call.text("ConfirmationCode"),
            new_password=call.text("Password"),
            hide_existence=client.hides_existence,
        )
    )
    return {}


@operation("ChangePassword")
async def change_password(call: Call) -> Mapping[str, object]:
    """Replace the password of the token's user."""
    pool, client, user, _ = await call.user()
    served(
        await call.core.own_account.change_password(
            pool,
            client,
            user,
            previous=call.input.get("PreviousPassword"),
            proposed=call.text("ProposedPassword"),
        )
    )
    return {}


@operation("AdminResetUserPassword")
async def admin_reset_user_password(call: Call) -> Mapping[str, object]:
    """Make the password useless and send a code for a new one."""
    served(await call.core.administration.reset(await call.pool(), call.text("Username")))
    return {}


@operation("AdminSetUserPassword")
async def admin_set_user_password(call: Call) -> Mapping[str, object]:
    """Set a password, for good or until the next sign-in."""
    served(
        await call.core.administration.set_password(
            await call.pool(),
            call.text("Username"),
            call.text("Password"),
            permanent=bool(call.input.get("Permanent")),
        )
    )
    return {}
