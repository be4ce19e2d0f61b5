"""Pages of lists: where the next one begins travels sealed, good for the operation and pool that made it.

The lists go on after a key, not after a count: what is added or removed meanwhile neither repeats nor hides
an entry (cognito.md 3.4).
"""

from __future__ import annotations

from idp.api.call import Call
from idp.api.errors import invalid_parameter
from idp.seal import SealBroken


def read_token(call: Call, member: str = "NextToken", *, scope: str = "") -> str:
    """Return the key after which the page begins, empty for the first page; raises ApiError."""
    token = call.input.get(member)
    if token is None:
        return ""
    try:
        return call.core.vault.open_text(token, purpose=_purpose(call, scope))
    except SealBroken as error:
        raise invalid_parameter(f"Invalid {member}") from error


def write_token(call: Call, after: str, *, scope: str = "") -> str:
    """Seal the key after which the next page begins; `scope` names the list, such as a pool."""
    return call.core.vault.seal_text(after, purpose=_purpose(call, scope))


def _purpose(call: Call, scope: str) -> str:
    return f"page:{call.operation}:{scope}"
