"""A user pool's API on a real socket in a thread of its own, for SDKs that block; boto3 clients for it."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx
from botocore import UNSIGNED
from botocore.config import Config
from starlette.applications import Starlette

from idp.app import create_app
from idp.core import Core
from idp.outcomes import SignedIn, TokenSet, UserRefused
from tests.support.pools import CALLBACK, CHEAP, CLIENT_ID, PASSWORD, POOL_ID, pool_document, read_claims
from tests.support.serving import serving

T = TypeVar("T")
REGION = "us-east-1"
KEY_ID, KEY_SECRET = "AKIDEXAMPLE00001", "the-secret-access-key-of-the-tests"
PUBLIC_CLIENT_ID = "public1example234567"
TARGET = "AWSCognitoIdentityProviderService"
ALL_FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
ADMIN_SCOPE = "aws.cognito.signin.user.admin"


def api_document(**members: Any) -> dict[str, Any]:
    """A pool with a confidential client and a public one, both for the API."""
    document = pool_document(**members)
    public = {"ClientName": "app", "ClientId": PUBLIC_CLIENT_ID, "ExplicitAuthFlows": ALL_FLOWS}
    document["UserPoolClients"][0]["AllowedOAuthScopes"] = ["openid", "email", "profile", ADMIN_SCOPE]
    return {**document, "UserPoolClients": [*document["UserPoolClients"], public]}


@dataclass(slots=True)
class ApiServer:
    """A running server."""

    url: str
    core: Core
    loop: asyncio.AbstractEventLoop
    app: Starlette
    folder: Path

    def run(self, work: Awaitable[T]) -> T:
        """Run something on the server's own loop and wait for it."""

        async def wait() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(wait(), self.loop).result(30)

    def boto3(self, *, signed: bool = True, **options: Any) -> Any:
        """A boto3 client: with the access key, or without any."""
        credentials = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": KEY_SECRET} if signed else {}
        config = Config(
            signature_version=None if signed else UNSIGNED,
            retries={"max_attempts": 0},
            connect_timeout=5,
            read_timeout=30,
        )
        return boto3.client(
            "cognito-idp",
            region_name=REGION,
            config=config,
            **{"endpoint_url": self.url, **credentials, **options},
        )

    def post(
        self, operation: str, document: Any = None, *, content: bytes | None = None, **headers: str
    ) -> httpx.Response:
        """Send a request by hand, without a signature; header names have `_` for `-`."""
        sent = {"x-amz-target": f"{TARGET}.{operation}", "content-type": "application/x-amz-json-1.1"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx.Client(trust_env=False) as client:
            if content is not None:
                return client.post(self.url, content=content, headers=sent)
            return client.post(self.url, json={} if document is None else document, headers=sent)

    def latest_mail(self) -> str:
        """The body of the newest mail."""

        async def read() -> str:
            await self.core.outbox.drain()
            return (await self.core.outbox.messages())[0].body

        return self.run(read())

    def latest_code(self) -> str:
        """The code in the newest mail."""
        return next(word.strip(".") for word in self.latest_mail().split() if word.strip(".").isdecimal())

    def mail_count(self) -> int:
        """How many mails were sent."""

        async def count() -> int:
            await self.core.outbox.drain()
            return len(await self.core.outbox.messages(1000))

        return self.run(count())

    def knows(self, username: str) -> bool:
        """Whether there is a user of this name."""
        pool = self.run(self.core.find_pool(POOL_ID))
        return not isinstance(self.run(self.core.administration.get(pool, username)), UserRefused)

    @staticmethod
    def claims(token: str | None) -> dict[str, Any]:
        """Claims of a token without checking it."""
        return read_claims(token)

    def add_user(self, username: str, *, password: str = PASSWORD, **attributes: str) -> None:
        """Add a confirmed user with a verified address."""
        pool = self.run(self.core.find_pool(POOL_ID))
        values = {"email": f"{username}@example.com", "email_verified": "true", **attributes}
        self.run(
            self.core.administration.add(
                pool, username=username, attributes=values, password=password, permanent=True
            )
        )

    def access_token(self, username: str) -> str:
        """An access token of a user with the scope of the API, by a code grant."""
        return self.tokens(username).access_token

    def tokens(self, username: str, *, scopes: tuple[str, ...] = ("openid", ADMIN_SCOPE)) -> TokenSet:
        """Tokens of a code grant of the confidential client."""

        async def make() -> TokenSet:
            known = await self.core.client(CLIENT_ID)
            assert known is not None
            pool, client = known
            user, _ = await self.core.administration.get(pool, username)  # type: ignore[misc]
            code = await self.core.tokens.create_code(
                pool,
                client,
                user=user,
                redirect_uri=CALLBACK,
                scopes=scopes,
                nonce=None,
                code_challenge=None,
                auth_time=int(self.core.clock.now()),
            )
            tokens = await self.core.tokens.redeem_code(
                pool, client, code=code, redirect_uri=CALLBACK, code_verifier=None
            )
            assert isinstance(tokens, TokenSet), tokens
            return tokens

        return self.run(make())

    def signs_in(self, username: str, password: str = PASSWORD) -> bool:
        """Whether somebody gets in with a password."""

        async def sign_in() -> bool:
            known = await self.core.client(CLIENT_ID)
            assert known is not None
            outcome = await self.core.signin.with_password(
                *known, username=username, password=password, address="192.0.2.1"
            )
            return isinstance(outcome, SignedIn)

        return self.run(sign_in())


@contextmanager
def api_server(
    folder: Path,
    prepared: Path,
    document: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    *,
    access: Mapping[str, Any] | None = None,
    path: str = "",
    **options: Any,
) -> Iterator[ApiServer]:
    """Serve a pool until the block is left; `prepared` has its tables and keys already."""
    if folder != prepared:
        shutil.copytree(prepared, folder, dirs_exist_ok=True)
    keys = {"AccessKeys": [{"AccessKeyId": KEY_ID, "SecretAccessKey": KEY_SECRET}]}
    found: list[ApiServer] = []
    ready, stop = threading.Event(), asyncio.Event()

    def make(url: str) -> Any:
        return create_app(
            api_document() if document is None else document,
            public_url=url + path,
            data_directory=folder,
            hash_cost=CHEAP,
            access=keys if access is None else access,
            **options,
        )

    async def serve() -> None:
        apps: list[Any] = []

        def make_once(url: str) -> Any:
            apps.append(make(url))
            return apps[0]

        async with serving(make_once) as url:
            found.append(
                ApiServer(url + path, apps[0].state.core, asyncio.get_running_loop(), apps[0], folder)
            )
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=_run, args=(serve, ready), daemon=True)
    thread.start()
    assert ready.wait(60), "the server did not start"
    assert found, "the server did not start"
    try:
        yield found[0]
    finally:
        found[0].loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        assert not thread.is_alive()


def _run(serve: Callable[[], Any], ready: threading.Event) -> None:
    try:
        asyncio.run(serve())
    finally:
        ready.set()
