"""Handshake messages: chains and groups out of well-formed bytes, and no exception out of any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.handshake_messages import SERVER_HELLO, SERVER_KEY_EXCHANGE, read_chain, read_group

V12, V13 = 0x0303, 0x0304


def vector(content: bytes, size: int) -> bytes:
    return len(content).to_bytes(size, "big") + content


def certificate_12(*chain: bytes) -> bytes:
    return b"\x0b" + vector(vector(b"".join(vector(each, 3) for each in chain), 3), 3)


def certificate_13(*chain: bytes, context: bytes = b"") -> bytes:
    entries = b"".join(vector(each, 3) + vector(b"ext", 2) for each in chain)
    return b"\x0b" + vector(vector(context, 1) + vector(entries, 3), 3)


def server_hello(*extensions: tuple[int, bytes]) -> bytes:
    listed = b"".join(kind.to_bytes(2, "big") + vector(content, 2) for kind, content in extensions)
    body = b"\x03\x03" + bytes(32) + vector(b"session", 1) + b"\x13\x01\x00" + vector(listed, 2)
    return b"\x02" + vector(body, 3)


CHAINS = [(), (b"leaf",), (b"leaf", b"middle", b"root" * 100)]


@pytest.mark.parametrize("chain", CHAINS, ids=len)
def test_chains_are_read(chain: tuple[bytes, ...]) -> None:
    assert read_chain(certificate_12(*chain), version=V12) == chain
    assert read_chain(certificate_13(*chain, context=b"c"), version=V13) == chain


@pytest.mark.parametrize(
    ("group", "expected"),
    [(29, "x25519"), (23, "secp256r1"), (24, "secp384r1"), (4588, "X25519MLKEM768"), (65000, "0xfde8")],
)
def test_groups_are_read(group: int, expected: str) -> None:
    number = group.to_bytes(2, "big")
    hello = server_hello((43, b"\x03\x04"), (51, number + vector(b"key", 2)))
    assert read_group(SERVER_HELLO, hello) == expected
    assert read_group(SERVER_KEY_EXCHANGE, b"\x0c\x00\x00\x09\x03" + number + b"point") == expected


def test_messages_without_group_give_none() -> None:
    assert read_group(SERVER_HELLO, server_hello((43, b"\x03\x03"))) == ""
    assert read_group(SERVER_HELLO, server_hello()) == ""
    assert read_group(SERVER_KEY_EXCHANGE, b"\x0c\x00\x00\x09\x01\x00\x17point") == ""


@given(st.binary(max_size=300), st.sampled_from([V12, V13]))
def test_any_bytes_give_a_chain_or_none(message: bytes, version: int) -> None:
    assert all(each in message for each in read_chain(message, version=version))


@given(st.binary(max_size=300), st.sampled_from([SERVER_HELLO, SERVER_KEY_EXCHANGE]))
def test_any_bytes_give_a_group_or_none(message: bytes, kind: int) -> None:
    assert isinstance(read_group(kind, message), str)


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_what_is_cut_short_is_left_out(cut: int) -> None:
    whole = certificate_13(b"leaf" * 4, b"middle" * 4)
    assert set(read_chain(whole[:-cut], version=V13)) <= {b"leaf" * 4, b"middle" * 4}
