"""Every reason for which the load balancer answers by itself, in one table.

A reason fixes the status, the metric it counts under and the word in the access log's `error_reason` field
(ALB user guide, "Error reason codes"; words marked `albacore` below are ours, and log as `-`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True, eq=False)
class Cause:
    """Status, metric and log word of a reason; `log` is empty for reasons that ALB does not name.

    Compared by identity: two reasons with equal causes must not become one name of the enumeration.
    """

    status: int
    metric: str = ""
    log: str = ""


class Reason(Enum):
    """Why the load balancer answered; `.value` is the `Cause`."""

    # Requests that cannot be trusted or served at all (alb.md 7.3, 7.6).
    BAD_REQUEST = Cause(400)
    HEADER_TOO_LARGE = Cause(400, "HTTPCode_ELB_4XX_Count", "")
    METHOD_NOT_ALLOWED = Cause(405)
    REQUEST_TIMEOUT = Cause(408)
    URI_TOO_LONG = Cause(414)
    TOO_MANY_FORWARDED_ADDRESSES = Cause(463)
    PROTOCOL_MISMATCH = Cause(464)
    """The target group's ProtocolVersion takes no such request."""
    UNSUPPORTED_TRANSFER_ENCODING = Cause(501)
    VERSION_NOT_SUPPORTED = Cause(505)
    REDIRECT_TOO_LONG = Cause(507, "HTTP_Redirect_Url_Limit_Exceeded_Count")
    CLIENT_CLOSED = Cause(460)
    TRANSFORM_FAILED = Cause(500)
    INTERNAL = Cause(500)

    # Targets.
    NO_TARGETS = Cause(503)
    TARGET_CONNECTION_REFUSED = Cause(502, "TargetConnectionErrorCount")
    TARGET_CONNECT_TIMEOUT = Cause(504, "TargetConnectionErrorCount")
    TARGET_TLS_ERROR = Cause(502, "TargetTLSNegotiationErrorCount")
    TARGET_CLOSED = Cause(502)
    TARGET_BAD_RESPONSE = Cause(502)
    TARGET_TIMEOUT = Cause(504)

    # Authentication (alb.md 3.8, 3.9).
    AUTH_DENIED = Cause(401, "ELBAuthFailure")
    AUTH_IDP_DENIED = Cause(401, "ELBAuthFailure")
    AUTH_IDP_ERROR = Cause(561, "ELBAuthFailure")
    AUTH_LOGIN_TIMEOUT = Cause(401, "ELBAuthFailure", "AuthInvalidStateParam")
    AUTH_INVALID_NONCE = Cause(401, "ELBAuthFailure", "AuthInvalidAWSALBAuthNonce")
    AUTH_MISSING_NONCE = Cause(401, "ELBAuthFailure", "AuthMissingAWSALBAuthNonce")
    AUTH_INVALID_COOKIE = Cause(401, "ELBAuthFailure", "AuthInvalidCookie")
    AUTH_INVALID_GRANT = Cause(401, "ELBAuthFailure", "AuthInvalidGrantError")
    AUTH_INVALID_ID_TOKEN = Cause(401, "ELBAuthFailure", "AuthInvalidIdToken")
    AUTH_INVALID_STATE = Cause(401, "ELBAuthFailure", "AuthInvalidStateParam")
    AUTH_INVALID_TOKEN_RESPONSE = Cause(401, "ELBAuthFailure", "AuthInvalidTokenResponse")
    AUTH_INVALID_USERINFO = Cause(401, "ELBAuthFailure", "AuthInvalidUserinfoResponse")
    AUTH_MISSING_CODE = Cause(401, "ELBAuthFailure", "AuthMissingCodeParam")
    AUTH_MISSING_HOST = Cause(401, "ELBAuthError", "AuthMissingHostHeader")
    AUTH_MISSING_STATE = Cause(401, "ELBAuthFailure", "AuthMissingStateParam")
    AUTH_TOKEN_ENDPOINT_FAILED = Cause(500, "ELBAuthError", "AuthTokenEpRequestFailed")
    AUTH_TOKEN_ENDPOINT_TIMEOUT = Cause(500, "ELBAuthError", "AuthTokenEpRequestTimeout")
    AUTH_USERINFO_ENDPOINT_FAILED = Cause(500, "ELBAuthError", "AuthUserinfoEpRequestFailed")
    AUTH_USERINFO_ENDPOINT_TIMEOUT = Cause(500, "ELBAuthError", "AuthUserinfoEpRequestTimeout")
    AUTH_CLAIMS_TOO_LARGE = Cause(500, "ELBAuthUserClaimsSizeExceeded", "AuthUserinfoResponseSizeExceeded")
    AUTH_UNHANDLED = Cause(500, "ELBAuthError", "AuthUnhandledException")
    AUTH_PROVIDER_UNAVAILABLE = Cause(500, "ELBAuthError", "AuthUnhandledException")
    """The provider's discovery document or signing keys cannot be had (ALB has no word for it)."""

    # Bearer tokens (alb.md 4).
    JWT_HEADER_NOT_PRESENT = Cause(401, "JWTValidationFailureCount", "JWTHeaderNotPresent")
    JWT_REQUEST_FORMAT_INVALID = Cause(401, "JWTValidationFailureCount", "JWTRequestFormatInvalid")
    JWT_SIGNATURE_INVALID = Cause(401, "JWTValidationFailureCount", "JWTSignatureValidationError")
    JWT_CLAIM_NOT_PRESENT = Cause(401, "JWTValidationFailureCount", "JWTClaimNotPresent")
    JWT_CLAIM_FORMAT_INVALID = Cause(401, "JWTValidationFailureCount", "JWTClaimFormatInvalid")
    JWT_CLAIM_VALUE_INVALID = Cause(401, "JWTValidationFailureCount", "JWTClaimValueInvalid")
    JWKS_TIMEOUT = Cause(500, "JWTValidationFailureCount", "JWKSRequestTimeout")
    JWKS_FAILED = Cause(500, "JWTValidationFailureCount", "JWKSRequestFailed")
    JWKS_TOO_LARGE = Cause(500, "JWTValidationFailureCount", "JWKSResponseSizeExceeded")

    @property
    def status(self) -> int:
        """HTTP status of the answer."""
        return self.value.status
