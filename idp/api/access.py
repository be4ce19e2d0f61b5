"""Who may call the operations that need a signature: the keys of the configuration, or this machine alone.

`accept-any` is for local work: it looks at no signature, but serves only requests whose both ends are on this
machine and that no web page made. Without that, any page open in a developer's browser could manage the pool.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.requests import Request

from idp.api import sigv4
from idp.api.errors import ApiError
from idp.config.access import AccessKey, AccessSettings
from idp.core import Core
from idp.model import Secret
from idp.pages.local import is_local
from idp.site import site_of

log = logging.getLogger("idp.api")
T = TypeVar("T")
UNCONFIGURED: Final = (
    "no access key is configured, so nobody may call this operation: set PoolServer.AccessKeys to a list of"
    " AccessKeyId and SecretAccessKey (or, for work on this machine alone, PoolServer.SignatureCheck to"
    " accept-any)"
)
ANYBODY: Final = AccessKey("accept-any", Secret(""))
_FROM_PAGES: Final = ("origin", "sec-fetch-site")


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets signed requests in."""

    settings: AccessSettings

    def warn(self) -> None:
        """Say loudly that no signature is checked."""
        if self.settings.accepts_any:
            log.warning(
                "SignatureCheck is accept-any: every program on this machine may manage the user pools."
                " Never use it where others have access"
            )

    def check_claim(self, request: Request) -> None:
        """Refuse, before the body is read, whom no body would let in."""
        if self.settings.accepts_any:
            _check_local(request)
        elif not self.settings.keys:
            raise ApiError("AccessDeniedException", UNCONFIGURED)
        else:
            _unless_refused(sigv4.find_key(self.settings, self._claim(request)))

    def check(self, request: Request, body: bytes, *, now: float) -> AccessKey:
        """Return the key that signed the request; raises ApiError."""
        if self.settings.accepts_any:
            return ANYBODY
        claim = self._claim(request)
        key = _unless_refused(sigv4.find_key(self.settings, claim))
        _unless_refused(sigv4.verify(_signed(request, body), claim, key, now=now))
        return key

    def region(self, request: Request) -> str:
        """Return the region of the signature's scope, empty where there is none."""
        claim = sigv4.read_claim(request.headers.getlist("authorization"))
        return "" if isinstance(claim, sigv4.Refusal) else claim.scope[1]

    async def check_pool(
        self, key: AccessKey, operation: str, members: Mapping[str, Any], core: Core
    ) -> None:
        """Refuse a key that is kept to other user pools, or to some where the operation belongs to none."""
        if key.pools is None:
            return
        pool_id = members.get("UserPoolId")
        pool = await core.pool(pool_id) if pool_id else None
        if pool is None or not {pool.id, pool.name} & set(key.pools):
            message = f"User: {key.id} is not authorized to perform: cognito-idp:{operation}"
            raise ApiError("AccessDeniedException", message)

    @staticmethod
    def _claim(request: Request) -> sigv4.Claim:
        return _unless_refused(sigv4.read_claim(request.headers.getlist("authorization")))


def _unless_refused(outcome: T | sigv4.Refusal) -> T:
    if isinstance(outcome, sigv4.Refusal):
        raise ApiError(outcome.code, outcome.message)
    return outcome


def _check_local(request: Request) -> None:
    if any(name in request.headers for name in _FROM_PAGES) or not is_local(request, site_of(request)):
        raise ApiError(
            "AccessDeniedException",
            "SignatureCheck is accept-any: only programs on this machine are served, and no web page",
        )


def _signed(request: Request, body: bytes) -> sigv4.Signed:
    raw_path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return sigv4.Signed(
        method=request.method,
        path=raw_path.partition(b"?")[0].decode("latin-1"),
        query=request.scope["query_string"].decode("latin-1"),
        headers=[
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.headers.raw
        ],
        body=body,
    )
