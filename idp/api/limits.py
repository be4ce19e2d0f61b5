"""What callers without a signature may try how often, by their address.

Operations that guess (names, passwords, codes) cost a token when the guess was wrong; operations that send
a message cost one each. Signed operations are not counted: who has a key may do worse.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from idp import texts
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
def counted(limiter: Limiter, operation: str, address: str) -> Iterator[None]:
    """Count a call of an operation without a signature; raises TooManyRequestsException."""
    if operation in SENDS:
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


def flood() -> ApiError:
    """A TooManyRequestsException, which SDKs try again after a while."""
    return ApiError("TooManyRequestsException", texts.TOO_MANY_REQUESTS.english)


def _take(limiter: Limiter, limit: Limit, address: str) -> None:
    if limiter.take(limit, address):
        raise flood()
