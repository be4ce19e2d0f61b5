"""Many clients at once, some of whom leave, in front of targets some of which break: nobody gets what is
another's, nothing is lost, and nothing stays behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random

from lb.settings import LoadBalancerAttributes
from tests.support.data_plane import Conversation, Plane, ScriptedTarget, build_settings, ok, serving


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def asking(name: str, *, method: str = "GET", body: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} /{name} HTTP/1.1\r\nHost: h\r\n{length}\r\n".encode() + body


async def answer_by_name(conversation: Conversation, chance: random.Random) -> None:
    """Answer with the name that was asked for, in many ways, most of them wrong."""
    while True:
        head = await conversation.head()
        name = head.split(b" ")[1]
        if b"Content-Length: " in head and chance.random() < 0.8:
            await conversation.exactly(int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]))
        way = chance.random()
        if way < 0.1:
            conversation.reset()
            return
        if way < 0.2:
            await conversation.send(ok(name) + ok(b"/nobody"))
            continue
        if way < 0.3:
            await conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + name)
            conversation.close()
            return
        if way < 0.4:
            await conversation.send(ok(name))
            conversation.close()
            return
        if way < 0.6:
            await asyncio.sleep(chance.random() / 10)
        await conversation.send(ok(name))


async def ask_by_name(lb: Plane, name: str, chance: random.Random) -> int:
    """Ask for `name` until an answer to it comes or the connection ends; count the right answers."""
    client = await lb.connect()
    right = 0
    try:
        for number in range(6):
            asked = f"{name}.{number}"
            way = chance.random()
            if way < 0.1:
                await client.send(asking(asked, method="POST", body=b"x" * 500)[:-100])
                await asyncio.sleep(0.02)
                return right
            request = asking(asked, method="POST", body=b"x" * 500) if way < 0.3 else asking(asked)
            await client.send(request)
            if way > 0.9:
                return right
            response = await client.response()
            if response.status == 200:
                assert response.body == b"/" + asked.encode(), "somebody else's"
                right += 1
            else:
                assert response.status == 502
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        client.reset()
        lb.opened.remove(client)
    return right


async def test_nobody_gets_what_was_meant_for_another(direct: bool) -> None:
    chance = random.Random(7)

    async def script(conversation: Conversation) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await answer_by_name(conversation, chance)

    attributes = LoadBalancerAttributes(idle_timeout_seconds=2)
    async with (
        ScriptedTarget(script) as target,
        serving([target.port], direct=direct, attributes=attributes) as lb,
    ):
        await ask_by_name(lb, "first", chance)
        before = open_descriptors()
        right = 0
        for turn in range(4):
            right += sum(
                await asyncio.gather(*(ask_by_name(lb, f"{turn}.{each}", chance) for each in range(60)))
            )
        assert right > 200
        async with asyncio.timeout(10):
            while lb.runtime.swept or "open=0" not in repr(lb.runtime.pool) or lb.runtime.exchanges:
                await asyncio.sleep(0.05)
            while open_descriptors() > before:
                await asyncio.sleep(0.05)
        await lb.idle()
        assert not lb.door.server_state.tasks


async def test_reloading_under_load_loses_nothing(direct: bool) -> None:
    """Targets come and go; requests in flight at one that goes are answered by it."""

    def naming(name: bytes) -> ScriptedTarget:
        async def script(conversation: Conversation) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError):
                while True:
                    await conversation.head()
                    await asyncio.sleep(0.005)
                    await conversation.send(ok(name))

        return ScriptedTarget(script)

    async with naming(b"one") as one, naming(b"two") as two, serving([one.port], direct=direct) as lb:
        over = asyncio.Event()
        seen: set[bytes] = set()

        async def keep_asking() -> int:
            client, count = await lb.connect(), 0
            while not over.is_set():
                await client.send(asking("x"))
                response = await client.response()
                assert response.status == 200
                seen.add(response.body)
                count += 1
            return count

        clients = [asyncio.create_task(keep_asking()) for _ in range(20)]
        for turn in range(30):
            await asyncio.sleep(0.03)
            ports = ([one.port], [two.port], [one.port, two.port])[turn % 3]
            lb.runtime.apply(build_settings(ports, port=lb.port))
        over.set()
        counts = await asyncio.gather(*clients)
        assert min(counts) > 0
        assert seen == {b"one", b"two"}
        await lb.idle()
