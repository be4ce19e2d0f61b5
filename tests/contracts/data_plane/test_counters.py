"""What is counted beside the requests themselves."""

from __future__ import annotations

import asyncio

import pytest

from lb.settings import LoadBalancerAttributes
from tests.support.data_plane import ScriptedTarget, answering, ok, serving

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
STRANGE = b"GET / HTTP/1.1\r\nHost: h\r\nX_Strange: 1\r\nX.Stranger: 2\r\n\r\n"


@pytest.mark.parametrize("dropped", [True, False], ids=["dropped", "forwarded"])
async def test_requests_with_invalid_header_names_are_counted(direct: bool, dropped: bool) -> None:
    attributes = LoadBalancerAttributes(drop_invalid_header_fields=dropped)
    async with (
        ScriptedTarget(answering(ok())) as target,
        serving([target.port], direct=direct, attributes=attributes) as lb,
    ):
        client = await lb.connect()
        for request in (GET, STRANGE, STRANGE):
            await client.send(request)
            assert (await client.response()).status == 200
        counters = lb.runtime.metrics.numbers.counters
        assert counters["DroppedInvalidHeaderRequestCount"] == (2 if dropped else 0)
        assert counters["ForwardedInvalidHeaderRequestCount"] == (0 if dropped else 2)


async def test_connections_beyond_the_limit_are_rejected_counted_and_told(
    direct: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with ScriptedTarget(answering(ok())) as target, serving([target.port], direct=direct) as lb:
        lb.runtime.max_connections = 2
        kept = [await lb.connect(GET) for _ in range(2)]
        for each in kept:
            assert (await each.response()).status == 200
        for _ in range(2):
            assert await (await lb.connect()).closed()
        assert lb.runtime.metrics.numbers.counters["RejectedConnectionCount"] == 2
        # Once, however many there are.
        assert caplog.text.count("client connections are refused: 2 at a time") == 1
        kept[0].close()
        assert await kept[0].closed()
        async with asyncio.timeout(5):
            while lb.runtime.metrics.numbers.active_connections > 1:
                await asyncio.sleep(0.01)
        assert (await lb.ask(GET)).status == 200
