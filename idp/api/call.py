"""What an operation gets: the validated input, who calls from where, and the look-ups that operations share.

The look-ups raise ApiError in the words of cognito.md 3.3, so that every operation refuses an unknown pool,
client or user and a useless access token alike.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp import texts
from idp.api.errors import ApiError, not_authorized, not_found
from idp.core import Core
from idp.model import Client, Pool, User, UserStatus
from idp.tokens.access import Access, AccessReason, AccessRefused
from idp.triggers.origin import note_client
from idp.users.lookup import find_for_administrator

ADMIN_SCOPE: Final = "aws.cognito.signin.user.admin"

_NOT_AUTHORIZED = "NotAuthorizedException"
_ACCESS_ERRORS: Final[Mapping[AccessReason, tuple[str, str]]] = {
    AccessReason.INVALID: (_NOT_AUTHORIZED, "Invalid Access Token"),
    AccessReason.EXPIRED: (_NOT_AUTHORIZED, "Access Token has expired"),
    AccessReason.REVOKED: (_NOT_AUTHORIZED, "Access Token has been revoked"),
    AccessReason.SCOPE: (_NOT_AUTHORIZED, "Access Token does not have required scopes"),
    AccessReason.NO_USER: ("UserNotFoundException", texts.USER_UNKNOWN.english),
}
_STATUS_ERRORS: Final[Mapping[UserStatus, tuple[str, str]]] = {
    UserStatus.RESET_REQUIRED: ("PasswordResetRequiredException", texts.RESET_REQUIRED.english),
    UserStatus.UNCONFIRMED: ("UserNotConfirmedException", texts.NOT_CONFIRMED.english),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one operation."""

    core: Core
    operation: str
    input: Mapping[str, Any] = field(repr=False)
    """Members of the request, validated against the model; absent ones are not there."""
    address: str
    """The caller's address, for counting and the log."""
    user_agent: str = ""
    region: str = ""
    """The region that the caller signed for; empty where nothing was signed."""
    access_key: str | None = None
    """Id of the access key that signed, of an operation that needs a signature."""

    def text(self, name: str) -> str:
        """Return a member that is a text; an absent one is empty."""
        return str(self.input.get(name, ""))

    async def client(self) -> tuple[Pool, Client]:
        """Return the client named by ClientId, and its pool."""
        known = await self.core.client(self.text("ClientId"))
        if known is None:
            raise not_found(f"User pool client {self.text('ClientId')} does not exist.")
        note_client(known[1])
        return known

    def require_secret_hash(self, client: Client, username: str, *, given: str | None = None) -> None:
        """Check SecretHash (or `given`, where it comes in another member) over the name as it was sent."""
        sent = self.input.get("SecretHash") if given is None else given
        if not client.is_confidential:
            if sent:
                raise not_authorized(
                    f"Client {client.id} is not configured with a secret but a secret hash was received"
                )
            return
        if not sent:
            raise not_authorized(
                f"Client {client.id} is configured with secret but SECRET_HASH was not received"
            )
        if not is_secret_hash(client, username, sent):
            raise not_authorized(f"Unable to verify secret hash for client {client.id}")

    async def named(self) -> tuple[Pool, Client, str]:
        """Return the client named by ClientId, its pool, and Username, for which the client proved itself."""
        pool, client = await self.client()
        username = self.text("Username")
        self.require_secret_hash(client, username)
        return pool, client, username

    async def user(self) -> tuple[Pool, Client, User, Mapping[str, Any]]:
        """Return whom AccessToken belongs to: pool, client, user and the token's claims."""
        opened = await self.open_token(self.text("AccessToken"), scope=ADMIN_SCOPE)
        if error := _STATUS_ERRORS.get(opened.user.status):
            raise ApiError(*error)
        note_client(opened.client)
        return opened.pool, opened.client, opened.user, opened.claims

    async def open_token(self, token: str, *, scope: str | None) -> Access:
        """Open an access token."""
        opened = await self.core.access.open(token, scope=scope)
        if isinstance(opened, AccessRefused):
            raise access_error(opened)
        return opened

    async def pool(self) -> Pool:
        """Return the pool named by UserPoolId."""
        pool = await self.core.pool(self.text("UserPoolId"))
        if pool is None:
            raise not_found(f"User pool {self.text('UserPoolId')} does not exist.")
        return pool

    async def pool_client(self) -> tuple[Pool, Client]:
        """Return the pool named by UserPoolId, and its client named by ClientId."""
        pool = await self.pool()
        owner, client = await self.client()
        if owner.id != pool.id:
            raise not_found(f"User pool client {client.id} does not exist.")
        return pool, client

    async def found_user(self, pool: Pool) -> User:
        """Return the user named by Username (any name, or the sub), for an administrator."""
        async with self.core.store.reading() as records:
            user = await find_for_administrator(records, pool, self.text("Username"))
        if user is None:
            raise ApiError("UserNotFoundException", texts.USER_UNKNOWN.english)
        return user


def access_error(refused: AccessRefused) -> ApiError:
    """Spell why a token opens nothing."""
    return ApiError(*_ACCESS_ERRORS[refused.reason])


def is_secret_hash(client: Client, username: str, candidate: str) -> bool:
    """Whether `candidate` is HMAC-SHA256(secret, username + client id) for one of the client's secrets."""
    return any([_fits(secret.reveal(), username + client.id, candidate) for secret in client.secrets])  # noqa: C419


def _fits(secret: str, message: str, candidate: str) -> bool:
    digest = hmac.new(secret.encode(), message.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(digest), candidate.encode("utf-8", "surrogatepass"))
