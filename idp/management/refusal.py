"""Why something is not managed as asked: one exception, whose reasons the API's table names."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The kinds of refusals."""

    INVALID = "invalid"
    NOT_FOUND = "not-found"
    LIMIT = "limit"
    SCOPE_UNKNOWN = "scope-unknown"
    OAUTH_FLOW = "oauth-flow"
    PROVIDER_EXISTS = "provider-exists"
    BRANDING_EXISTS = "branding-exists"
    TERMS_EXIST = "terms-exist"
    PRECONDITION = "precondition"
    IMPORT_RUNS = "import-runs"


class Refused(Exception):  # noqa: N818 - a state, said plainly
    """The request cannot be done; the text is for whoever asked."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def invalid(message: str) -> Refused:
    """Something in the request does not fit."""
    return Refused(Reason.INVALID, message)


def no_pool(pool_id: str) -> Refused:
    """The pool is gone."""
    return Refused(Reason.NOT_FOUND, f"User pool {pool_id} does not exist.")


def no_client(client_id: str) -> Refused:
    """The client is gone."""
    return Refused(Reason.NOT_FOUND, f"User pool client {client_id} does not exist.")
