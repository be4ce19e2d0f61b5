"""The way from a balancer to the user pools in the process of the services: plain HTTP on this machine.

Back-channel calls carry the pool's public URL, which may lead through this very load balancer, or nowhere
from here. They go straight to the socket of the pool instead, with the Host header of the public URL.
"""

from __future__ import annotations

import httpx

from lb.settings import IdentityProvider, PoolServerSettings
from lb.workers.order import Endpoints
from rules.actions import AuthenticateCognito, PreAction

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104 -- compared, not bound


class PoolWay(httpx.AsyncBaseTransport):
    """An httpx transport that sends every request to one address."""

    def __init__(self, pool: PoolServerSettings) -> None:
        self._host = _ANYWHERE.get(pool.address, pool.address)
        self._port = pool.port
        self._transport = httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` there; its Host header, made from its URL, stays."""
        request.url = request.url.copy_with(scheme="http", host=self._host, port=self._port)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close kept connections."""
        await self._transport.aclose()


def pool_providers(
    actions: list[PreAction], endpoints: Endpoints, way: PoolWay
) -> dict[PreAction, IdentityProvider]:
    """Return the providers of the authenticate-cognito actions whose clients were found."""
    known = {
        (each["user_pool"], each["client"]): IdentityProvider(**each["members"], app=way)
        for each in endpoints
    }
    return {
        action: known[action.user_pool, action.user_pool_client_id]
        for action in actions
        if isinstance(action, AuthenticateCognito) and (action.user_pool, action.user_pool_client_id) in known
    }
