import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.observe.trace import TraceIds, connection_id, trace_header

NOW = 0x6925820A + 0.7
ID = "00112233445566778899aabb"
OWN = b"1-6925820a-00112233445566778899aabb"
OTHER = b"1-67891233-abcdef012345678912345678"


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        pytest.param(None, b"Root=" + OWN, id="absent"),
        pytest.param(b"", b"Root=" + OWN, id="empty"),
        pytest.param(b"Root=" + OTHER, b"Self=" + OWN + b";Root=" + OTHER, id="Root is kept"),
        pytest.param(
            b"Self=1-x-y;Root=" + OTHER + b";CalledFrom=app",
            b"Self=" + OWN + b";Root=" + OTHER + b";CalledFrom=app",
            id="Self is replaced, custom fields kept",
        ),
        pytest.param(b"CalledFrom=app", b"Root=" + OWN + b";CalledFrom=app", id="Root is added"),
        pytest.param(b"Self=1-x-y", b"Root=" + OWN, id="Self alone becomes a Root"),
        pytest.param(
            b"Root=" + OTHER + b"; a=b ;", b"Self=" + OWN + b";Root=" + OTHER + b";a=b", id="spaces"
        ),
        pytest.param(b"Root=\xff", b"Root=" + OWN, id="not ASCII"),
        pytest.param(b"Root=a\r\nX: y", b"Root=" + OWN, id="line end"),
    ],
)
def test_header(existing: bytes | None, expected: bytes) -> None:
    assert trace_header(existing, OWN) == expected


def test_large_heads_lose_all_but_a_root() -> None:
    assert trace_header(b"Root=" + OTHER + b";a=b", OWN, headers_size=7 * 1024 + 1) == b"Root=" + OWN
    assert b"a=b" in trace_header(b"Root=" + OTHER + b";a=b", OWN, headers_size=7 * 1024)


@given(st.binary(max_size=80))
def test_whatever_comes_in_the_result_is_one_header_value_with_a_root(existing: bytes) -> None:
    made = trace_header(existing, OWN)
    assert re.fullmatch(rb"[\x20-\x7e]+", made)
    assert any(field.startswith(b"Root=") for field in made.split(b";"))
    assert sum(field.startswith(b"Self=") for field in made.split(b";")) <= 1


def test_connection_ids_have_albs_shape() -> None:
    assert connection_id("00112233445566778899aabbccddeeff") == "TID_00112233445566778899aabbccddeeff"


def test_fresh_ids_have_the_time_and_are_all_different() -> None:
    ids = TraceIds(random.Random(1).randbytes)
    made = [ids.fresh(NOW + number) for number in range(1000)]
    assert all(re.fullmatch(rb"1-[0-9a-f]{8}-[0-9a-f]{24}", each) for each in made)
    assert [int(each[2:10], 16) for each in made] == [int(NOW) + number for number in range(1000)]
    assert len({each[11:] for each in made}) == 1000
