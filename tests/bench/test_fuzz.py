"""The fuzz targets without a fuzzer: where fuzzing begins, what it found once, and a little of it by lot.

`make fuzz` does the rest.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bench.fuzz import http2_responses
from bench.fuzz.reading import read_play, write_play
from bench.fuzz.requests import check_heard
from bench.fuzz.responses import check_answer
from bench.fuzz.seeds import WORDS
from bench.fuzz.targets import TARGETS
from tests.support.strict import Answered, Heard

ROUNDS = 150

FOUND: dict[str, tuple[str, bytes]] = {
    "a body behind an interim head": (
        "response",
        b"\0\0#\xffHTTP/1.1 199 \r\nContent-Length: 2\r\n\r\nhi",
    ),
    "a body behind a status below 100": (
        "response",
        b"\t\1\xaa\xffHTTP/1.1 051 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
    ),
    "headers without end": (
        "request",
        b"\x0eU\xaa\xffGET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nI: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: nAg",
    ),
    "chunks of one byte without end": (
        "request",
        b"\x0c\0\0\0POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 11,
    ),
}
"""Inputs that once found something."""


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_find_nothing(name: str) -> None:
    target = TARGETS[name]
    with target.plane() as plane:
        for seed in target.seeds():
            target.check(plane, seed)


@pytest.mark.parametrize(("name", "data"), FOUND.values(), ids=FOUND.keys())
def test_what_was_found_once_is_mended(name: str, data: bytes) -> None:
    with TARGETS[name].plane() as plane:
        TARGETS[name].check(plane, data)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_seeds_find_nothing(name: str) -> None:
    chance = random.Random(name)
    target = TARGETS[name]
    seeds = target.seeds()
    with target.plane() as plane:
        for _ in range(ROUNDS):
            data = chance.choice(seeds)
            for _ in range(chance.randint(1, 4)):
                data = change(data, chance.choice(seeds), chance)
            target.check(plane, data)


def change(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Change an input in one of the ways that fuzzers do."""
    start, end = sorted(chance.randint(0, len(data)) for _ in range(2))
    piece = data[start:end]
    word = chance.choice(WORDS).encode("ascii").decode("unicode_escape").encode("latin-1")
    changed = {
        "left out": b"",
        "twice": piece + piece,
        "a word": word + piece,
        "another's": other[start:end],
        "a byte": bytes([chance.randrange(256)]) + piece[1:],
    }
    return data[:start] + chance.choice([*changed.values()]) + data[end:]


def test_an_input_says_how_it_is_played() -> None:
    play = read_play(write_play(b"abcdefgh", mode=0b1011, cuts=b"\x40\x80\0"))
    assert (play.direct, play.haste, play.slow, play.flood) == (False, True, False, True)
    assert play.pieces() == [b"ab", b"cd", b"efgh"]
    assert read_play(b"").pieces() == []


SAID = b"POST /a/%61?b=%61 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nhi"
HEARD = Heard(
    b"POST",
    b"/a/a?b=%61",
    (
        (b"host", b"h:8080"),
        (b"x-a", b"1"),
        (b"x-forwarded-for", b"192.0.2.7"),
        (b"x-forwarded-proto", b"http"),
        (b"x-forwarded-port", b"8080"),
        (b"x-amzn-trace-id", b"Root=1-0-0"),
        (b"content-length", b"2"),
        (b"connection", b"keep-alive"),
    ),
    b"hi",
)
WRONG = {
    "another method": [replace(HEARD, method=b"PUT")],
    "another path": [replace(HEARD, target=b"/a/%61?b=%61")],
    "another query": [replace(HEARD, target=b"/a/a?b=a")],
    "half a body": [replace(HEARD, body=b"h")],
    "a header lost": [replace(HEARD, headers=HEARD.headers[:1] + HEARD.headers[2:])],
    "a header more": [replace(HEARD, headers=(*HEARD.headers, (b"x-b", b"2")))],
    "identity": [replace(HEARD, headers=(*HEARD.headers, (b"x_amzn_oidc_data", b"2")))],
    "another client": [replace(HEARD, headers=(*HEARD.headers, (b"x-forwarded-for", b"9.9.9.9")))],
    "two framings": [replace(HEARD, headers=(*HEARD.headers, (b"transfer-encoding", b"chunked")))],
    "a request more": [HEARD, HEARD],
}


@pytest.mark.parametrize("heard", WRONG.values(), ids=WRONG.keys())
def test_a_request_that_is_not_what_was_said_is_found(heard: list[Heard]) -> None:
    check_heard([HEARD], SAID, flooded=False, strict=True)
    with pytest.raises(AssertionError):
        check_heard(heard, SAID, flooded=False, strict=True)


def test_an_answer_that_nobody_sent_is_found() -> None:
    sent = Answered(200, ((b"content-length", b"2"),), b"hi")
    check_answer(sent, sent, "")
    check_answer(Answered(0), None, "aborted")
    for got, original, end in (
        (sent, None, ""),
        (replace(sent, body=b"h"), sent, ""),
        (replace(sent, status=201), sent, ""),
        (replace(sent, headers=((b"set-cookie", b"a"), *sent.headers)), sent, ""),
        (Answered(0), sent, "closed"),
    ):
        with pytest.raises(AssertionError):
            check_answer(got, original, end)


def test_an_answer_of_http2_that_nobody_sent_is_found() -> None:
    sent = Answered(200, ((b"content-length", b"2"), (b"a", b"b")), b"hi")
    http2_responses.check_answer(sent, sent)
    http2_responses.check_answer(None, None)
    for got, original in (
        (sent, None),
        (replace(sent, body=b"h"), sent),
        (replace(sent, status=201), sent),
        (replace(sent, headers=sent.headers[:1]), sent),
        (replace(sent, headers=((b"content-length", b"3"), (b"a", b"b"))), sent),
    ):
        with pytest.raises(AssertionError):
            http2_responses.check_answer(got, original)
