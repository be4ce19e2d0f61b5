"""What callers without a signature may try how often, by their address.

Operations that guess (names, passwords, codes) cost a token when the guess was wrong; operations that send
a message cost one each. Signed operations are not counted: who has a key may do worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from idp import texts
from idp.api.call import Call
from idp.api.errors import ApiError
from idp.protection.limiter import Limiter
from idp.protection.settings import Limit

GUESSES: Final = frozenset(
    {
        "InitiateAuth",
        "RespondToAuthChallenge",
        "SignUp",
        "ConfirmSignUp",
        "ForgotPassword",
        "ConfirmForgotPassword",
        "ResendConfirmationCode",
        "VerifySoftwareToken",
        "UpdateAuthEventFeedback",
    }
)
SENDS: Final = frozenset(
    {
        "SignUp",
        "ForgotPassword",
        "ResendConfirmationCode",
        "GetUserAttributeVerificationCode",
        "UpdateUserAttributes",
    }
)
CODES: Final = frozenset({"EMAIL_OTP", "SMS_OTP"})
WRONG: Final = frozenset(
    {
        "NotAuthorizedException",
        "UserNotFoundException",
        "UsernameExistsException",
        "AliasExistsException",
        "CodeMismatchException",
        "ExpiredCodeException",
        "EnableSoftwareTokenMFAException",
        "ResourceNotFoundException",
    }
)
"""Answers that tell a guesser that the guess was wrong, or that a name is taken."""


@contextmanager
def counted(limiter: Limiter, call: Call) -> Iterator[None]:
    """Count a call of an operation without a signature; raises TooManyRequestsException."""
    operation, address = call.operation, call.address
    if operation in SENDS or _asks_for_code(call.input):
        _take(limiter, Limit.MESSAGES, address)
    if operation not in GUESSES:
        yield
        return
    _take(limiter, Limit.FAILURES, address)
    is_wrong = False
    try:
        yield
    except ApiError as error:
        is_wrong = error.code in WRONG
        raise
    finally:
        if not is_wrong:
            limiter.give_back(Limit.FAILURES, address)


def _asks_for_code(members: Mapping[str, Any]) -> bool:
    """Whether a sign-in asks for a code in the place of the password, which whoever likes may do."""
    wished = members.get("AuthParameters", {}).get("PREFERRED_CHALLENGE")
    chosen = members.get("ChallengeResponses", {}).get("ANSWER")
    return wished in CODES or (members.get("ChallengeName") == "SELECT_CHALLENGE" and chosen in CODES)


def flood() -> ApiError:
    """A TooManyRequestsException, which SDKs try again after a while."""
    return ApiError("TooManyRequestsException", texts.TOO_MANY_REQUESTS.english)


def _take(limiter: Limiter, limit: Limit, address: str) -> None:
    if limiter.take(limit, address):
        raise flood()
