"""Each row of the desync table in each mode: what the client gets, what the target receives byte for byte,
which connections live on, and what the log says.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

import pytest

from lb.settings import DesyncMode, LoadBalancerAttributes
from tests.support.data_plane import Conversation, Plane, Response, ScriptedTarget, ok, serving

HOST = b"Host: app.example.com\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST
NEXT = b"GET /next HTTP/1.1\r\n" + HOST + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"3\r\nabc\r\n0\r\n\r\n"
OURS = b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: PORT\r\nX-Amzn-Trace-Id: TRACE\r\n"  # fmt: skip  # noqa: E501


def sent(
    line: bytes = b"GET / HTTP/1.1", lines: bytes = b"", framing: bytes = b"", body: bytes = b""
) -> bytes:
    """What the target receives."""
    head = line + b"\r\nHost: app.example.com:PORT\r\n" + lines + OURS + framing
    return head + b"Connection: keep-alive\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Row:
    """A request, what is said of it, and what the target receives where it passes."""

    data: bytes
    reason: str
    target: bytes = b""
    status: int = 400
    """Where it does not pass."""
    outlives: bool = True
    """Whether its connection may live on as far as HTTP itself goes."""


COMPLIANT = {
    "unknown method": Row(b"SMUGGLE / HTTP/1.1\r\n" + HOST + b"\r\n", "", sent(b"SMUGGLE / HTTP/1.1")),
    "lower-case method": Row(b"get / HTTP/1.1\r\n" + HOST + b"\r\n", "", sent(b"get / HTTP/1.1")),
    "unknown method with a body": Row(
        b"X-SYNC /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", "",
        sent(b"X-SYNC /a HTTP/1.1", framing=b"Content-Length: 3\r\n", body=b"abc"),
    ),
    "empty line in front": Row(b"\r\n" + GET + b"\r\n", "", sent()),
}  # fmt: skip
ACCEPTABLE = {
    "length 0 of a GET": Row(
        GET + b"Content-Length: 0\r\n\r\n", "GetHeadZeroContentLength", sent(framing=b"Content-Length: 0\r\n")
    ),
    "value beyond ASCII": Row(
        GET + b"X-A: \xed\x95\x9c\r\n\r\n", "NonCompliantHeader", sent(lines=b"X-A: \xed\x95\x9c\r\n")
    ),
    "control in a value": Row(
        GET + b"X-A: 1\x012\x0b\r\nX-B: 2\r\n\r\n", "NonCompliantHeader",
        sent(lines=b"X-A: 1 2\r\nX-B: 2\r\n"),
    ),
    "name that is none": Row(
        GET + b"X-\xe4: 1\r\nX(B): 1\r\nX-C : 1\r\nX-D: 2\r\n\r\n", "NonCompliantHeader",
        sent(lines=b"X-D: 2\r\n"),
    ),
    "identity under a name that is none": Row(
        GET + b"X-Amzn-Oidc-Data : forged\r\n\r\n", "NonCompliantHeader", sent()
    ),
    "two spaces": Row(
        b"GET  /a HTTP/1.1\r\n" + HOST + b"\r\n", "NonCompliantVersion", sent(b"GET /a HTTP/1.1")
    ),
    "spaces before the version": Row(
        b"POST /a   HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n" + CHUNKS, "NonCompliantVersion",
        sent(b"POST /a HTTP/1.1", framing=CHUNKED, body=CHUNKS),
    ),
    "space at the end": Row(
        b"GET /a HTTP/1.1 \t \r\n" + HOST + b"\r\n", "NonCompliantVersion", sent(b"GET /a HTTP/1.1")
    ),
    "HTTP/1.2": Row(b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", "NonCompliantVersion", sent()),
    "HTTP/1.9 with a body": Row(
        b"POST / HTTP/1.9\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", "NonCompliantVersion",
        sent(b"POST / HTTP/1.1", framing=b"Content-Length: 3\r\n", body=b"abc"),
    ),
    "HTTP/0.9": Row(b"GET / HTTP/0.9\r\n" + HOST + b"\r\n", "NonCompliantVersion", sent(), outlives=False),
    "spaces in the target": Row(
        b"GET /a b?c d HTTP/1.1\r\n" + HOST + b"\r\n", "SpaceInUri", sent(b"GET /a%20b?c%20d HTTP/1.1")
    ),
    "version in the target": Row(
        b"GET /a HTTP/1.1 HTTP/1.1\r\n" + HOST + b"\r\n", "SpaceInUri", sent(b"GET /a%20HTTP/1.1 HTTP/1.1")
    ),
}  # fmt: skip
REPAIRED = {
    "control in the target": Row(
        b"GET /a\x01b\x7f HTTP/1.1\r\n" + HOST + b"\r\n", "AmbiguousUri", sent(b"GET /a%01b%7F HTTP/1.1")
    ),
    "tab in the target": Row(
        b"GET /a\tHTTP/1.1 HTTP/1.1\r\n" + HOST + b"\r\n", "AmbiguousUri", sent(b"GET /a%09HTTP/1.1 HTTP/1.1")
    ),
    "equal lengths": Row(
        POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "DuplicateContentLength",
        sent(b"POST / HTTP/1.1", framing=b"Content-Length: 3\r\n", body=b"abc"),
    ),
    "empty name": Row(GET + b": 1\r\nX-A: 1\r\n\r\n", "EmptyHeader", sent(lines=b"X-A: 1\r\n")),
    "near-miss of a coding": Row(
        POST + b"Transfer_Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", "SuspiciousHeader",
        sent(b"POST / HTTP/1.1", framing=b"Content-Length: 3\r\n", body=b"abc"),
    ),
    "folded header": Row(
        GET + b"X-A: 1\r\n 2\r\n\t3: 4\r\nX-B:\r\n 5\r\n\r\n", "MultilineHeader",
        sent(lines=b"X-A: 1 2 3: 4\r\nX-B: 5\r\n"),
    ),
    "no colon": Row(
        GET + b"XA\r\n continued\r\nX-B: 1\r\n\r\n", "MissingHeaderColon", sent(lines=b"X-B: 1\r\n")
    ),
}  # fmt: skip
AS_THEY_ARE = {
    "GET with a length": Row(
        GET + b"Content-Length: 3\r\n\r\nabc", "UndefinedContentLengthSemantics",
        sent(framing=b"Content-Length: 3\r\n", body=b"abc"),
    ),
    "GET in chunks": Row(
        GET + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS, "UndefinedTransferEncodingSemantics",
        sent(framing=b"Transfer-Encoding: chunked\r\n", body=CHUNKS),
    ),
}  # fmt: skip
NEVER = {
    "list of lengths": Row(POST + b"Content-Length: 2, 2\r\n\r\nab", "BadContentLength"),
    "control in a length": Row(POST + b"Content-Length: 2\x11\r\n\r\nab", "BadContentLength"),
    "folded length": Row(POST + b"Content-Length:\r\n 2\r\n\r\nab", "MultilineHeader"),
    "folded host": Row(b"GET / HTTP/1.1\r\nHost: app.\r\n example.com\r\n\r\n", "MultilineHeader"),
    "fold in front": Row(b"GET / HTTP/1.1\r\n X: 1\r\n" + HOST + b"\r\n", "MultilineHeader"),
    "coding on a folded line": Row(POST + b"X-A: 1\r\n " + CHUNKED + b"\r\n", "SuspiciousHeader"),
    "space before the colon": Row(POST + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKS, "SuspiciousHeader"),
    "control in the name": Row(POST + b"\x01Content-Length: 3\r\n\r\nabc", "SuspiciousHeader"),
    "length without a colon": Row(POST + b"Content-Length 3\r\n\r\nabc", "MissingHeaderColon"),
    "host under a name that is none": Row(GET + b"Host : evil.example\r\n\r\n", "NonCompliantHeader"),
    "white line": Row(GET + b" \r\nX-A: 1\r\n\r\n", "EmptyHeader"),
    "NUL in a value": Row(GET + b"X-A: 1\x002\r\n\r\n", "BadHeader"),
    "NUL in a name": Row(GET + b"X\x00A: 1\r\n\r\n", "BadHeader"),
    "bare carriage return": Row(GET + b"X-A: 1\rX-B: 2\r\n\r\n", "BadHeader"),
    "carriage return before the end": Row(GET + b"X-A: 1\r\r\n\r\n", "BadHeader"),
    "bare line feed": Row(GET + b"X-A: 1\nX-B: 2\r\n\r\n", "NonCrLfLineTermination"),
    "bare line feeds": Row(b"GET / HTTP/1.1\nHost: a\n\n", "NonCrLfLineTermination"),
    "unknown coding": Row(POST + b"Transfer-Encoding: xchunked\r\n\r\n", "BadTransferEncoding", status=501),
    "chunks first": Row(POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n", "BadTransferEncoding"),
    "tab in a coding": Row(POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n", "BadTransferEncoding"),
    "NUL in the target": Row(b"GET /a\x00b HTTP/1.1\r\n" + HOST + b"\r\n", "BadUri"),
    "carriage return in the target": Row(b"GET /a\rb HTTP/1.1\r\n" + HOST + b"\r\n", "BadUri"),
    "method that is none": Row(b"GE(T / HTTP/1.1\r\n" + HOST + b"\r\n", "BadMethod"),
    "tab behind the method": Row(b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n", "BadMethod"),
    "not HTTP": Row(b"\x16\x03\x01\x02\x00\x01", "BadMethod"),
    "HTTP/2.0": Row(b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", "BadVersion", status=505),
    "HTTP/2's preface": Row(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "BadVersion", status=505),
    "another protocol": Row(b"GET / RTSP/1.0\r\n" + HOST + b"\r\n", "BadVersion"),
    "no version": Row(b"GET /\r\n\r\n", "NonCompliantVersion", status=505),
    "no target": Row(b"GET HTTP/1.1\r\n" + HOST + b"\r\n", "MissingUri"),
    "length and chunks": Row(POST + b"Content-Length: 3\r\n" + CHUNKED + b"\r\n", "BothTeClPresent"),
    "different lengths": Row(
        POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n", "MultipleContentLength"
    ),
    "chunks twice": Row(
        POST + CHUNKED * 2 + b"\r\n", "MultipleTransferEncodingChunked"
    ),
    "chunks in HTTP/1.0": Row(
        b"POST / HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n", "UndefinedTransferEncodingSemantics"
    ),
    "length in HTTP/0.9": Row(
        b"POST / HTTP/0.9\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", "UndefinedContentLengthSemantics"
    ),
}  # fmt: skip

ALLOW, CLOSE, BLOCK = "allow", "close", "block"
TABLE: dict[DesyncMode, list[tuple[dict[str, Row], str]]] = {
    DesyncMode.MONITOR: [(COMPLIANT | ACCEPTABLE | AS_THEY_ARE, ALLOW), (REPAIRED, CLOSE), (NEVER, BLOCK)],
    DesyncMode.DEFENSIVE: [(COMPLIANT | ACCEPTABLE, ALLOW), (REPAIRED | AS_THEY_ARE, CLOSE), (NEVER, BLOCK)],
    DesyncMode.STRICTEST: [(COMPLIANT, ALLOW), (ACCEPTABLE | REPAIRED | AS_THEY_ARE | NEVER, BLOCK)],
}


@dataclass(slots=True)
class Recorder:
    """What a target received, and on which connection."""

    received: list[tuple[int, bytes]] = field(default_factory=list)
    connections: int = 0
    scraps: bytes = b""
    """Beginnings of requests that had no end."""

    async def __call__(self, conversation: Conversation) -> None:
        """Read requests by their framing and answer each; a script of `ScriptedTarget`."""
        self.connections += 1
        connection = self.connections
        while not conversation.reader.at_eof():
            try:
                data = await conversation.head()
            except asyncio.IncompleteReadError as ended:
                self.scraps += ended.partial
                return
            length = re.search(rb"\r\nContent-Length: ([0-9]+)\r\n", data)
            if length:
                data += await conversation.exactly(int(length[1]))
            elif b"\r\nTransfer-Encoding: chunked\r\n" in data:
                data += await conversation.until(b"0\r\n\r\n")
            self.received.append((connection, data))
            await conversation.send(ok())


def normal(data: bytes, port: int) -> bytes:
    data = re.sub(rb"X-Amzn-Trace-Id: [^\r]*", b"X-Amzn-Trace-Id: TRACE", data)
    # However the chunks came, they are one body.
    head, end, body = data.partition(b"\r\n\r\n")
    if b"chunked" in head:
        body = CHUNKS if re.sub(rb"[0-9]\r\n|\r\n", b"", body) == b"abc" else body
    return (head + end).replace(b"%d" % port, b"PORT") + body


async def converse(lb: Plane, row: Row, verdict: str, *, bytewise: bool) -> tuple[list[Response], bool]:
    """Send the request and another one behind it; return the answers, and whether the connection ended."""
    client = await lb.connect()
    data = row.data + (NEXT if row.outlives else b"")
    if bytewise:
        for byte in data:
            if client.reader.at_eof() or client.writer.is_closing():
                break
            client.writer.write(bytes([byte]))
            await asyncio.sleep(0)
    else:
        client.writer.write(data)
    responses = [await client.response()]
    if verdict == ALLOW and row.outlives:
        responses.append(await client.response())
        client.close()
        return responses, False
    return responses, await client.closed()


def expected_class(name: str, row: Row) -> str:
    if name in COMPLIANT:
        return ""
    if row.reason.startswith(("Bad", "Multiple")):
        return "Severe"
    acceptable = ("NonCompliant", "NonCrLf", "SpaceInUri", "GetHead")
    return "Acceptable" if row.reason.startswith(acceptable) else "Ambiguous"


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("mode", DesyncMode, ids=lambda mode: mode.value)
async def test_every_row_gets_what_the_mode_says(direct: bool, mode: DesyncMode, bytewise: bool) -> None:
    recorder = Recorder()
    attributes = LoadBalancerAttributes(desync_mode=mode)
    async with (
        ScriptedTarget(recorder) as target,
        serving([target.port], direct=direct, attributes=attributes) as lb,
    ):
        for name, row, verdict in [
            (name, row, verdict) for rows, verdict in TABLE[mode] for name, row in rows.items()
        ]:
            recorder.received.clear()
            lb.records.clear()
            try:
                responses, ended = await converse(lb, row, verdict, bytewise=bytewise)
            except (ConnectionError, asyncio.IncompleteReadError, TimeoutError) as error:
                error.add_note(name)
                raise
            await lb.idle()
            record = await lb.record()
            received = [(connection, normal(data, lb.port)) for connection, data in recorder.received]
            said = (record.classification, record.classification_reason)
            assert said == (expected_class(name, row), row.reason), name
            if verdict == BLOCK:
                status = row.status if name in NEVER else 400
                assert ([each.status for each in responses], received) == ([status], []), name
                assert (ended, responses[0].value("connection")) == (True, "close"), name
                continue
            assert received[0][1] == row.target, name
            assert responses[0].status == 200, name
            if verdict == CLOSE:
                assert (ended, responses[0].value("connection"), len(received)) == (True, "close", 1), name
                # Nobody else's request goes over the connection that the target saw this one on.
                assert (await lb.ask(NEXT)).status == 200
                assert recorder.received[-1][0] != received[0][0], name
            elif row.outlives:
                assert [each.value("connection") for each in responses] == ["keep-alive"] * 2, name
                assert (received[1][0], b"GET /next" in received[1][1]) == (received[0][0], True), name


async def test_odd_requests_between_others_are_found_where_they_begin(direct: bool) -> None:
    """In one piece and cut anywhere: the odd one does not eat the bodies and heads around it."""
    recorder = Recorder()
    odd = b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n"
    stream = b"".join(
        [
            POST + b"Content-Length: 8\r\n\r\n\r\n\r\nGET ",
            odd,
            POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS,
            b"\r\n" + odd,
            b"PATCH /c d HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc",
            b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n" + HOST + b"\r\n",
            odd,
            NEXT,
        ]
    )
    lines = [
        b"POST /",
        b"GET /a%20b",
        b"POST /",
        b"GET /a%20b",
        b"PATCH /c%20d",
        b"GET /",
        b"GET /a%20b",
        b"GET /next",
    ]
    async with ScriptedTarget(recorder) as target, serving([target.port], direct=direct) as lb:
        for cut in range(1, len(stream), 7):
            recorder.received.clear()
            client = await lb.connect(stream[:cut])
            await asyncio.sleep(0.002)
            client.writer.write(stream[cut:])
            statuses = [(await client.response()).status for _ in lines]
            assert statuses == [200] * len(lines), cut
            served = [data.partition(b" HTTP")[0] for _, data in recorder.received]
            assert served == lines, cut
            client.close()


async def test_request_line_is_judged_where_it_stands(direct: bool) -> None:
    """A sound line before it, in a head or in a body, does not make an odd one sound."""
    sound, odd = b"GET /x HTTP/1.1\r\n" + HOST + b"\r\n", b"GET  /x HTTP/1.1\r\n" + HOST + b"\r\n"
    body = POST + b"Content-Length: 18\r\n\r\n\nGET /x HTTP/1.1\r\n"
    recorder = Recorder()
    attributes = LoadBalancerAttributes(desync_mode=DesyncMode.STRICTEST)
    async with (
        ScriptedTarget(recorder) as target,
        serving([target.port], direct=direct, attributes=attributes) as lb,
    ):
        for before in (sound, body, body + sound, sound + body):
            client = await lb.connect(before + sound + odd)
            statuses = [(await client.response()).status]
            while statuses[-1] == 200:
                statuses.append((await client.response()).status)
            assert len(statuses) == before.count(b"Host") + 2
            assert await client.closed()


async def test_mode_of_a_request_that_a_rule_answers_closes_the_connection_too(direct: bool) -> None:
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "here"}}
    async with serving([], direct=direct, actions=[answer]) as lb:
        client = await lb.connect(GET + b"Content_Length: 3\r\n\r\n" + NEXT)
        response = await client.response()
        assert (response.body, response.value("connection")) == (b"here", "close")
        assert await client.closed()


async def test_rules_see_the_target_that_the_target_receives(direct: bool) -> None:
    recorder = Recorder()
    secret = {
        "Priority": 1,
        "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/secret%01*"]}}],
        "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"}}],
    }
    async with (
        ScriptedTarget(recorder) as target,
        serving([target.port], direct=direct, rules=[secret]) as lb,
    ):
        assert (await lb.ask(b"GET /secret\x01 HTTP/1.1\r\n" + HOST + b"\r\n")).status == 403
        assert (await lb.ask(b"GET /a/.. /b HTTP/1.1\r\n" + HOST + b"\r\n")).status == 200
        assert [normal(data, lb.port) for _, data in recorder.received] == [sent(b"GET /a/..%20/b HTTP/1.1")]
        assert (await lb.ask(b"GET /a/../b c HTTP/1.1\r\n" + HOST + b"\r\n")).status == 400


async def test_odd_head_that_never_ends_is_bounded_in_time_and_size(direct: bool) -> None:
    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)
    async with serving([], direct=direct, attributes=attributes) as lb:
        client = await lb.connect(b"GET /a b HTTP/1.1\r\nX-A: 1\r\nX")
        assert (await client.response()).status == 408
        assert (await lb.record()).classification_reason == "PartialHeaderLine"
        client = await lb.connect(b"GET /a b HTTP/1.1\r\nX-A: ")
        for _ in range(10):
            client.writer.write(b"a" * 20_000)
            await asyncio.sleep(0.001)
        assert (await client.response()).status == 400
        assert await client.closed()
        assert (
            await lb.ask(b"GET /a b HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 16384 + b"\r\n\r\n")
        ).status == 400
        assert (await lb.ask(b"GET /a b" + b"c" * 17_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")).status == 414


async def test_odd_request_opens_no_tunnel_and_is_counted(direct: bool) -> None:
    recorder = Recorder()
    async with ScriptedTarget(recorder) as target, serving([target.port], direct=direct) as lb:
        upgrade = HOST + b"Connection: upgrade\r\nUpgrade: websocket\r\nX(: 1\r\n\r\n"
        assert (await lb.ask(b"GET /a b HTTP/1.1\r\n" + upgrade)).status == 200
        assert b"pgrade" not in recorder.received[0][1]
        counters = lb.runtime.metrics.numbers.counters
        assert counters["DesyncMitigationMode_NonCompliant_Request_Count"] == 1
        assert counters["DroppedInvalidHeaderRequestCount"] == 1
