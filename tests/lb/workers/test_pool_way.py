"""Back-channel calls reach the pool on this machine, whatever its public URL."""

from __future__ import annotations

from lb.authn.sender import Call, HttpxSender, Reply, SendFailure
from lb.settings import PoolServerSettings
from lb.workers.pool_way import PoolWay
from tests.support.target import Target


async def test_a_call_goes_to_the_socket_with_the_public_name() -> None:
    with Target() as target:
        way = PoolWay(PoolServerSettings(port=target.port, address="0.0.0.0"))
        sender = HttpxSender()
        call = Call("POST", "https://login.example.com/auth/oauth2/token?x=1", body=b"code=1", app=way)
        reply = await sender.send(call)
        await sender.aclose()
        await way.aclose()
    assert isinstance(reply, Reply)
    assert target.last.method == "POST"
    assert target.last.target == "/auth/oauth2/token?x=1"
    assert target.last.values("host") == ["login.example.com"]
    assert target.last.body == "code=1"


async def test_a_pool_that_is_away_is_a_failure_like_any_other() -> None:
    with Target() as target:
        port = target.port
    way = PoolWay(PoolServerSettings(port=port))
    sender = HttpxSender()
    assert await sender.send(Call("GET", "http://localhost:1/", app=way)) is SendFailure.UNREACHABLE
    await sender.aclose()
    await way.aclose()
