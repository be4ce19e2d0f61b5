"""The bounded short memory."""

from lb.authn.cache import ShortLived


def test_a_value_lives_until_its_time() -> None:
    cache: ShortLived[str, int] = ShortLived(10)
    cache.put("a", 1, expires=100)
    assert cache.get("a", 99.9) == 1
    assert cache.get("a", 100) is None
    assert cache.get("b", 0) is None


def test_a_newer_value_replaces_the_older() -> None:
    cache: ShortLived[str, int] = ShortLived(1)
    cache.put("a", 1, expires=100)
    cache.put("b", 2, expires=100)
    cache.put("a", 3, expires=100)
    assert cache.get("a", 0) == 3


def test_entries_are_bounded_and_the_newest_stay() -> None:
    cache: ShortLived[int, int] = ShortLived(100)
    for number in range(1000):
        cache.put(number, number, expires=1)
    assert len(cache) <= 200
    assert cache.get(999, 0) == 999
    assert cache.get(900, 0) == 900
    assert cache.get(0, 0) is None


def test_bytes_are_bounded() -> None:
    cache: ShortLived[int, bytes] = ShortLived(1000, max_weight=100)
    for number in range(100):
        cache.put(number, b"x" * 30, expires=1, weight=30)
    assert len(cache) <= 6


def test_discarded_is_gone() -> None:
    cache: ShortLived[str, int] = ShortLived(1)
    cache.put("a", 1, expires=100)
    cache.put("b", 1, expires=100)
    cache.discard("a")
    cache.discard("b")
    assert len(cache) == 0
