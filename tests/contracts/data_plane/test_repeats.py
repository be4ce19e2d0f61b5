"""Heads that come again, of clients and of targets: served by what is known of them, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from lb.outcomes import Answer, Proceed
from lb.snapshot import Authentication
from rules.request import RequestHead
from tests.contracts.data_plane.test_deciding import GUARDED
from tests.support.data_plane import (
    Conversation,
    ScriptedTarget,
    answering,
    build_settings,
    ok,
    serving,
)

LINES = b" HTTP/1.1\r\nHost: app.example.com\r\nCookie: s=ada\r\nX-A: 1\r\n\r\n"
GET = b"GET /a" + LINES
LONG = 10**10


async def ask(client: Conversation, data: bytes, times: int = 1) -> list[int]:
    statuses = []
    for _ in range(times):
        await client.send(data)
        statuses.append((await client.response()).status)
    return statuses


class Doorkeeper:
    """Authentication that lets Ada pass until a given moment, and counts how often it was asked."""

    def __init__(self, until: float, depends_on: bytes | None = None) -> None:
        self.until = until
        self.depends_on = depends_on
        self.asked = 0

    def compiler(self, settings: object, providers: object) -> Authentication:
        return Authentication(lambda action, arn: self, lambda handlers: self, lambda path: None)

    def handle(self, head: RequestHead, now: float) -> Any:
        self.asked += 1
        if head.header(b"cookie") != b"s=ada":
            return Answer(401)
        identity = (b"x-amzn-oidc-identity", b"ada%d" % self.asked)
        return Proceed((identity,), until=self.until, depends_on=self.depends_on)

    async def aclose(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(("until", "asked"), [(LONG, 3), (0.0, 5), (1.0, 5)], ids=["valid", "never", "past"])
async def test_pre_action_is_asked_again_as_soon_as_its_word_no_longer_holds(
    direct: bool, until: float, asked: int
) -> None:
    keeper = Doorkeeper(until)
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct, authentication=keeper, **GUARDED) as lb,
    ):
        client = await lb.connect()
        assert await ask(client, GET, 5) == [200] * 5
        assert keeper.asked == asked
        identities = [head.partition(b"x-amzn-oidc-identity: ")[2][:4] for head in seen]
        assert identities == [b"ada%d" % min(number, asked) for number in range(1, 6)]
        records = [(record.actions, record.status, record.uri) for record in lb.records]
        assert set(records) == {(("forward",), 200, "/a")}
        await lb.idle()


CHANGES = {
    "another cookie": GET.replace(b"s=ada", b"s=eve"),
    "no cookie": GET.replace(b"Cookie: s=ada\r\n", b""),
    "a second cookie line": GET.replace(b"X-A", b"Cookie: s=eve\r\nX-A"),
    "case": GET.replace(b"s=ada", b"s=Ada"),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES.keys())
async def test_who_changes_one_byte_is_asked_anew(direct: bool, changed: bytes) -> None:
    keeper = Doorkeeper(LONG)
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct, authentication=keeper, **GUARDED) as lb,
    ):
        client = await lb.connect()
        assert await ask(client, GET, 4) == [200] * 4
        before = keeper.asked
        await ask(client, changed)
        assert keeper.asked == before + 1
        assert await ask(client, GET) == [200]
        assert len(seen) == 5 if b"a second" in changed else len(seen) >= 5
        await lb.idle()


ALIKE = {
    "another path": GET.replace(b"/a", b"/b/c"),
    "another query": GET.replace(b"/a", b"/a?b=%41"),
    "another method": GET.replace(b"GET", b"DELETE"),
    "another value": GET.replace(b"X-A: 1", b"X-A: 2"),
    "a line more": GET.replace(b"X-A", b"X-B: 3\r\nX-A"),
    "a line less": GET.replace(b"X-A: 1\r\n", b""),
    "a body": GET.replace(b"GET", b"POST").replace(b"X-A: 1", b"Content-Length: 2") + b"hi",
    "an empty body": GET.replace(b"GET", b"PUT").replace(b"X-A: 1", b"Content-Length: 0"),
}
UNLIKE = {
    "another cookie": GET.replace(b"s=ada", b"s=eve"),
    "no cookie": GET.replace(b"Cookie: s=ada\r\n", b""),
    "another cookie line": GET.replace(b"X-A", b"Cookie: s=eve\r\nX-A"),
    "another Host": GET.replace(b"app.", b"web."),
    "an odd path": GET.replace(b"/a", b"/b/../a"),
    "an address": GET.replace(b"X-A: 1", b"X-Forwarded-For: 1.1.1.1"),
    "a trace": GET.replace(b"X-A: 1", b"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678"),
}


@pytest.mark.parametrize("other", ALIKE.values(), ids=ALIKE.keys())
async def test_requests_that_differ_in_nothing_that_counts_go_the_same_way(
    direct: bool, other: bytes
) -> None:
    keeper = Doorkeeper(LONG, b"cookie")
    async with (
        ScriptedTarget(answering_bodies(seen := [])) as target,
        serving([target.port], direct=direct, authentication=keeper, **GUARDED) as lb,
    ):
        client = await lb.connect()
        assert await ask(client, GET, 2) == [200] * 2
        for _ in range(3):
            assert await ask(client, other) == [200]
        assert await ask(client, GET) == [200]
        # The first is not remembered; then once for all, and once where the very same bytes come again.
        assert keeper.asked <= 3 if direct else keeper.asked > 3
        assert all(head.count(b"x-amzn-oidc-identity: ada") == 1 for head in seen)
        traces = [head.partition(b"X-Amzn-Trace-Id: ")[2].partition(b"\r\n")[0] for head in seen]
        assert len(set(traces)) == 6
        # The same as on a connection that knows nothing.
        fresh = await lb.connect()
        assert await ask(fresh, other) == [200]
        assert {plain(head) for head in seen[2:5]} == {plain(seen[6])}
        assert sorted(plain(seen[6]).split(b"\r\n")) == sorted(plain(other).split(b"\r\n"))
        kept = lb.records[-1]
        for record in lb.records[2:5]:
            for name in ("method", "uri", "host", "received_bytes", "actions", "priority", "user_agent"):
                assert getattr(record, name) == getattr(kept, name), name
        await lb.idle()


def answering_bodies(seen: list[bytes]) -> Any:
    """Return a script that keeps each request with its body and answers it."""

    async def script(conversation: Conversation) -> None:
        while True:
            head = await conversation.head()
            length = head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]
            seen.append(head + await conversation.exactly(int(length or b"0")))
            await conversation.send(ok())

    return script


OURS = (b"x-amzn-", b"x-forwarded-", b"connection:", b"host:")


def plain(request: bytes) -> bytes:
    """Leave out the lines that are the load balancer's."""
    head, end, body = request.partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(OURS)]
    return b"\r\n".join(kept) + end + body


@pytest.mark.parametrize("other", UNLIKE.values(), ids=UNLIKE.keys())
async def test_requests_that_differ_in_what_counts_are_asked_about_anew(direct: bool, other: bytes) -> None:
    keeper = Doorkeeper(LONG, b"cookie")
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct, authentication=keeper, **GUARDED) as lb,
    ):
        client = await lb.connect()
        assert await ask(client, GET.replace(b"/a", b"/first")) == [200]
        assert await ask(client, GET) == [200]
        before, served = keeper.asked, len(seen)
        (status,) = await ask(client, other)
        refused = {"another cookie": 401, "no cookie": 401, "another cookie line": 200, "an odd path": 400}
        name = next(name for name, data in UNLIKE.items() if data == other)
        assert status == refused.get(name, 200)
        assert keeper.asked == before + (name != "an odd path")
        assert len(seen) == served + (status == 200)
        await lb.idle()


@pytest.mark.parametrize(
    ("until", "depends_on"), [(LONG, None), (LONG, b"x-a"), (0.0, b"cookie"), (1.0, b"")]
)
async def test_pre_action_is_asked_about_others_where_its_word_does_not_hold_for_them(
    direct: bool, until: float, depends_on: bytes | None
) -> None:
    keeper = Doorkeeper(until, depends_on)
    async with (
        ScriptedTarget(answering(ok())) as target,
        serving([target.port], direct=direct, authentication=keeper, **GUARDED) as lb,
    ):
        client = await lb.connect()
        for number in range(4):
            assert await ask(client, GET.replace(b"/a", b"/%d" % number)) == [200]
        assert keeper.asked == 4


async def test_each_request_finds_its_own_rule(direct: bool) -> None:
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "418"}}
    rewrite = {
        "Type": "url-rewrite",
        "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/old/", "Replace": "/new/"}]},
    }

    def path_rule(priority: int, path: str, action: Any, **members: Any) -> dict[str, Any]:
        condition = {"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}
        return {"Priority": priority, "Conditions": [condition], "Actions": [action], **members}

    forward = {"Type": "forward", "TargetGroupArn": "app"}
    rules = (
        path_rule(1, "/fixed/*", fixed),
        path_rule(2, "/old/*", forward, Transforms=[rewrite]),
        *(path_rule(number, f"/{number}/*", forward) for number in range(3, 9)),
    )
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct, rules=rules) as lb,
    ):
        client = await lb.connect()
        paths = [f"/{number}/{turn}" for turn in range(3) for number in range(3, 9)]
        for path in (*paths, "/old/1", "/3/old", "/old/2"):
            assert await ask(client, GET.replace(b"/a", path.encode())) == [200]
        for path in ("/fixed/1", "/fixed/2"):
            assert await ask(client, GET.replace(b"/a", path.encode())) == [418]
        asked = [head.split(b" ")[1].decode() for head in seen]
        assert asked == [*paths, "/new/1", "/3/old", "/new/2"]
        assert [record.priority for record in lb.records] == [*([*range(3, 9)] * 3), 2, 3, 2, 1, 1]
        assert [record.transform_status for record in lb.records if record.priority != 2] == [""] * 21
        await lb.idle()


async def test_other_value_in_a_known_line_is_ruled_on_and_sent_as_it_is(direct: bool) -> None:
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "418"}}
    header = {"HttpHeaderName": "X-A", "Values": ["2"]}
    rule = {
        "Priority": 1,
        "Conditions": [{"Field": "http-header", "HttpHeaderConfig": header}],
        "Actions": [fixed],
    }
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct, rules=(rule,)) as lb,
    ):
        client = await lb.connect()
        for value, status in ((b"1", 200), (b"2", 418), (b"3", 200), (b"3", 200), (b"2", 418), (b"4", 200)):
            assert await ask(client, GET.replace(b"X-A: 1", b"X-A: " + value)) == [status]
        sent = [head.partition(b"X-A: ")[2].partition(b"\r\n")[0] for head in seen]
        assert sent == [b"1", b"3", b"3", b"4"]
        assert {head.count(b"X-A: ") for head in seen} == {1}
        assert {head.count(b"X-Forwarded-For: 127.0.0.1\r\n") for head in seen} == {1}
        await lb.idle()


async def test_new_settings_rule_over_heads_that_were_known(direct: bool) -> None:
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "418"}}
    async with ScriptedTarget(answering(ok())) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect()
        assert await ask(client, GET, 4) == [200] * 4
        lb.runtime.apply(build_settings([target.port], port=lb.port, actions=(fixed,)))
        assert await ask(client, GET, 2) == [418] * 2
        assert {record.target_group_arn for record in lb.records[4:]} == {""}
        lb.runtime.apply(build_settings([target.port], port=lb.port))
        assert await ask(client, GET, 4) == [200] * 4
        lb.runtime.apply(build_settings([], port=lb.port))
        assert await ask(client, GET, 2) == [503] * 2
        assert lb.records[-1].actions == ("forward",)
        await lb.idle()


async def test_known_heads_go_round_the_targets(direct: bool) -> None:
    async with (
        ScriptedTarget(answering(ok(b"one"))) as one,
        ScriptedTarget(answering(ok(b"two"))) as two,
        serving([one.port, two.port], direct=direct) as lb,
    ):
        client = await lb.connect()
        bodies = []
        for _ in range(6):
            await client.send(GET)
            bodies.append((await client.response()).body)
        assert bodies in ([b"one", b"two"] * 3, [b"two", b"one"] * 3)
        assert len({record.target for record in lb.records}) == 2


async def test_known_heads_are_drawn_by_weight_each_time(direct: bool) -> None:
    groups = [{"TargetGroupArn": "app", "Weight": 1}, {"TargetGroupArn": "none", "Weight": 1}]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    async with (
        ScriptedTarget(answering(ok())) as target,
        serving([target.port], direct=direct, actions=(action,)) as lb,
    ):
        client = await lb.connect()
        assert set(await ask(client, GET, 100)) == {200, 503}


async def test_invalid_names_are_counted_each_time(direct: bool) -> None:
    async with ScriptedTarget(answering(ok())) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect()
        await ask(client, GET.replace(b"X-A", b"X_A"), 4)
        assert lb.runtime.metrics.numbers.counters["ForwardedInvalidHeaderRequestCount"] == 4


async def test_trace_header_of_the_client_is_kept_each_time(direct: bool) -> None:
    request = GET.replace(b"X-A", b"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678\r\nX-A")
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct) as lb,
    ):
        client = await lb.connect()
        await ask(client, request, 4)
        traces = {head.partition(b"X-Amzn-Trace-Id: ")[2].partition(b"\r\n")[0] for head in seen}
        assert len(traces) == 4
        assert all(each.endswith(b";Root=1-67891233-abcdef012345678912345678") for each in traces)
        assert {record.trace_id for record in lb.records} == traces


# Targets.

HEAD = b"HTTP/1.1 200 OK\r\nDate: Wed, 25 Nov 2026 10:00:00 GMT\r\nContent-Length: 6\r\n\r\n"
POISON = ok(b"poison")


def pieces(*sent: Sequence[bytes]) -> Any:
    """Return a script that answers each request with the next of `sent`, piece by piece."""

    async def script(conversation: Conversation) -> None:
        for answer in sent:
            await conversation.head()
            for piece in answer:
                await conversation.send(piece)
                await asyncio.sleep(0.01)
        await conversation.closed()

    return script


async def test_known_response_head_has_a_body_of_its_own_each_time(direct: bool) -> None:
    script = pieces(
        [HEAD + b"first!"],
        [HEAD + b"second"],
        [HEAD, b"third!"],
        [HEAD + b"fou", b"rth"],
        [HEAD[:20], HEAD[20:] + b"fifth!"],
        [b"HTTP/1.1 103 Early Hints\r\n\r\n", HEAD + b"sixth!"],
        [HEAD + b"sev", b"e", b"n", b"!"],
    )
    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect()
        bodies = []
        for _ in range(7):
            await client.send(GET)
            bodies.append((await client.response()).body)
        assert bodies == [b"first!", b"second", b"third!", b"fourth", b"fifth!", b"sixth!", b"seven!"]
        assert target.connections == 1
        assert {record.target_status for record in lb.records} == {200}
        await lb.idle()


async def test_known_response_head_without_a_body_where_there_is_none(direct: bool) -> None:
    script = pieces([HEAD + b"first!"], [HEAD], [HEAD + b"third!"], [HEAD])
    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect()
        for method in (b"GET", b"HEAD", b"GET", b"HEAD"):
            await client.send(GET.replace(b"GET", method))
            response = await client.response(bodiless=method == b"HEAD")
            assert response.value("content-length") == "6"
        assert target.connections == 1
        await lb.idle()


BEHIND = {
    "in one read": [HEAD + b"second" + POISON],
    "behind the rest of a body": [HEAD + b"sec", b"ond" + POISON],
    "behind the body": [HEAD + b"second", POISON],
    "body too long": [HEAD + b"second!"],
}


@pytest.mark.parametrize("answer", BEHIND.values(), ids=BEHIND.keys())
async def test_bytes_behind_a_known_response_reach_nobody(direct: bool, answer: list[bytes]) -> None:
    async with (
        ScriptedTarget(pieces([HEAD + b"first!"], answer)) as target,
        serving([target.port], direct=direct) as lb,
    ):
        client = await lb.connect()
        for expected in (b"first!", b"second"):
            await client.send(GET)
            assert (await client.response()).body == expected
        await asyncio.sleep(0.05)
        await client.send(GET)
        assert (await client.response()).body == b"first!"
        assert target.connections == 2
        await lb.idle()


async def test_known_response_that_breaks_off_does_not_look_complete(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(HEAD + b"first!")
        await conversation.head()
        await conversation.send(HEAD + b"sec")

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect()
        assert await ask(client, GET) == [200]
        await client.send(GET)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.response()
        await lb.idle()


OTHERS = {
    "another length": HEAD.replace(b": 6", b": 3") + b"two",
    "chunks": HEAD.replace(b"Content-Length: 6", b"Transfer-Encoding: chunked") + b"3\r\ntwo\r\n0\r\n\r\n",
    "one header more": HEAD.replace(b"Date", b"X-B: 1\r\nDate").replace(b": 6", b": 3") + b"two",
    "another status": HEAD.replace(b"200 OK", b"404 Not Found").replace(b": 6", b": 3") + b"two",
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
async def test_response_head_that_differs_is_read_anew(direct: bool, other: bytes) -> None:
    script = pieces([HEAD + b"first!"], [other], [HEAD + b"third!"])
    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect()
        for expected in (b"first!", b"two", b"third!"):
            await client.send(GET)
            assert (await client.response()).body == expected
        assert target.connections == 1


async def test_known_response_head_is_edited_as_the_settings_say(direct: bool) -> None:
    edits = {"response_headers": (("x-frame-options", "DENY"),)}
    async with (
        ScriptedTarget(answering(HEAD + b"first!")) as target,
        serving([target.port], direct=direct) as lb,
    ):
        client = await lb.connect()
        await ask(client, GET, 3)
        for listener, expected in ((edits, "DENY"), ({}, "")):
            lb.runtime.apply(build_settings([target.port], port=lb.port, listener=listener))
            for _ in range(2):
                await client.send(GET)
                response = await client.response()
                assert response.value("x-frame-options") == expected
                assert [name for name, _ in response.headers].count("Content-Length") == 1
        assert target.connections == 1
