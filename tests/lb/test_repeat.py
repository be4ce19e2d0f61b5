"""What a connection remembers of its last requests, and for how long."""

from __future__ import annotations

import pytest

from lb.admission import Incoming, Origin
from lb.repeat import LONG_LINE, MAX_REMEMBERED, LastRequest
from lb.whole_request import WholeRequest, read_whole

ORIGIN = Origin("http", 8080, "127.0.0.1", 5, "web")
GET = b"GET /first HTTP/1.1\r\nHost: app.example.com\r\nX-A: 1\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\nhi"
LONG = b"s=" + b"1" * LONG_LINE


def read(data: bytes) -> tuple[WholeRequest, Incoming]:
    whole = read_whole(data)
    assert whole is not None
    incoming = whole.admit(ORIGIN)
    assert incoming is not None
    return whole, incoming


def after(data: bytes) -> LastRequest:
    last = LastRequest()
    last.note(data, read(data)[1])
    return last


def test_the_same_request_again_is_the_same_object() -> None:
    last, incoming = LastRequest(), read(GET)[1]
    last.note(GET, incoming)
    assert not incoming.repeated
    assert last.again(GET) is incoming
    assert incoming.repeated
    assert last.again(GET) is incoming


@pytest.mark.parametrize("at", range(len(GET)))
def test_a_changed_byte_is_another_request(at: int) -> None:
    changed = GET[:at] + bytes([GET[at] ^ 1]) + GET[at + 1 :]
    assert after(GET).again(changed) is None
    assert not after(GET).is_last(changed)


def test_nothing_is_known_of_a_new_connection() -> None:
    assert LastRequest().again(GET) is None
    assert LastRequest().again(b"") is None


def test_a_request_that_went_as_a_pattern_says_is_no_object_to_take_again() -> None:
    last = after(GET)
    last.note(GET.replace(b"first", b"other"), None)
    assert last.again(GET.replace(b"first", b"other")) is None
    assert last.is_last(GET.replace(b"first", b"other"))
    assert last.again(GET) is None


@pytest.mark.parametrize("data", [POST, GET.replace(b"X-A: 1", b"X-A: " + b"1" * MAX_REMEMBERED)])
def test_bodies_and_large_heads_are_not_remembered(data: bytes) -> None:
    last = after(data)
    assert last.again(data) is None
    assert not last.is_last(data)


def test_the_last_long_cookie_is_known() -> None:
    last = LastRequest()
    for cookie, known in (
        (b"s=1", None),
        (LONG, LONG),
        (b"s=1", LONG),
        (LONG + b"; t=2", LONG + b"; t=2"),
        (LONG[1:], LONG[1:]),
    ):
        whole, _ = read(GET.replace(b"X-A: 1", b"Cookie: " + cookie))
        last.note_cookie(whole)
        assert (last.line and last.line.line) == (known and b"Cookie: " + known)
