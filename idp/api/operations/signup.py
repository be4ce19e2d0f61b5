"""Sign-up: SignUp, ConfirmSignUp, ResendConfirmationCode, AdminConfirmSignUp (cognito.md 3.6, 5.2-5.4)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.errors import served
from idp.api.present import delivery_details, present, read_attributes
from idp.api.registry import operation


@operation("SignUp")
async def sign_up(call: Call) -> Mapping[str, object]:
    """Register a user and send a code."""
    pool, client, username = await call.named()
    outcome = served(
        await call.core.registration.sign_up(
            pool,
            client,
            username=username,
            password=call.text("Password"),
            attributes=read_attributes(call.input.get("UserAttributes")),
            address=call.address,
        )
    )
    return present(
        UserConfirmed=outcome.confirmed,
        UserSub=outcome.user_sub,
        CodeDeliveryDetails=delivery_details(outcome.delivery),
    )


@operation("ConfirmSignUp")
async def confirm_sign_up(call: Call) -> Mapping[str, object]:
    """Confirm a user by the code; the answer's session signs in where a mailed code is a first factor."""
    pool, client, username = await call.named()
    outcome = served(
        await call.core.registration.confirm(
            pool,
            client,
            username=username,
            code=call.text("ConfirmationCode"),
            hide_existence=client.hides_existence,
            force_alias=bool(call.input.get("ForceAliasCreation")),
        )
    )
    return present(Session=call.core.signin.keep_confirmation(pool, client, outcome.user))


@operation("ResendConfirmationCode")
async def resend_confirmation_code(call: Call) -> Mapping[str, object]:
    """Send a new code; the earlier one stops working."""
    pool, client, username = await call.named()
    delivery = served(
        await call.core.registration.resend(
            pool, client, username=username, hide_existence=client.hides_existence
        )
    )
    return present(CodeDeliveryDetails=delivery_details(delivery))


@operation("AdminConfirmSignUp")
async def admin_confirm_sign_up(call: Call) -> Mapping[str, object]:
    """Confirm a user without the code."""
    served(await call.core.administration.confirm(await call.pool(), call.text("Username")))
    return {}
