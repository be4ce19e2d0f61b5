"""HTTP/2 to targets on node's own http2, from clients that others wrote; and a target that is killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from lb.settings import HealthCheck, ProtocolVersion
from lb.targets.health import TargetState
from tests.contracts.http2.conftest import Secure
from tests.contracts.http2.test_tools import needs, run
from tests.support.data_plane import WAIT
from tests.support.http2_client import http2
from tests.support.node import BINARY, FOLDER, environment
from tests.support.tls_front import Authority

HTTP2 = {"protocol_version": ProtocolVersion.HTTP2}


class NodeTarget:
    """A process."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process, self.port = process, port

    async def line(self) -> str:
        """Wait for the next line that it prints."""
        assert self.process.stdout is not None
        return (await asyncio.wait_for(self.process.stdout.readline(), 20)).decode().strip()


@contextlib.asynccontextmanager
async def node_target() -> AsyncIterator[NodeTarget]:
    process = await asyncio.create_subprocess_exec(
        str(BINARY), str(FOLDER / "http2_target.mjs"), stdout=asyncio.subprocess.PIPE, env=environment({})
    )
    target = NodeTarget(process, 0)
    try:
        target.port = int(await target.line())
        yield target
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@needs("curl")
@needs("h2load")
async def test_tools_get_every_answer(secure: Secure, authority: Authority, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(bytes(50_000))
    async with node_target() as target, secure([target.port], group=HTTP2) as lb:
        url = f"https://localhost:{lb.port}"
        curl = ("curl", "-sS", "--cacert", str(authority.pem), "--noproxy", "*", "--http2")
        assert await run(*curl, f"{url}/") == "0"
        assert await run(*curl, "-X", "POST", "-d", "x" * 100_000, f"{url}/") == "100000"
        assert await run(*curl, "-o", "/dev/null", "-w", "%{size_download}", f"{url}/large") == "5000000"
        assert (await run(*curl, "-o", "/dev/null", "-w", "%{http_code}", "--http1.1", url)) == "464"
        output = await run("h2load", "-n", "400", "-c", "4", "-m", "32", "-d", str(body), url)
        assert "400 succeeded, 0 failed, 0 errored, 0 timeout" in output
        await lb.idle()


async def test_trailers_of_node_reach_the_client(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        node_target() as target,
        secure([target.port], group=HTTP2) as lb,
        http2(lb.port, trust) as client,
    ):
        answer = await client.ask("/a?b", method="POST", body=b"12345")
        assert (bytes(answer.body), answer.trailers) == (b"5", [("x-size", "5")])
        assert answer.value("x-path") == "/a?b"


async def test_killed_target_costs_what_is_in_flight_there_and_nothing_after(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    check = HealthCheck(interval_seconds=0.1, timeout_seconds=5, unhealthy_threshold=2)
    async with (
        node_target() as doomed,
        node_target() as other,
        secure([doomed.port, other.port], group={**HTTP2, "health_check": check}) as lb,
        http2(lb.port, trust) as client,
    ):
        await lb.runtime.start()
        registry = lb.runtime.registry

        async def until(state: TargetState, port: int) -> None:
            async with asyncio.timeout(WAIT):
                while {each.port: each.state for each in registry.probes()}[port] is not state:
                    await asyncio.sleep(0.01)

        for target in (doomed, other):
            await until(TargetState.HEALTHY, target.port)
        streams = [client.request("/hang") for _ in range(40)]
        for _ in range(20):
            assert await doomed.line() == "hanging"
            assert await other.line() == "hanging"
        doomed.process.send_signal(signal.SIGKILL)
        await client.until(lambda: sum(client.answers[each].complete for each in streams) == 20)
        assert {client.answers[each].status for each in streams if client.answers[each].complete} == {502}
        await until(TargetState.UNHEALTHY, doomed.port)
        answers = [await client.ask("/") for _ in range(10)]
        assert {answer.status for answer in answers} == {200}
        for stream in streams:
            if not client.answers[stream].complete:
                client.reset(stream)
        await lb.record(50)
        await lb.idle()
