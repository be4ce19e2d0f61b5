"""TLS connections over real sockets, on both event loops: what targets are told, what the log says."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import re
import socket
import ssl
import urllib.parse
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvloop

from lb.asgi import LoadBalancer
from lb.door import Door
from lb.http2.choice import AlpnProtocol
from lb.runtime import Runtime
from lb.settings import CertificateFiles, LoadBalancerAttributes, MutualAuthentication
from lb.tls import ListenerTls
from lb.tls_server import Service, TlsServer
from tests.support.certificates import (
    DAY,
    PASSTHROUGH,
    Authority,
    client_context,
    listener,
    name,
    verify,
)
from tests.support.data_plane import ARN, Conversation, ScriptedTarget, answering, build_settings, ok

CA = Authority(name("ours"))
OTHER = Authority(name("other"))
GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n%bConnection: close\r\n\r\n"
FACTS = LoadBalancerAttributes(tls_version_and_cipher_headers=True, tls_key_exchange_header=True)
V12 = ssl.TLSVersion.TLSv1_2


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Any], Any]]:
    """Run a coroutine on either event loop."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        yield runner.run


class Front:
    """A load balancer with one HTTPS listener and a target that keeps what it gets."""

    def __init__(self, folder: Path, port: int, seen: list[bytes], door: Door) -> None:
        self.folder, self.port, self.seen, self.door = folder, port, seen, door
        self.log = folder / "connections.log"

    async def ask(self, client: ssl.SSLContext | None = None, *, headers: bytes = b"") -> bytes:
        """Send a request; returns the answer, empty when the connection ended without one."""
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self.port, ssl=client or client_context(), server_hostname="a.example"
            )
            conversation = Conversation(reader, writer)
            await conversation.send(GET % headers)
            answer = await conversation.rest()
        except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
            return b""
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return answer

    def told(self, header: str) -> list[str]:
        """Values that the target got of a header in the last request."""
        lines = self.seen[-1].decode("latin-1").split("\r\n")
        return [line.partition(": ")[2] for line in lines if line.lower().startswith(header.lower() + ":")]

    async def rows(self, runtime: Runtime, count: int = 1) -> list[list[str]]:
        """Return the fields of the connection log's rows."""
        async with asyncio.timeout(5):
            while True:
                await asyncio.to_thread(runtime.connection_log.flush)
                lines = self.log.read_text().splitlines()
                if len(lines) >= count:
                    return [re.findall(r'"[^"]*"|\S+', line) for line in lines]


@contextlib.asynccontextmanager
async def front(
    folder: Path,
    mutual: MutualAuthentication | None = None,
    *,
    attributes: LoadBalancerAttributes = FACTS,
    names: tuple[tuple[str, str], ...] = (),
) -> AsyncIterator[tuple[Front, Runtime]]:
    files = CA.serve("a.example").save(folder, "server")
    seen: list[bytes] = []
    async with ScriptedTarget(answering(ok(), keep=seen)) as target:
        bound = socket.create_server(("127.0.0.1", 0))
        settings = build_settings([target.port], port=bound.getsockname()[1], attributes=attributes)
        https = replace(
            settings.listeners[0],
            protocol="HTTPS",
            certificates=(files,),
            mutual=mutual or MutualAuthentication(),
            request_header_names=names,
            tells_key_exchange=True,
        )
        log = str(folder / "connections.log")
        settings = replace(
            settings, listeners=(https,), connection_log=log, access_log=str(folder / "access.log")
        )
        runtime = Runtime(settings)

        def report(record: Any) -> None:
            runtime.note_connection("listener", record)

        door = Door(
            LoadBalancer(runtime, "listener"),
            bound,
            http=AlpnProtocol,
            tls=ListenerTls(https),
            report=report,
        )
        await door.start()
        try:
            yield Front(folder, https.port, seen, door), runtime
        finally:
            await door.stop(deadline=asyncio.get_running_loop().time() + 1, cut=asyncio.Event())
            await runtime.aclose()


def client(files: CertificateFiles | None, **members: Any) -> ssl.SSLContext:
    return client_context(files, **members)


def test_targets_are_told_version_cipher_and_group(run: Callable[[Any], Any], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with front(tmp_path) as (lb, _):
            context = client(None, maximum_version=V12, ciphers="ECDHE-ECDSA-AES256-GCM-SHA384")
            spoof = b"X-Amzn-Tls-Version: SSLv2\r\nx_amzn_tls_kx: none\r\n"
            assert (await lb.ask(context, headers=spoof)).startswith(b"HTTP/1.1 200")
            assert lb.told("x-amzn-tls-version") == ["TLSv1.2"]
            assert lb.told("x-amzn-tls-cipher-suite") == ["ECDHE-ECDSA-AES256-GCM-SHA384"]
            assert lb.told("x-amzn-tls-kx") == ["x25519"]
            assert b"kx: none" not in lb.seen[-1]
            assert b"mtls" not in lb.seen[-1].lower()

    run(scenario())


def test_what_clients_say_of_tls_passes_only_while_the_feature_is_off(
    run: Callable[[Any], Any], tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with front(tmp_path, attributes=LoadBalancerAttributes()) as (lb, _):
            await lb.ask(headers=b"X-Amzn-Tls-Version: mine\r\nX-Amzn-Tls-Kx: mine\r\n")
            assert lb.told("x-amzn-tls-version") == lb.told("x-amzn-tls-kx") == ["mine"]

    run(scenario())


SPOOFS = b"".join(
    b"%b: forged\r\n" % spelling
    for spelling in (
        b"X-Amzn-Mtls-Clientcert",
        b"x-amzn-mtls-clientcert-subject",
        b"X_Amzn_Mtls_Clientcert_Subject",
        b"X-Amzn_Mtls.Clientcert-Leaf",
        b"X-AMZN-MTLS-ANYTHING",
    )
)


def test_verify_tells_who_the_client_is(run: Callable[[Any], Any], tmp_path: Path) -> None:
    async def scenario() -> None:
        identity = CA.issue(name("client", ORGANIZATION_NAME="y", COUNTRY_NAME="US"))
        async with front(tmp_path, verify(CA.save(tmp_path, "ca"))) as (lb, runtime):
            files = identity.save(tmp_path, "client")
            assert (await lb.ask(client(files), headers=SPOOFS)).startswith(b"HTTP/1.1 200")
            serial = lb.told("X-Amzn-Mtls-Clientcert-Serial-Number")
            assert [int(each, 16) for each in serial] == [identity.certificate.serial_number]
            assert lb.told("X-Amzn-Mtls-Clientcert-Issuer") == ["CN=ours"]
            assert lb.told("X-Amzn-Mtls-Clientcert-Subject") == ["CN=client,C=US,O=y"]
            (validity,) = lb.told("X-Amzn-Mtls-Clientcert-Validity")
            assert re.fullmatch(r"NotBefore=[\d:T-]+Z;NotAfter=[\d:T-]+Z", validity)
            (leaf,) = lb.told("X-Amzn-Mtls-Clientcert-Leaf")
            assert urllib.parse.unquote(leaf) == ssl.DER_cert_to_PEM_cert(identity.der)
            assert lb.told("X-Amzn-Mtls-Clientcert") == []
            assert b"forged" not in lb.seen[-1]
            (row,) = await lb.rows(runtime)
            assert row[7:11] == ['"CN=client,C=US,O=y"', validity, serial[0], "Success"]

    run(scenario())


def test_passthrough_tells_the_chain_whoever_signed_it(run: Callable[[Any], Any], tmp_path: Path) -> None:
    async def scenario() -> None:
        identity = OTHER.below("middle").issue("client")
        async with front(tmp_path, PASSTHROUGH) as (lb, _):
            assert await lb.ask(client(identity.save(tmp_path, "client")), headers=SPOOFS)
            (chain,) = lb.told("X-Amzn-Mtls-Clientcert")
            text = (tmp_path / "client.pem").read_text()
            assert urllib.parse.unquote(chain) == text
            assert b"forged" not in lb.seen[-1]
            assert await lb.ask(headers=SPOOFS)
            assert lb.told("X-Amzn-Mtls-Clientcert") == []
            assert b"forged" not in lb.seen[-1]

    run(scenario())


def test_renamed_headers_go_by_their_other_name_only(run: Callable[[Any], Any], tmp_path: Path) -> None:
    async def scenario() -> None:
        names = (
            ("x-amzn-tls-version", "X-Tls"),
            ("X-Amzn-Mtls-Clientcert-Subject", "X-Client-Name"),
        )
        async with front(tmp_path, verify(CA.save(tmp_path, "ca")), names=names) as (lb, _):
            files = CA.issue("client").save(tmp_path, "client")
            spoof = b"X-Client-Name: forged\r\nx_client_name: forged\r\nX-Tls: forged\r\nX-Other: passes\r\n"
            assert await lb.ask(client(files), headers=spoof)
            assert (lb.told("X-Client-Name"), lb.told("X-Tls")) == (["CN=client"], ["TLSv1.3"])
            assert lb.told("X-Amzn-Mtls-Clientcert-Subject") == lb.told("x-amzn-tls-version") == []
            assert b"forged" not in lb.seen[-1]
            assert lb.told("X-Other") == ["passes"]

    run(scenario())


NOW = dt.datetime.now(dt.UTC)
REVOKED = CA.issue("revoked")
REFUSED = {
    "revoked": (lambda: REVOKED, "ClientCertCrlHit", '"CN=revoked"'),
    "untrusted": (lambda: OTHER.issue("stranger"), "ClientCertUntrusted", '"CN=stranger"'),
    "expired": (lambda: CA.issue("old", begin=NOW - 9 * DAY, end=NOW - DAY), "ClientCertExpired", '"CN=old"'),
    "none": (lambda: None, "UnmappedConnectionError", '"-"'),
}


@pytest.mark.parametrize("version", [V12, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("case", REFUSED)
def test_refused_clients_reach_no_target_and_are_logged(
    run: Callable[[Any], Any], tmp_path: Path, case: str, version: ssl.TLSVersion
) -> None:
    make, code, subject = REFUSED[case]

    async def scenario() -> None:
        crl = CA.revoke(tmp_path / "crl.pem", REVOKED.certificate)
        async with front(tmp_path, verify(CA.save(tmp_path, "ca"), crl)) as (lb, runtime):
            identity = make()
            files = identity.save(tmp_path, "client") if identity else None
            assert await lb.ask(client(files, maximum_version=version)) == b""
            assert lb.seen == []
            (row,) = await lb.rows(runtime)
            assert (row[7], row[10]) == (subject, f"Failed:{code}")
            assert b"tls_negotiation_error_count_total 1.0" in runtime.metrics.exposition()

    run(scenario())


def test_a_row_has_alb_s_fields_and_joins_the_access_log(run: Callable[[Any], Any], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with front(tmp_path) as (lb, runtime):
            assert await lb.ask()
            (row,) = await lb.rows(runtime)
            assert len(row) == 15
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row[0])
            assert (row[1], row[3]) == ("127.0.0.1", str(lb.port))
            assert row[4:6] == ["TLSv1.3", "TLS_AES_256_GCM_SHA384"]
            assert re.fullmatch(r"\d+\.\d{3}", row[6])
            assert row[7:11] == ['"-"', "-", "-", "Success"]
            assert row[12:] == ["x25519", ARN.partition("loadbalancer/")[2], "127.0.0.1"]
            await asyncio.to_thread(runtime.access_log.flush)
            access = re.findall(r'"[^"]*"|\S+', (tmp_path / "access.log").read_text())
            assert access[29] == row[11]
            assert access[18] == '"a.example"'

    run(scenario())


def test_a_client_of_another_version_is_logged(run: Callable[[Any], Any], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with front(tmp_path) as (lb, runtime):
            assert await lb.ask(client(None, maximum_version=V12, ciphers="AES128-SHA")) == b""
            (row,) = await lb.rows(runtime)
            assert row[4:12] == ["-", "-", "-", '"-"', "-", "-", "Failed:UnmappedConnectionError", row[11]]

    run(scenario())


def test_plain_http_is_told_where_it_went(run: Callable[[Any], Any], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with front(tmp_path) as (lb, runtime):
            conversation = Conversation(*await asyncio.open_connection("127.0.0.1", lb.port))
            await conversation.send(GET % b"")
            answer = await conversation.rest()
            conversation.close()
            assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
            assert b"<title>400 The plain HTTP request was sent to HTTPS port</title>" in answer
            assert (await lb.rows(runtime))[0][10] == "Failed:UnmappedConnectionError"
            assert lb.seen == []

    run(scenario())


@pytest.mark.parametrize("data", [b"", b"\x00garbage", b"\x16\x03\x01\xff\xffgarbage", b"\x16"])
def test_what_is_no_handshake_ends(run: Callable[[Any], Any], tmp_path: Path, data: bytes) -> None:
    async def scenario() -> None:
        async with front(tmp_path) as (lb, _):
            conversation = Conversation(*await asyncio.open_connection("127.0.0.1", lb.port))
            await conversation.send(data)
            conversation.writer.write_eof()
            with contextlib.suppress(ConnectionError):
                assert b"HTTP" not in await conversation.rest()
            conversation.close()
            assert await lb.ask()

    run(scenario())


def test_silence_ends_too(run: Callable[[Any], Any], tmp_path: Path) -> None:
    async def scenario() -> None:
        bound = socket.create_server(("127.0.0.1", 0))
        files = CA.serve("a.example").save(tmp_path, "server")
        records: list[Any] = []
        service = Service(ListenerTls(listener(files)), asyncio.Protocol, records.append, seconds=0.1)
        server = TlsServer(bound, service)
        server.start()
        for data in (b"", b"\x16\x03\x01"):
            conversation = Conversation(*await asyncio.open_connection(*bound.getsockname()))
            await conversation.send(data)
            assert await conversation.closed()
            conversation.close()
        while server.pending:
            await asyncio.sleep(0.01)
        assert [each.verification for each in records] == ["Failed:UnmappedConnectionError"]
        server.close()
        bound.close()

    run(scenario())


def test_stopping_cuts_handshakes_that_have_not_ended(run: Callable[[Any], Any], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with front(tmp_path) as (lb, _):
            conversation = Conversation(*await asyncio.open_connection("127.0.0.1", lb.port))
            assert await lb.ask()
            await lb.door.stop(deadline=asyncio.get_running_loop().time() + 5, cut=asyncio.Event())
            assert await conversation.closed()
            conversation.close()
            with pytest.raises(ConnectionError):
                await asyncio.open_connection("127.0.0.1", lb.port)

    run(scenario())
