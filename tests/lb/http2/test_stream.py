"""A client's stream: what becomes of a response's head."""

from __future__ import annotations

from typing import Any, cast

import pytest

from lb.http2.stream import Stream, lower_name


def test_there_is_something_to_send_until_the_end_was_sent() -> None:
    stream = Stream(cast(Any, None), 1)
    assert not stream.pending
    stream.begin_response(200, b"OK", [(b"X-A", b" 1 ")], framing=2, close=True)
    assert stream.pending
    assert stream.head == [(b":status", b"200"), (b"x-a", b"1")]
    stream.head = None
    assert not stream.pending
    stream.ended = True
    assert stream.pending
    stream.closed = True
    assert not stream.pending


@pytest.mark.parametrize(
    "name", [b"Connection", b"KEEP-ALIVE", b"transfer-encoding", b"Upgrade", b"Proxy-Connection"]
)
def test_connection_headers_are_not_sent(name: bytes) -> None:
    assert lower_name(name) == b""
    assert lower_name(b"X-" + name) == b"x-" + name.lower()
