"""What frames may cost, and how a client's bytes are cut into frames."""

from __future__ import annotations

import pytest
from h2.errors import ErrorCodes

from lb.http2.gate import MAX_FRAME, MAX_HEADER_BLOCK, PREFACE, Abuse, Budget, FrameGate, TargetBudget
from tests.support.http2_client import frame

DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 1, 4


def opened() -> FrameGate:
    """A gate behind the preface."""
    gate = FrameGate(Budget(0.0))
    assert gate.feed(PREFACE, 0.0, streams=()) == PREFACE
    return gate


def count_until_abuse(data: bytes, *, now: float = 0.0, streams: frozenset[int] = frozenset()) -> int:
    gate = opened()
    for number in range(10_000):
        try:
            gate.feed(data, now, streams=streams)
        except Abuse:
            return number
    return -1


TRAFFIC = (
    frame(SETTINGS, 0, 0, bytes(12))
    + frame(HEADERS, END_HEADERS, 1, b"head")
    + frame(DATA, END_STREAM, 1, b"body" * 100)
    + frame(WINDOW, 0, 0, bytes(4))
)
BYE = frame(GOAWAY, 0, 0, bytes(8) + b"a reason")


@pytest.mark.parametrize("size", [1, 2, 3, 8, 9, 10, 23, 24, 25, 1000])
def test_bytes_pass_unchanged_but_for_goaway_however_they_are_cut(size: int) -> None:
    gate = FrameGate(Budget(0.0))
    sent = PREFACE + TRAFFIC + BYE + TRAFFIC.replace(b"\0\0\0\1", b"\0\0\0\3") + BYE
    passed = b"".join(gate.feed(sent[at : at + size], 0.0, streams={1}) for at in range(0, len(sent), size))
    assert passed == sent.replace(BYE, b"")
    assert gate.peer_leaves


@pytest.mark.parametrize("size", [1, 3, 8, 100])
def test_goaway_says_which_stream_was_the_last_and_why(size: int) -> None:
    gate = opened()
    assert gate.goaway is None
    for last, code in ((0x7FFFFFFF, 0), (5, 11)):
        sent = frame(GOAWAY, 0, 0, last.to_bytes(4, "big") + code.to_bytes(4, "big") + b"too many pings")
        passed = b"".join(
            gate.feed(sent[at : at + size], 0.0, streams=()) for at in range(0, len(sent), size)
        )
        assert passed == b""
        assert gate.goaway == (last, code)


def test_goaway_that_is_cut_off_is_refused() -> None:
    with pytest.raises(Abuse) as caught:
        opened().feed(frame(GOAWAY, 0, 0, bytes(7)), 0.0, streams=())
    assert caught.value.code is ErrorCodes.FRAME_SIZE_ERROR


def test_gate_without_a_preface_begins_with_frames() -> None:
    gate = FrameGate(TargetBudget(0.0), preface=b"", max_header_block=64 * 1024)
    block = frame(HEADERS, 0, 1, b"h" * 16_000) + frame(CONTINUATION, END_HEADERS, 1, b"h" * 16_000)
    assert gate.feed(TRAFFIC + block, 0.0, streams={1}) == TRAFFIC + block
    with pytest.raises(Abuse, match="beyond 64 KiB"):
        gate.feed(
            frame(HEADERS, 0, 1, b"h" * 16_000) + frame(CONTINUATION, 0, 1, b"h" * 16_000) * 4,
            0.0,
            streams={1},
        )


def test_short_messages_pay_for_the_windows_that_they_open() -> None:
    """A stream of gRPC messages gets a WINDOW_UPDATE for each; a client that dribbles pays for its own."""

    def exchange(*, window_was_shut: bool) -> None:
        budget = Budget(0.0)
        for _ in range(10_000):
            budget.earn_frame(12, window_was_shut=window_was_shut)
            budget.spend(1, 0.0)

    exchange(window_was_shut=False)
    with pytest.raises(Abuse):
        exchange(window_was_shut=True)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_something_else_than_the_preface_is_refused(size: int) -> None:
    gate = FrameGate(Budget(0.0))
    sent = b"GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n"
    with pytest.raises(Abuse) as caught:
        [gate.feed(sent[at : at + size], 0.0, streams=()) for at in range(0, len(sent), size)]
    assert caught.value.code is ErrorCodes.PROTOCOL_ERROR


def test_frame_size_is_judged_by_the_head_alone() -> None:
    allowed = MAX_FRAME.to_bytes(3, "big") + bytes([DATA, 0, 0, 0, 0, 1])
    assert opened().feed(allowed, 0.0, streams={1}) == allowed
    with pytest.raises(Abuse) as caught:
        opened().feed((MAX_FRAME + 1).to_bytes(3, "big") + bytes([DATA, 0, 0, 0, 0, 1]), 0.0, streams={1})
    assert caught.value.code is ErrorCodes.FRAME_SIZE_ERROR


def test_header_block_is_added_up_over_its_frames() -> None:
    half = bytes(MAX_HEADER_BLOCK // 2)
    gate = opened()
    for stream in (1, 3):
        gate.feed(frame(HEADERS, 0, stream, half), 5.0, streams=())
        assert gate.block_since == 5.0
        gate.feed(frame(CONTINUATION, END_HEADERS, stream, half), 6.0, streams=())
        assert gate.block_since == 0.0
    gate.feed(frame(HEADERS, 0, 5, half), 0.0, streams=())
    with pytest.raises(Abuse) as caught:
        gate.feed(frame(CONTINUATION, END_HEADERS, 5, half + b"x"), 0.0, streams=())
    assert caught.value.oversized_head


COSTLY = {
    "ping": (frame(PING, 0, 0, bytes(8)), 200),
    "settings": (frame(SETTINGS, 0, 0), 100),
    "reset": (frame(RESET, 0, 1, bytes(4)), 200),
    "priority": (frame(PRIORITY, 0, 1, bytes(5)), 1000),
    "window update": (frame(WINDOW, 0, 0, bytes(4)), 2000),
    "empty data": (frame(DATA, 0, 1), 200),
    "data of a closed stream": (frame(HEADERS, END_HEADERS, 1) + frame(DATA, 0, 1, b"x"), 100),
    "unknown": (frame(0xEE, 0, 0, b"x"), 400),
    "continuation": (frame(CONTINUATION, 0, 1), 200),
}


@pytest.mark.parametrize(("data", "most"), COSTLY.values(), ids=COSTLY.keys())
def test_costly_frames_are_bounded(data: bytes, most: int) -> None:
    assert 50 <= count_until_abuse(data) <= 2 * most


def test_settings_are_bounded_whatever_the_time() -> None:
    gate = opened()
    few = frame(SETTINGS, 0, 0, bytes(6))
    with pytest.raises(Abuse, match="settings"):
        [gate.feed(few, float(second), streams=()) for second in range(1000)]


def test_upload_in_ordinary_frames_costs_nothing() -> None:
    assert count_until_abuse(frame(DATA, 0, 1, bytes(1000)), streams=frozenset({1})) == -1


def test_last_empty_frame_of_a_body_costs_nothing() -> None:
    assert count_until_abuse(frame(DATA, END_STREAM, 1), streams=frozenset({1})) == -1


def test_time_refills_the_budget_up_to_its_limit() -> None:
    budget = Budget(0.0)
    budget.spend(Budget.LIMIT, 0.0)
    with pytest.raises(Abuse):
        budget.spend(1, 0.0)
    budget = Budget(0.0)
    budget.spend(Budget.LIMIT, 0.0)
    budget.spend(Budget.PER_SECOND * 2, 2.0)
    budget.earn(1e9)
    assert budget.left == Budget.LIMIT
