"""Targets that want to split responses, poison the next client's, or fill our memory."""

from __future__ import annotations

import asyncio

import pytest

from lb import response_writer
from tests.support.data_plane import Conversation, ScriptedTarget, answering, ok, serving

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"

PHRASES = {
    "NUL": (b"O\x00K", "OK"),
    "escape": (b"\x1b[31mred", "OK"),
    "endless": (b"A" * 20000, "OK"),
    "Korean": ("한".encode(), "한".encode().decode("latin-1")),
    "own": (b"Fine by me", "Fine by me"),
}


@pytest.mark.parametrize(("phrase", "shown"), PHRASES.values(), ids=PHRASES.keys())
async def test_reason_phrase_is_handed_on_only_when_it_is_text(
    direct: bool, phrase: bytes, shown: str
) -> None:
    answer = b"HTTP/1.1 200 %b\r\nContent-Length: 2\r\n\r\nok" % phrase
    async with ScriptedTarget(answering(answer)) as target, serving([target.port], direct=direct) as lb:
        assert (await lb.ask(GET)).line == f"HTTP/1.1 200 {shown}"
    assert sum(map(len, response_writer._status_lines.values())) < 200_000


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MALFORMED = {
    "space behind a size": CHUNKED + b"2 \r\nok\r\n0\r\n\r\n",
    "size beyond numbers": CHUNKED + b"FFFFFFFFFFFFFFFFFF\r\nok\r\n",
    "chunk longer than its size": CHUNKED + b"2\r\nok!\r\n0\r\n\r\n",
    "length in the trailer": CHUNKED + b"2\r\nok\r\n0\r\nContent-Length: 7\r\n\r\n",
}


@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize("answer", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_response_of_which_nothing_was_sent_is_a_502(
    direct: bool, answer: bytes, request_: bytes
) -> None:
    """A reset before the first byte makes browsers send the request again by themselves, even a POST."""

    async def script(conversation: Conversation) -> None:
        head = await conversation.head()
        if b"POST" in head:
            await conversation.exactly(3)
        await conversation.send(answer)
        await conversation.closed()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(request_)
        response = await client.response()
        assert (response.status, response.value("connection")) == (502, "keep-alive")
        record = await lb.record()
        assert (record.status, record.target_status) == (502, 0)
        assert 100 < record.sent_bytes < 400
        await client.send(request_)
        assert (await client.response()).status == 502
        await lb.idle()


POISON = ok(b"poison")
UNASKED = {
    "behind a length": ok(b"first") + POISON,
    "behind chunks": CHUNKED + b"5\r\nfirst\r\n0\r\n\r\n" + POISON,
    "behind 204": b"HTTP/1.1 204 No Content\r\n\r\n" + POISON,
    "behind 304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n" + POISON,
    "behind an interim": b"HTTP/1.1 103 Early Hints\r\n\r\n" + ok(b"first") + POISON,
    "body of 204": b"HTTP/1.1 204 No Content\r\nContent-Length: %d\r\n\r\n" % len(POISON) + POISON,
    "half a response": ok(b"first") + b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
}


@pytest.mark.parametrize("answer", UNASKED.values(), ids=UNASKED.keys())
async def test_response_that_nobody_asked_for_reaches_nobody(direct: bool, answer: bytes) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(answer)
        await conversation.closed()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        for _ in range(3):
            response = await lb.ask(GET, bodiless=b" 200 " not in answer.split(b"\r\n\r\n")[0][:20])
            assert b"poison" not in response.body
        assert target.connections == 3


async def test_body_of_a_response_to_head_reaches_nobody(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(ok(POISON))
        await conversation.closed()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        for _ in range(2):
            response = await lb.ask(GET.replace(b"GET", b"HEAD"), bodiless=True)
            assert response.value("content-length") == str(len(POISON))
        assert target.connections == 2


async def test_target_that_answers_before_the_request_is_complete_gets_no_other_request(
    direct: bool,
) -> None:
    """The rest of the first client's body would be read as the second client's request."""
    received: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        received.append(await conversation.head())
        await conversation.send(ok(b"early"))
        received.append(await conversation.reader.read(65536))

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        first = await lb.connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n")
        assert (await first.response()).body == b"early"
        await first.send(b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
        await asyncio.sleep(0.05)
        assert (await lb.ask(GET)).body == b"early"
        assert target.connections == 2
        assert not any(b"smuggled" in each for each in received)


async def test_trailers_reach_no_client(direct: bool) -> None:
    answer = CHUNKED + b"2\r\nok\r\n0\r\nSet-Cookie: a=b\r\nX-Amzn-Oidc-Data: forged\r\nLocation: /x\r\n\r\n"
    async with ScriptedTarget(answering(answer)) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(GET[:-2] + b"Connection: close\r\n\r\n")
        everything = await client.rest()
        assert everything.endswith(b"2\r\nok\r\n0\r\n\r\n")
        assert b"forged" not in everything
        assert b"Set-Cookie" not in everything
