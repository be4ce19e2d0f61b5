"""What can be asked of a request head."""

from tests.support.rules_heads import make_head


def test_header_gives_the_first_value_and_header_values_all() -> None:
    head = make_head(headers=[("A", "1"), ("B", "2"), ("a", "3")])
    assert head.header(b"a") == b"1"
    assert head.header(b"c") is None
    assert list(head.header_values(b"a")) == [b"1", b"3"]


def test_target_joins_path_and_query() -> None:
    assert make_head("/a?b=c").target == "/a?b=c"
    assert make_head("/a").target == "/a"
