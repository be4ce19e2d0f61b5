"""The seam between the user pool and whatever keeps its records.

A unit of work (`reading`, `writing`) hands out `Records`: one collection per kind of record. Everything
inside one `writing` block is one transaction, serialised against every other writer of the same rows; when
the block ends without an exception, the change survives the death of the process. `update` takes a pure
function old -> new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from idp.factors.records import Ceremony, MfaPreference, Passkey, SoftwareToken
from idp.model import (
    AuthorizationCode,
    Client,
    Failures,
    Family,
    Group,
    LinkedIdentity,
    Mail,
    MailedCode,
    Part,
    Pool,
    RefreshToken,
    SigningKey,
    SsoSession,
    User,
    UserFilter,
    UserPage,
)
from idp.protection.records import AuthEvent, RiskConfiguration
from idp.signin.records import Device, Spent

R = TypeVar("R")


class NotFound(LookupError):  # noqa: N818 - the word the service itself uses
    """No such record."""


class AlreadyExists(ValueError):  # noqa: N818 - the word the service itself uses
    """A record with this identity, or a user with this login, is there already."""


class StoreUnusable(RuntimeError):  # noqa: N818 - a state, said plainly
    """The store cannot be opened; the text says what to do."""


class StoreUnavailable(StoreUnusable):
    """The store cannot be read or written now: locked, full, out of reach. Nothing of the work was kept."""


class Collection(Protocol[R]):
    """Records of one kind, by their identity (one or more texts)."""

    async def get(self, *key: str) -> R:
        """Return the record; raises NotFound."""
        ...

    async def find(self, *key: str) -> R | None:
        """Return the record or None."""
        ...

    async def hold(self, *key: str) -> R:
        """Return the record and keep other writers off it until the transaction ends; raises NotFound."""
        ...

    async def create(self, record: R) -> R:
        """Add a record; raises AlreadyExists."""
        ...

    async def update(self, key: Sequence[str], change: Callable[[R], R]) -> R:
        """Replace the record by `change(record)` and return the new one; raises NotFound."""
        ...

    async def delete(self, *key: str) -> None:
        """Remove the record; raises NotFound."""
        ...


class Pools(Collection[Pool], Protocol):
    """User pools, by id."""

    async def list(self) -> tuple[Pool, ...]:
        """All pools by id, inactive ones too."""
        ...


class Clients(Collection[Client], Protocol):
    """App clients, by client id (unique over all pools)."""

    async def list(self, pool_id: str) -> tuple[Client, ...]:
        """All clients of a pool by id, inactive ones too."""
        ...


class Users(Collection[User], Protocol):
    """Users, by pool id and sub. `create` and `update` raise AlreadyExists on a taken login."""

    async def by_login(self, pool_id: str, login: str) -> User | None:
        """The user who signs in with this normalised login."""
        ...

    async def list(self, pool_id: str, *, limit: int = 60, after: str = "") -> tuple[User, ...]:
        """Users by username, those after the username `after`."""
        ...

    async def search(
        self,
        pool_id: str,
        wanted: UserFilter | None,
        *,
        limit: int,
        after: tuple[str, ...] = (),
        backwards: bool = False,
    ) -> UserPage:
        """Users that fit a filter, in an order that users who come and go do not disturb.

        `backwards` reads the page that ends in front of `after`.
        """
        ...

    async def of_group(
        self,
        pool_id: str,
        group: str,
        *,
        limit: int,
        after: tuple[str, ...] = (),
        backwards: bool = False,
    ) -> UserPage:
        """Members of a group, likewise."""
        ...

    async def create_all(self, users: Sequence[User]) -> bool:
        """Add one or more users at once; False, and nothing added, where something of one's is taken."""
        ...

    async def count(self, pool_id: str) -> int:
        """How many users the pool has."""
        ...


class Groups(Collection[Group], Protocol):
    """Groups, by pool id and name, and who is in them."""

    async def list(self, pool_id: str) -> tuple[Group, ...]:
        """All groups of a pool by name."""
        ...

    async def count(self, pool_id: str) -> int:
        """How many groups the pool has."""
        ...

    async def of(self, pool_id: str, sub: str) -> tuple[Group, ...]:
        """A user's groups, strongest precedence first."""
        ...

    async def add_member(self, pool_id: str, name: str, sub: str) -> None:
        """Put a user into a group; being in it already is fine. Raises NotFound."""
        ...

    async def remove_member(self, pool_id: str, name: str, sub: str) -> None:
        """Take a user out of a group; not being in it is fine."""
        ...


class LinkedIdentities(Collection[LinkedIdentity], Protocol):
    """Accounts at other providers, by pool id, provider, attribute and value."""

    async def of(self, pool_id: str, sub: str) -> tuple[LinkedIdentity, ...]:
        """A user's linked accounts, the oldest first."""
        ...


class AuthorizationCodes(Collection[AuthorizationCode], Protocol):
    """Authorization codes, by hash."""

    async def delete_of(self, pool_id: str, sub: str) -> None:
        """Remove a user's codes that were not redeemed."""
        ...


class Families(Collection[Family], Protocol):
    """Refresh-token families, by id (`origin_jti`)."""

    async def by_event(self, event_id: str) -> Family | None:
        """The family of an authentication event."""
        ...

    async def of(self, pool_id: str, sub: str) -> tuple[Family, ...]:
        """A user's families by id, ended ones too."""
        ...

    async def revoke_all(self, pool_id: str, sub: str, now: float) -> int:
        """Revoke every live family of a user; returns how many."""
        ...


class SsoSessions(Collection[SsoSession], Protocol):
    """Hosted-page sessions, by hash of the cookie."""

    async def delete_of(self, pool_id: str, sub: str) -> None:
        """End all of a user's sessions."""
        ...


class Devices(Collection[Device], Protocol):
    """Devices, by pool id and device key."""

    async def of(self, pool_id: str, sub: str, *, limit: int = 60, after: str = "") -> tuple[Device, ...]:
        """A user's confirmed devices by key, those after the key `after`."""
        ...


class SigningKeys(Collection[SigningKey], Protocol):
    """Signing keys, by id."""

    async def list(self) -> tuple[SigningKey, ...]:
        """All keys of all pools."""
        ...


class Passkeys(Collection[Passkey], Protocol):
    """Passkeys, by pool id and hash of the credential id."""

    async def of(self, pool_id: str, sub: str) -> tuple[Passkey, ...]:
        """A user's passkeys, oldest first."""
        ...


class MfaPreferences(Collection[MfaPreference], Protocol):
    """Which second factors users switched on, by pool id and sub."""

    async def of(self, pool_id: str, subs: Sequence[str]) -> tuple[MfaPreference, ...]:
        """The preferences of several users, of those who have one."""
        ...


class Parts(Collection[Part], Protocol):
    """Parts of pools, by pool id, kind and key."""

    async def list(self, pool_id: str, kind: str) -> tuple[Part, ...]:
        """All parts of a kind, by key."""
        ...

    async def clear(self, pool_id: str, kind: str, prefix: str) -> None:
        """Remove the parts of a kind whose key begins so."""
        ...


class RiskConfigurations(Collection[RiskConfiguration], Protocol):
    """Risk configurations, by pool id and client id (empty: the pool's own)."""

    async def of(self, pool_id: str) -> tuple[RiskConfiguration, ...]:
        """All configurations of a pool, its own first."""
        ...


class AuthEvents(Collection[AuthEvent], Protocol):
    """The history of events, by pool id and id."""

    async def of(
        self,
        pool_id: str,
        sub: str,
        *,
        limit: int,
        before: tuple[float, str] | None = None,
        passed: bool | None = None,
    ) -> tuple[AuthEvent, ...]:
        """A user's events, the newest first; those after `before` (time and id) in that order.

        `passed`: only those that passed, or only the others.
        """
        ...

    async def trim(self, pool_id: str, sub: str, *, passed: bool, keep: int) -> None:
        """Remove all of a user's events that passed, or all others, but the newest `keep`."""
        ...


class Mails(Protocol):
    """Mails of the development inbox."""

    async def add(self, mail: Mail) -> Mail:
        """Keep a mail (its id is given by the store) and return it with its id."""
        ...

    async def latest(self, limit: int) -> tuple[Mail, ...]:
        """The newest mails, newest first."""
        ...


class Records(Protocol):
    """All collections, within one transaction."""

    @property
    def pools(self) -> Pools: ...
    @property
    def clients(self) -> Clients: ...
    @property
    def users(self) -> Users: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def linked_identities(self) -> LinkedIdentities: ...
    @property
    def mailed_codes(self) -> Collection[MailedCode]: ...
    @property
    def failures(self) -> Collection[Failures]: ...
    @property
    def codes(self) -> AuthorizationCodes: ...
    @property
    def families(self) -> Families: ...
    @property
    def refresh_tokens(self) -> Collection[RefreshToken]: ...
    @property
    def sso_sessions(self) -> SsoSessions: ...
    @property
    def signing_keys(self) -> SigningKeys: ...
    @property
    def spent(self) -> Collection[Spent]: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def mails(self) -> Mails: ...
    @property
    def mfa_preferences(self) -> MfaPreferences: ...
    @property
    def software_tokens(self) -> Collection[SoftwareToken]: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def parts(self) -> Parts: ...
    @property
    def risk_configurations(self) -> RiskConfigurations: ...
    @property
    def auth_events(self) -> AuthEvents: ...
    @property
    def ceremonies(self) -> Collection[Ceremony]: ...


class Store(Protocol):
    """A place that keeps records."""

    def reading(self) -> AbstractAsyncContextManager[Records]:
        """Open a unit of work that only reads, on one consistent view."""
        ...

    def writing(self, *, alone: bool = False) -> AbstractAsyncContextManager[Records]:
        """Open a unit of work that may write; commits at the end, rolls back on an exception.

        `alone` keeps it apart from every other one that says so, on any node: for looking whether something
        is there and making it where it is not.
        """
        ...

    async def collect(self, now: float) -> int:
        """Remove what has expired by `now`; returns how many records."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
