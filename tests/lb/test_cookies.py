"""Cookie text: found exactly, cut and joined without loss, spelled safely."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.admission import MAX_HEADER
from lb.cookies import (
    MAX_COOKIE_BYTES,
    MAX_REPEATS,
    ShardedCookie,
    cookie_header,
    cookie_names,
    expire_cookie,
    find_cookie,
    set_cookie,
)

COOKIE = ShardedCookie("AWSELBAuthSessionCookie")
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
FIND = {
    "alone": (b"n=v", b"v"),
    "first": (b"n=v; o=w", b"v"),
    "last": (b"o=w; n=v", b"v"),
    "without space": (b"o=w;n=v;p=x", b"v"),
    "with spaces and tabs": (b"o=w; \t n=v \t; p=x", b"v"),
    "leading space": (b" n=v", b"v"),
    "empty value": (b"n=; o=w", b""),
    "with equals signs": (b"n=a=b==", b"a=b=="),
    "first of two": (b"n=1; n=2", b"1"),
    "missing": (b"o=w", None),
    "longer name": (b"xn=v", None),
    "longer name, then the cookie": (b"xn=1; n=2", b"2"),
    "inside a value": (b"o=n=v", None),
    "inside a value after a space": (b"o=w n=v", None),
    "name in another case": (b"N=v", None),
    "empty header": (b"", None),
}


@pytest.mark.parametrize(("header", "value"), FIND.values(), ids=FIND.keys())
def test_find_cookie(header: bytes, value: bytes | None) -> None:
    assert find_cookie(header, b"n=") == value


@given(st.lists(st.tuples(st.sampled_from("nox"), st.text("abn= ", max_size=4)), max_size=6))
def test_find_cookie_agrees_with_splitting(pairs: list[tuple[str, str]]) -> None:
    header = "; ".join(f"{name}={value}" for name, value in pairs).encode()
    wanted = next((value.rstrip().encode() for name, value in pairs if name == "n"), None)
    assert find_cookie(header, b"n=") == wanted


def test_several_cookie_headers_are_one() -> None:
    headers = ((b"cookie", b"a=1"), (b"host", b"h"), (b"cookie", b"b=2"))
    assert cookie_header(headers) == b"a=1; b=2"
    assert cookie_header(headers[1:2]) is None


@given(st.text(BASE64, max_size=COOKIE.capacity))
def test_a_value_survives_its_shards(text: str) -> None:
    value = text.encode()
    shards = COOKIE.shard(value)
    assert 1 <= len(shards) <= 4
    header = b"a=b; " + b"; ".join(
        name + b"=" + part for name, part in zip(COOKIE.names, shards, strict=False)
    )
    read = COOKIE.read(header)
    assert read is not None
    assert COOKIE.join(read) == value


@pytest.mark.parametrize("length", [1, 4070, 4071, 8141, 12212, COOKIE.capacity])
def test_shards_keep_to_what_browsers_store(length: int) -> None:
    for name, part in zip(COOKIE.names, COOKIE.shard(b"x" * length), strict=False):
        assert len(name) + 1 + len(part) <= MAX_COOKIE_BYTES


def test_more_than_four_shards_do_not_exist() -> None:
    with pytest.raises(ValueError, match="4 cookies"):
        COOKIE.shard(b"x" * (COOKIE.capacity + 1))


LONG = [name + b"=" + part for name, part in zip(COOKIE.names, COOKIE.shard(b"v" * 9000), strict=False)]
ORDERS = {
    "backwards": LONG[::-1],
    "scattered": [LONG[1], b"a=b", LONG[0], b"c=d", LONG[2]],
    "stray fourth": [*LONG, b"AWSELBAuthSessionCookie-3=old"],
    "second copies": [*LONG, *(pair[:-5] for pair in LONG)],
}


@pytest.mark.parametrize("pairs", ORDERS.values(), ids=ORDERS.keys())
def test_shards_are_joined_by_name(pairs: list[bytes]) -> None:
    assert COOKIE.join(COOKIE.read(b"; ".join(pairs)) or b"") == b"v" * 9000


LOST = {
    "first": LONG[1:],
    "second": [LONG[0], LONG[2]],
    "last": LONG[:2],
    "count too high": [b"AWSELBAuthSessionCookie-0=2abc"],
    "no count": [b"AWSELBAuthSessionCookie-0=abc"],
    "empty": [b"AWSELBAuthSessionCookie-0="],
}


@pytest.mark.parametrize("pairs", LOST.values(), ids=LOST.keys())
def test_incomplete_shards_hold_nothing(pairs: list[bytes]) -> None:
    read = COOKIE.read(b"; ".join(pairs))
    assert read is None or COOKIE.join(read) is None


def test_shards_left_over_from_a_longer_value_are_expired() -> None:
    header = b"; ".join(LONG)
    lines = COOKIE.set_all(b"short", header=header, expires=0, secure=True)
    assert [line.partition(b"=")[0] for line in lines] == list(COOKIE.names[:3])
    assert lines[0].startswith(b"AWSELBAuthSessionCookie-0=1short; ")
    assert all(b"Max-Age=0" in line for line in lines[1:])


def test_names_are_listed_once_by_prefix() -> None:
    assert cookie_names(b"p-1=a; q=b; p-2=c; p-1=d", b"p-") == [b"p-1", b"p-2"]


def test_set_cookie_spells_every_attribute() -> None:
    assert set_cookie(b"n", b"v", secure=True, max_age=900) == (
        b"n=v; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure"
    )
    assert set_cookie(b"n", b"v", secure=False, expires=0) == (
        b"n=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax"
    )


def test_expiry_has_the_attributes_of_setting() -> None:
    """A browser deletes only a cookie of the same name, path and domain; Secure ones only over a Secure
    line."""
    line = expire_cookie(b"n", secure=True)
    assert line.startswith(b"n=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; ")
    assert line.endswith(b"; Secure")
    assert len(COOKIE.expire_all(secure=False)) == 4


@pytest.mark.parametrize("name", ["s", "AWSELBAuthSessionCookie", "n" * 128], ids=len)
def test_the_largest_session_leaves_room_in_its_header_line(name: str) -> None:
    """Past the limit of a header line every request would be refused, the one that logs out included."""
    cookie = ShardedCookie(name)
    lines = cookie.set_all(b"x" * cookie.capacity, header=None, expires=0, secure=True)
    sent = b"; ".join(line.partition(b";")[0] for line in lines)
    assert len(sent) + len("Cookie: \r\n") <= MAX_HEADER - 3000
    assert len(lines) <= 4


REPEATED = {
    "once": (b"n-0=1a", []),
    "none": (b"o=w", []),
    "planted before": (b"n-0=1bad; n-0=1good", [b"1good"]),
    "planted first shard": (b"n-0=2bad; n-0=2a; n-1=b", [b"2ab"]),
    "planted last shard": (b"n-0=2a; n-1=bad; n-1=b", [b"2ab"]),
    "planted all": (b"n-0=2x; n-1=y; o=w; n-0=2a; n-1=b", [b"2ab"]),
    "a shorter one planted": (b"n-0=1x; n-0=2a; n-1=b", [b"2ab"]),
    "three": (b"n-0=1a; n-0=1b; n-0=1c", [b"1b", b"1c"]),
    "an empty one": (b"n-0=; n-0=1a", [b"1a"]),
}


@pytest.mark.parametrize(("header", "others"), REPEATED.values(), ids=REPEATED.keys())
def test_repeated_cookies_are_read_one_after_the_other(header: bytes, others: list[bytes]) -> None:
    assert list(ShardedCookie("n").read_others(header)) == others


def test_few_of_many_repeated_cookies_are_looked_at() -> None:
    assert len(list(ShardedCookie("n").read_others(b"; ".join([b"n-0=1a"] * 1000)))) == MAX_REPEATS - 1
