"""HTTPS listeners with a throw-away authority, on the event loop that production has."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvloop

from lb.http2.choice import AlpnProtocol
from lb.settings import CertificateFiles
from tests.support.data_plane import Plane, serving
from tests.support.tls_front import Authority, make_authority

Secure = Callable[..., contextlib.AbstractAsyncContextManager[Plane]]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """uvloop: its TLS transports are its own."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(params=[True, False], ids=["direct", "asgi"])
def direct(request: pytest.FixtureRequest) -> bool:
    """Whether requests go straight to an exchange, or through the ASGI application."""
    return bool(request.param)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    """A certificate for localhost."""
    folder: Path = tmp_path_factory.mktemp("certificate")
    issued: trustme.LeafCert = authority.ca.issue_cert("localhost", "127.0.0.1")
    pem, key = folder / "localhost.pem", folder / "localhost.key"
    pem.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    return CertificateFiles(pem, key)


@pytest.fixture
def trust(authority: Authority) -> ssl.SSLContext:
    """A client's TLS context."""
    return authority.client_context()


@pytest.fixture
def secure(certificate: CertificateFiles) -> Secure:
    """`serving`, over TLS."""

    @contextlib.asynccontextmanager
    async def run(
        ports: Sequence[int], *, listener: Mapping[str, Any] | None = None, **options: Any
    ) -> AsyncIterator[Plane]:
        given = {"certificates": (certificate,), **(listener or {})}
        async with serving(ports, http=AlpnProtocol, listener=given, **options) as plane:
            yield plane

    return run
