"""Header blocks as requests. What must be refused over a real connection: tests/contracts/http2."""

from __future__ import annotations

import pytest

from lb.admission import Incoming, Origin
from lb.headers import Kind
from lb.http2.head import Fields, Malformed, admit_fields, read_fields
from lb.reasons import Reason

ORIGIN = Origin("https", 443, "192.0.2.1", 5000, "web")
BASE = [
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":path", b"/a?b"),
    (b":authority", b"App.example.com"),
]


def fields(*headers: tuple[bytes, bytes], method: bytes = b"GET") -> Fields:
    return read_fields([(b":method", method), *BASE[1:], *headers])


def admitted(*headers: tuple[bytes, bytes], ended: bool = True, method: bytes = b"GET") -> Incoming:
    incoming = admit_fields(fields(*headers, method=method), ended=ended, origin=ORIGIN)
    assert isinstance(incoming, Incoming)
    return incoming


def test_request_has_the_shape_that_http_1_gives_it() -> None:
    incoming = admitted((b"x-a", b"1"))
    head = incoming.head
    assert (head.method, head.scheme, head.path, head.query) == ("GET", "https", "/a", "b")
    assert (head.host, head.authority) == ("app.example.com", "app.example.com")
    assert head.headers == [(b"host", b"App.example.com"), (b"x-a", b"1")]
    assert list(incoming.names) == [b"host", b"x-a"]
    assert list(incoming.kinds) == [Kind.HOST, Kind.PLAIN]
    assert not incoming.has_body


def test_cookie_crumbs_are_one_header_in_the_place_of_the_first() -> None:
    incoming = admitted((b"cookie", b"a=1"), (b"x", b"y"), (b"cookie", b"b=2"), (b"cookie", b"c=3"))
    assert incoming.head.headers[1:] == [(b"cookie", b"a=1; b=2; c=3"), (b"x", b"y")]


def test_host_that_says_the_same_is_kept_once() -> None:
    incoming = admitted((b"host", b"APP.example.com"))
    assert [pair for pair in incoming.head.headers if pair[0] == b"host"] == [(b"host", b"APP.example.com")]


def test_host_alone_will_do() -> None:
    incoming = admit_fields(read_fields([*BASE[:3], (b"host", b"b.example")]), ended=True, origin=ORIGIN)
    assert isinstance(incoming, Incoming)
    assert incoming.head.host == "b.example"


def test_expect_is_neither_kept_nor_heard() -> None:
    incoming = admitted((b"expect", b"100-continue"), ended=False, method=b"POST")
    assert not incoming.expect_continue
    assert b"expect" not in incoming.names


def test_client_s_own_forwarded_for_gets_the_spelling_of_http_1() -> None:
    incoming = admitted((b"x-forwarded-for", b"9.9.9.9"))
    assert b"X-Forwarded-For" in incoming.names
    assert incoming.forwarded_for == [b"9.9.9.9"]


@pytest.mark.parametrize(
    ("headers", "ended", "chunked", "length"),
    [
        ([], True, False, 0),
        ([], False, True, -1),
        ([(b"content-length", b"5")], False, False, 5),
        ([(b"content-length", b"0")], True, False, 0),
        ([(b"content-length", b"0")], False, False, 0),
    ],
    ids=["none", "unknown", "known", "zero", "zero, end to come"],
)
def test_body_is_framed_by_what_is_known(
    headers: list[tuple[bytes, bytes]], ended: bool, chunked: bool, length: int
) -> None:
    incoming = admitted(*headers, ended=ended, method=b"POST")
    assert (incoming.chunked, incoming.content_length) == (chunked, length)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([], "UndefinedTransferEncodingSemantics"),
        ([(b"content-length", b"3")], "UndefinedContentLengthSemantics"),
    ],
    ids=["unknown length", "length"],
)
def test_get_with_a_body_is_ambiguous_as_over_http_1(headers: list[tuple[bytes, bytes]], reason: str) -> None:
    assert admitted(*headers, ended=False).classification_reason == reason


def test_values_may_hold_what_http_1_lets_pass() -> None:
    assert admitted((b"x-a", b"a\tb \xff"), (b"x-b", b"")).head.headers[1:] == [
        (b"x-a", b"a\tb \xff"),
        (b"x-b", b""),
    ]


@pytest.mark.parametrize("value", [b" a", b"a ", b"\ta", b"a\0", b"a\n", b"a\r", b"a\x7f", b"\x1b"])
def test_value_that_is_none_is_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        fields((b"x-a", value))


def test_every_name_is_judged_each_time() -> None:
    for _ in range(2):
        with pytest.raises(Malformed):
            fields((b"X-A", b"1"))
        assert fields((b"x-a", b"1")).names[-1] == b"x-a"


@pytest.mark.parametrize(
    ("headers", "path", "reason"),
    [
        ([(b"x-a", b"a" * 16_400)], b"/", Reason.HEADER_TOO_LARGE),
        ([(b"x-a", b"a" * 9_000)] * 8, b"/", Reason.HEADER_TOO_LARGE),
        ([(b"a", b"b")] * 257, b"/", Reason.HEADER_TOO_LARGE),
        ([(b"cookie", b"c" * 9_000)] * 2, b"/", Reason.HEADER_TOO_LARGE),
        ([], b"/" + b"a" * 16_400, Reason.URI_TOO_LONG),
    ],
    ids=["header", "headers", "many", "crumbs", "path"],
)
def test_limits_are_those_of_http_1(headers: list[tuple[bytes, bytes]], path: bytes, reason: Reason) -> None:
    block = [*BASE[:2], (b":path", path), BASE[3], *headers]
    assert admit_fields(read_fields(block), ended=True, origin=ORIGIN) is reason
