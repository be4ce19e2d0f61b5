"""Sign-up: SignUp, ConfirmSignUp, ResendConfirmationCode, AdminConfirmSignUp (cognito.md 3.6, 5.2-5.4)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.context import origin_of
from idp.api.errors import refused, served
from idp.api.present import delivery_details, present, read_attributes
from idp.api.registry import operation
from idp.outcomes import SignInReason, SignInRefused
from idp.signin.flows.progress import Progress


@operation("SignUp")
async def sign_up(call: Call) -> Mapping[str, object]:
    """Register a user and send a code; the answer's session may come back with it."""
    pool, client, username = await call.named()
    outcome = served(
        await call.core.registration.sign_up(
            pool,
            client,
            username=username,
            password=call.text("Password"),
            attributes=read_attributes(call.input.get("UserAttributes")),
            addresses=(call.address, origin_of(call, client).address),
        )
    )
    waits = outcome.delivery is not None and not outcome.confirmed
    sign_ups = call.core.signin.sign_ups
    return present(
        UserConfirmed=outcome.confirmed,
        UserSub=outcome.user_sub,
        CodeDeliveryDetails=delivery_details(outcome.delivery),
        Session=await sign_ups.begin(pool, client, outcome.user_sub) if waits else None,
    )


@operation("ConfirmSignUp")
async def confirm_sign_up(call: Call) -> Mapping[str, object]:
    """Confirm a user by the code; the answer's session signs in where such a code is a first factor.

    A session of SignUp that has merely run out keeps nobody from confirming: mails may take their time.
    """
    pool, client, username = await call.named()
    sign_ups, session = call.core.signin.sign_ups, call.input.get("Session")
    progress = None if session is None else await sign_ups.open(pool, client, session, username=username)
    is_late = isinstance(progress, SignInRefused) and progress.reason is SignInReason.SESSION_EXPIRED
    if isinstance(progress, SignInRefused) and not is_late:
        raise refused(progress)
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
    if is_late or (isinstance(progress, Progress) and not await sign_ups.spend(progress)):
        return {}
    return present(Session=sign_ups.keep_confirmation(pool, client, outcome.user))


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
