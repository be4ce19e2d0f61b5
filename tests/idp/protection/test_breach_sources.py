"""Sources of the file: the public list of hashes and lists of words."""

import hashlib

import pytest

from idp.protection.breach_file import truncated_hash
from idp.protection.breach_sources import BadSource, hash_words, looks_like_hashes, read_hashes


def line(word: str, count: int = 1) -> bytes:
    return f"{hashlib.sha1(word.encode()).hexdigest().upper()}:{count}\r\n".encode()


def test_a_sorted_list_is_read_and_rare_ones_left_out() -> None:
    lines = sorted([line("often", 500), line("rare", 2)])
    kept = [found[:7] for found in read_hashes(lines, at_least=3)]
    assert kept == [truncated_hash("often")]
    assert len(list(read_hashes(lines))) == 2


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([line("a")[:30]], "line 1: expected"),
        ([min(line("a"), line("b")), b"\r\n"], "line 2: expected"),
        (sorted([line("a"), line("b")], reverse=True), "line 2: the list must be sorted"),
    ],
    ids=["cut", "empty line", "unsorted"],
)
def test_a_bad_line_is_named(lines: list[bytes], words: str) -> None:
    with pytest.raises(BadSource, match=words):
        list(read_hashes(lines))


@pytest.mark.parametrize("piece", [1, 7, 1000], ids=["pieces of one", "many pieces", "one piece"])
def test_words_come_out_as_sorted_hashes_however_they_are_cut(piece: int) -> None:
    words = [f"word {number}" for number in range(50)]
    lines = [f"{word}\n".encode() for word in words]
    assert list(hash_words(lines, piece=piece)) == sorted(map(truncated_hash, words))


def test_words_of_old_lists_are_read_as_latin_1_and_empty_lines_are_none() -> None:
    assert list(hash_words([b"caf\xe9\n", b"\r\n"])) == [truncated_hash("caf\u00e9")]


def test_hashes_are_told_from_words() -> None:
    assert looks_like_hashes(line("a"))
    assert looks_like_hashes(line("a").split(b":")[0])
    assert not looks_like_hashes(b"password\n")
