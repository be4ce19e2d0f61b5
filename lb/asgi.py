"""`LoadBalancer`, the ASGI application: the only file that knows scope, receive and send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from lb.runtime import Runtime

Message = MutableMapping[str, Any]


class LoadBalancer:
    """One listener as an ASGI application; under `lb.wire.ListenerProtocol` requests bypass ASGI when `direct`."""

    def __init__(self, runtime: Runtime, listener_arn: str, *, direct: bool = True) -> None:
        self.runtime = runtime
        self.listener_arn = listener_arn
        self.direct = direct

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Serve one request, or the lifespan protocol."""
        raise NotImplementedError
