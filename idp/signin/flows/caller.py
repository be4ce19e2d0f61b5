"""Who asks for a sign-in: through which door, for which client, from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from idp.model import Client, Pool
from idp.protection.origins import NOWHERE, Origin


class Door(StrEnum):
    """Where a request came in."""

    HOSTED = "hosted"
    API = "api"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """One request of a sign-in."""

    pool: Pool
    client: Client
    address: str
    """The peer's, for the log and for devices."""
    door: Door = Door.HOSTED
    origin: Origin = NOWHERE
    """Where the user is, as far as it can be told."""
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    """ClientMetadata."""
    truthful: bool | None = None
    """Overrides what door and client say about hiding who exists."""

    targets: tuple[int, ...] = ()
    """The authentication levels that a sign-in which begins now is to reach one of, the preferred first."""

    @property
    def hides_existence(self) -> bool:
        """Whether nobody must look like a wrong password; administrators are told (cognito.md 4.10)."""
        if self.truthful is not None:
            return not self.truthful
        return self.door is Door.HOSTED or (self.door is Door.API and self.client.hides_existence)

    @property
    def realm(self) -> str:
        """Where a session that is opened now may be answered: pages and API do not mix."""
        return "hosted" if self.door is Door.HOSTED else "api"
