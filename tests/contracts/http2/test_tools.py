"""HTTP/2 clients that others wrote, against an HTTPS listener."""

from __future__ import annotations

import asyncio
import os
import re
import shutil

import pytest

from tests.contracts.http2.conftest import Secure
from tests.support.data_plane import Conversation, ScriptedTarget, answering, ok
from tests.support.tls_front import Authority


def needs(tool: str) -> pytest.MarkDecorator:
    """Skip where a tool is missing; where everything must be there, its absence is a failure."""
    missing = shutil.which(tool) is None and not os.environ.get("CI")
    return pytest.mark.skipif(missing, reason=f"{tool} is not installed")


async def run(*command: str, patience: float = 60) -> str:
    """Run a command to its end; return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), patience)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output.decode("latin-1")


async def sizes(conversation: Conversation) -> None:
    """Answer with the size of the request's body."""
    while True:
        head = await conversation.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if length is not None:
            body = await conversation.reader.readexactly(int(length[1]))
        elif b"chunked" in head:
            body = await conversation.chunks()
        else:
            body = b"x" * 1000
        await conversation.send(ok(b"%d" % len(body)))


@needs("curl")
async def test_curl(secure: Secure, authority: Authority) -> None:
    async with ScriptedTarget(sizes) as target, secure([target.port]) as lb:
        url = f"https://localhost:{lb.port}/"
        common = (
            "curl",
            "-sS",
            "--cacert",
            str(authority.pem),
            "--noproxy",
            "*",
            "--http2",
            "-w",
            " %{http_version}",
        )
        assert await run(*common, url) == "1000 2"
        assert await run(*common, "-X", "POST", "-d", "x" * 100_000, url) == "100000 2"
        assert (await run(*common, "--http1.1", url)).endswith(" 1.1")


@needs("nghttp")
async def test_nghttp(secure: Secure, authority: Authority, tmp_path: object) -> None:
    async with ScriptedTarget(answering(ok(b"hello", extra=b"X-Kept: yes\r\n"))) as target:
        async with secure([target.port]) as lb:
            output = await run(
                "nghttp", "-nv", f"https://localhost:{lb.port}/", f"https://localhost:{lb.port}/b"
            )
        assert output.count(":status: 200") == 2
        assert "x-kept: yes" in output
        assert "PROTOCOL_ERROR" not in output


@needs("h2load")
@pytest.mark.parametrize("body", [False, True], ids=["get", "post"])
async def test_h2load_gets_every_answer(secure: Secure, tmp_path: object, body: bool) -> None:
    data = f"{tmp_path}/body"
    with open(data, "wb") as file:
        file.write(b"x" * 50_000)
    async with ScriptedTarget(sizes) as target, secure([target.port]) as lb:
        more = ("-d", data) if body else ()
        output = await run(
            "h2load", "-n", "600", "-c", "3", "-m", "32", *more, f"https://127.0.0.1:{lb.port}/"
        )
        assert "600 succeeded, 0 failed, 0 errored, 0 timeout" in output
        assert "status codes: 600 2xx" in output
        await lb.record(600)
        await lb.idle()


@needs("h2load")
async def test_client_with_a_small_window_gets_large_answers(secure: Secure) -> None:
    async with ScriptedTarget(answering(ok(b"z" * 100_000))) as target, secure([target.port]) as lb:
        output = await run(
            "h2load",
            "-n",
            "16",
            "-c",
            "2",
            "-m",
            "8",
            "-w",
            "10",
            "-W",
            "12",
            f"https://127.0.0.1:{lb.port}/",
        )
        assert "16 succeeded" in output
        assert re.search(r"traffic: 1\.[5-7]\d*MB", output)
