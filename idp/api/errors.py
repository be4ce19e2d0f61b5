"""Errors of the JSON API: what operations raise, and the one table from services' reasons to exceptions.

Services refuse with values (`idp.outcomes`); `refused` turns such a value into Cognito's exception
(cognito.md 3.3). Texts are the services' own constants: nothing of a request is repeated but what the
model's validation quotes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from idp.management.refusal import Reason, Refused
from idp.outcomes import SignInReason, SignInRefused, UserReason, UserRefused

T = TypeVar("T")


class ApiError(Exception):
    """An answer that is an error: `code` is the exception's name in the service model."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


_USER_CODES: Final[Mapping[UserReason, str]] = {
    UserReason.NOT_AUTHORIZED: "NotAuthorizedException",
    UserReason.INVALID_PARAMETER: "InvalidParameterException",
    UserReason.INVALID_PASSWORD: "InvalidPasswordException",
    UserReason.PASSWORD_REUSED: "PasswordHistoryPolicyViolationException",
    UserReason.USERNAME_EXISTS: "UsernameExistsException",
    UserReason.ALIAS_EXISTS: "AliasExistsException",
    UserReason.CODE_MISMATCH: "CodeMismatchException",
    UserReason.CODE_EXPIRED: "ExpiredCodeException",
    UserReason.LIMIT_EXCEEDED: "LimitExceededException",
    UserReason.DELIVERY_FAILED: "CodeDeliveryFailureException",
    UserReason.USER_NOT_FOUND: "UserNotFoundException",
    UserReason.UNSUPPORTED_STATE: "UnsupportedUserStateException",
    UserReason.GROUP_NOT_FOUND: "ResourceNotFoundException",
    UserReason.GROUP_EXISTS: "GroupExistsException",
    UserReason.TRIGGER_REFUSED: "UserLambdaValidationException",
    UserReason.BUSY: "TooManyRequestsException",
    UserReason.NO_SOFTWARE_TOKEN: "SoftwareTokenMFANotFoundException",
    UserReason.SOFTWARE_TOKEN_UNPROVEN: "EnableSoftwareTokenMFAException",
    UserReason.PASSKEYS_OFF: "WebAuthnNotEnabledException",
    UserReason.PASSKEYS_UNCONFIGURED: "WebAuthnConfigurationMissingException",
    UserReason.PASSKEY_CHALLENGE: "WebAuthnChallengeNotFoundException",
    UserReason.PASSKEY_ORIGIN: "WebAuthnOriginNotAllowedException",
    UserReason.PASSKEY_RELYING_PARTY: "WebAuthnRelyingPartyMismatchException",
    UserReason.PASSKEY_UNSUPPORTED: "WebAuthnCredentialNotSupportedException",
    UserReason.PASSKEY_NOT_FOUND: "ResourceNotFoundException",
}
_SIGN_IN_CODES: Final[Mapping[SignInReason, str]] = {
    SignInReason.INCORRECT: "NotAuthorizedException",
    SignInReason.NOT_CONFIRMED: "UserNotConfirmedException",
    SignInReason.RESET_REQUIRED: "PasswordResetRequiredException",
    SignInReason.LOCKED: "NotAuthorizedException",
    SignInReason.DISABLED: "NotAuthorizedException",
    SignInReason.UNKNOWN_USER: "UserNotFoundException",
    SignInReason.TEMPORARY_EXPIRED: "NotAuthorizedException",
    SignInReason.SESSION_INVALID: "NotAuthorizedException",
    SignInReason.SESSION_EXPIRED: "NotAuthorizedException",
    SignInReason.PASSWORD_UNFIT: "InvalidPasswordException",
    SignInReason.PASSWORD_REUSED: "PasswordHistoryPolicyViolationException",
    SignInReason.ATTRIBUTES_UNFIT: "InvalidParameterException",
    SignInReason.CODE_MISMATCH: "CodeMismatchException",
    SignInReason.CODE_EXPIRED: "ExpiredCodeException",
    SignInReason.FACTOR_UNAVAILABLE: "MFAMethodNotFoundException",
    SignInReason.SOFTWARE_TOKEN_UNAVAILABLE: "SoftwareTokenMFANotFoundException",
    SignInReason.FACTOR_IMPOSSIBLE: "NotAuthorizedException",
    SignInReason.LEVEL_UNREACHABLE: "NotAuthorizedException",
    SignInReason.LEVEL_REACHED: "InvalidParameterException",
    SignInReason.DELIVERY_FAILED: "CodeDeliveryFailureException",
    SignInReason.LIMIT_EXCEEDED: "LimitExceededException",
    SignInReason.PARAMETER_MISSING: "InvalidParameterException",
    SignInReason.PARAMETER_UNFIT: "InvalidParameterException",
    SignInReason.DEVICE_UNKNOWN: "ResourceNotFoundException",
    SignInReason.UNSUPPORTED: "InvalidParameterException",
    SignInReason.ADDRESS_BLOCKED: "NotAuthorizedException",
    SignInReason.RISK_BLOCKED: "NotAuthorizedException",
    SignInReason.TRIGGER_REFUSED: "UserLambdaValidationException",
    SignInReason.BUSY: "TooManyRequestsException",
}


_MANAGEMENT_CODES: Final[Mapping[Reason, str]] = {
    Reason.INVALID: "InvalidParameterException",
    Reason.NOT_FOUND: "ResourceNotFoundException",
    Reason.LIMIT: "LimitExceededException",
    Reason.SCOPE_UNKNOWN: "ScopeDoesNotExistException",
    Reason.OAUTH_FLOW: "InvalidOAuthFlowException",
    Reason.PROVIDER_EXISTS: "DuplicateProviderException",
    Reason.BRANDING_EXISTS: "ManagedLoginBrandingExistsException",
    Reason.TERMS_EXIST: "TermsExistsException",
    Reason.PRECONDITION: "PreconditionNotMetException",
    Reason.IMPORT_RUNS: "UserImportInProgressException",
}


def unmanaged(refusal: Refused) -> ApiError:
    """Translate a refusal of the management."""
    return ApiError(_MANAGEMENT_CODES[refusal.reason], refusal.message)


def refused(outcome: UserRefused | SignInRefused) -> ApiError:
    """Translate a service's refusal."""
    if isinstance(outcome, UserRefused):
        return ApiError(outcome.code or _USER_CODES[outcome.reason], outcome.message.strip())
    return ApiError(outcome.code or _SIGN_IN_CODES[outcome.reason], outcome.message.strip())


def served(outcome: T | UserRefused) -> T:
    """Return what a service gave; raises ApiError where it refused."""
    if isinstance(outcome, UserRefused):
        raise refused(outcome)
    return outcome


def invalid_parameter(message: str) -> ApiError:
    """An InvalidParameterException."""
    return ApiError("InvalidParameterException", message)


def not_authorized(message: str) -> ApiError:
    """A NotAuthorizedException."""
    return ApiError("NotAuthorizedException", message)


def not_found(message: str) -> ApiError:
    """A ResourceNotFoundException."""
    return ApiError("ResourceNotFoundException", message)


def serialization(message: str) -> ApiError:
    """A SerializationException: the body is not what the protocol means by a request."""
    return ApiError("SerializationException", message)
