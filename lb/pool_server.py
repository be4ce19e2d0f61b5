"""The built-in user pool as this process serves it: an ASGI application reached by import string.

`lb` knows the pool by three names only (make the application, prepare it, ask it for a client's
endpoints). The application can be replaced while requests run: they finish on the one they began with.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from lb.exits import CannotStart
from lb.imports import import_attribute
from lb.settings import IdentityProvider, PoolServerSettings
from rules.actions import AuthenticateCognito

CREATE = "idp.app:create_app"
PREPARE = "idp.app:prepare"
PROVIDER = "idp.app:provider_for"
REFUSED = "idp.store.base:StoreUnusable"

Message = MutableMapping[str, Any]
log = logging.getLogger("albacore.pool")


class PoolServer:
    """The pools' application and its lifespan; itself an ASGI application that passes on to the current
    one.
    """

    def __init__(self) -> None:
        self._current: _Application | None = None

    async def replace(
        self, document: object, *, settings: PoolServerSettings, public_url: str, data: Path
    ) -> None:
        """Open the pools of `document` and serve them from now on; raises CannotStart where that is refused,
        and what else opening them raised.
        """
        app = import_attribute(CREATE)(
            document,
            public_url=public_url,
            data_directory=data,
            smtp=settings.smtp,
            sms=settings.sms,
            database=settings.database,
            functions=settings.functions,
            functions_folder=settings.folder,
            access=settings.access,
            guard=settings.guard,
        )
        fresh = _Application(app)
        try:
            await fresh.open()
        except import_attribute(REFUSED) as error:
            raise CannotStart(str(error)) from error
        previous, self._current = self._current, fresh
        if previous is not None:
            await previous.close()

    def provider(self, action: AuthenticateCognito) -> IdentityProvider:
        """Return a client's endpoints and credentials; raises LookupError naming what is not there."""
        if self._current is None:
            raise LookupError("this configuration has no user pools")
        members = import_attribute(PROVIDER)(
            self._current.app, user_pool=action.user_pool, client=action.user_pool_client_id
        )
        return IdentityProvider(**members, app=self)

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Serve one request on the current application."""
        assert self._current is not None
        await self._current.serve(scope, receive, send)

    async def aclose(self) -> None:
        """Close the store."""
        current, self._current = self._current, None
        if current is not None:
            await current.close()


class _Application:
    """One generation of the application: its lifespan, and how many requests are in it."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._stack = contextlib.AsyncExitStack()
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def open(self) -> None:
        await import_attribute(PREPARE)(self.app)
        await self._stack.enter_async_context(self.app.router.lifespan_context(self.app))

    async def serve(self, *exchange: Any) -> None:
        self._requests += 1
        self._idle.clear()
        try:
            await self.app(*exchange)
        finally:
            self._requests -= 1
            if not self._requests:
                self._idle.set()

    async def close(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), 10)
        await self._stack.aclose()
