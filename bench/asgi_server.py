"""The load balancer as an ASGI application under uvicorn: `python -m bench.asgi_server CONFIG PORT`.

The same configuration, key files and pool as the process that `albacore run` started, so that one login
serves both; what differs is the way of a request: a task, a scope, receive and send instead of the direct
hand-over.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import uvicorn
import uvloop

from lb.asgi import LoadBalancer
from lb.config import load_settings
from lb.loop import settle_heap
from lb.providers import pre_actions
from lb.runtime import Runtime
from lb.settings import IdentityProvider, Settings
from lb.wire import ListenerProtocol
from rules.actions import AuthenticateCognito, PreAction
from tests.support.stack import CLIENT_ID, CLIENT_SECRET, POOL_ID


def providers(settings: Settings, public_url: str) -> dict[PreAction, IdentityProvider]:
    """Describe the pool that the other process serves."""
    provider = IdentityProvider(
        issuer=f"{public_url}/{POOL_ID}",
        authorization_endpoint=f"{public_url}/oauth2/authorize",
        token_endpoint=f"{public_url}/oauth2/token",
        user_info_endpoint=f"{public_url}/oauth2/userInfo",
        jwks_uri=f"{public_url}/{POOL_ID}/.well-known/jwks.json",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )
    return {action: provider for action in pre_actions(settings) if isinstance(action, AuthenticateCognito)}


async def serve(config: Path, port: int) -> None:
    """Serve the configuration's only listener on `port`."""
    settings = load_settings(config).settings
    assert settings.pool_server is not None
    public_url = settings.pool_server.public_url
    assert public_url is not None
    runtime = Runtime(settings, providers=providers(settings, public_url))
    await runtime.start()
    settle_heap()
    application = LoadBalancer(runtime, settings.listeners[0].arn, direct=False)
    options = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=port,
        http=ListenerProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        log_level="warning",
    )
    await uvicorn.Server(options).serve()
    await runtime.aclose()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
