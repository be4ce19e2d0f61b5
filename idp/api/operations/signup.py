"""Sign-up: SignUp, ConfirmSignUp (cognito.md 3.6, 5.2-5.4)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.errors import refused
from idp.api.present import delivery_details, present, read_attributes
from idp.api.registry import operation
from idp.outcomes import UserRefused


@operation("SignUp")
async def sign_up(call: Call) -> Mapping[str, object]:
    """Register a user and send a code."""
    pool, client = await call.client()
    username = call.text("Username")
    call.require_secret_hash(client, username)
    outcome = await call.core.registration.sign_up(
        pool,
        client,
        username=username,
        password=call.text("Password"),
        attributes=read_attributes(call.input.get("UserAttributes")),
    )
    if isinstance(outcome, UserRefused):
        raise refused(outcome)
    return present(
        UserConfirmed=outcome.confirmed,
        UserSub=outcome.user_sub,
        CodeDeliveryDetails=delivery_details(outcome.delivery),
    )


@operation("ConfirmSignUp")
async def confirm_sign_up(call: Call) -> Mapping[str, object]:
    """Confirm a user by the code."""
    pool, client = await call.client()
    username = call.text("Username")
    call.require_secret_hash(client, username)
    outcome = await call.core.registration.confirm(
        pool,
        client,
        username=username,
        code=call.text("ConfirmationCode"),
        hide_existence=client.hides_existence,
    )
    if isinstance(outcome, UserRefused):
        raise refused(outcome)
    return {}
