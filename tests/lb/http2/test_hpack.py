"""What the encoder writes, another's decoder reads."""

from __future__ import annotations

import pytest
from hpack import Decoder
from hypothesis import given
from hypothesis import strategies as st

from lb.http2.hpack import StaticEncoder, encode_integer

NAMES = st.sampled_from([b":status", b"content-type", b"set-cookie", b"x-own", b"date", b"vary"]) | st.binary(
    min_size=1, max_size=300
)


@given(st.lists(st.lists(st.tuples(NAMES, st.binary(max_size=300)), max_size=8), max_size=3))
def test_every_block_decodes_to_what_was_encoded(blocks: list[list[tuple[bytes, bytes]]]) -> None:
    encoder, decoder = StaticEncoder(), Decoder()
    for block in blocks:
        encoded = encoder.encode(block)
        assert [tuple(pair) for pair in decoder.decode(encoded, raw=True)] == block
        assert encoder.size == len(encoded)


@pytest.mark.parametrize(("value", "bits"), [(10, 5), (1337, 5), (42, 8), (126, 7), (127, 7), (2**20, 4)])
def test_integers_are_written_as_in_the_rfc(value: int, bits: int) -> None:
    from hpack.hpack import encode_integer as other

    assert encode_integer(value, bits, 0) == bytes(other(value, bits))


def test_usual_status_takes_one_byte() -> None:
    encoder = StaticEncoder()
    encoder.encode([])
    assert encoder.encode([(b":status", b"200")]) == b"\x88"


def test_nothing_is_left_for_later_blocks() -> None:
    encoder, decoder = StaticEncoder(), Decoder()
    encoder.header_table_size = 2**31 - 1
    first, second, third = (encoder.encode([(b"x-secret", b"value")]) for _ in range(3))
    assert second == third
    assert first == b"\x20" + second
    decoder.decode(first)
    assert decoder.header_table.maxsize == 0
    assert encoder.header_table_size == 0


def test_cookies_are_never_indexed_by_anybody() -> None:
    decoder = Decoder()
    (pair,) = decoder.decode(StaticEncoder().encode([(b"set-cookie", b"a=b")]), raw=True)
    assert not pair.indexable


def test_decoder_whose_limit_changes_is_told_a_size() -> None:
    encoder = StaticEncoder()
    encoder.encode([])
    encoder.header_table_size = 0
    assert encoder.encode([(b":status", b"200")]) == b"\x20\x88"
