"""Which key signs and which keys are still needed."""

from dataclasses import dataclass

import pytest

from idp.tokens.rotation import LONGEST_TOKEN, MARGIN, choose_signer, list_needed


@dataclass(frozen=True)
class Key:
    signs_from: float


@pytest.mark.parametrize(
    ("starts", "now", "expected"),
    [
        ([10], 0, 10),
        ([10], 10, 10),
        ([0, 100], 99, 0),
        ([0, 100], 100, 100),
        ([100, 0], 500, 100),
        ([50, 60], 0, 50),
    ],
)
def test_the_youngest_key_that_has_begun_signs(starts: list[int], now: int, expected: int) -> None:
    assert choose_signer([Key(start) for start in starts], now).signs_from == expected


def test_a_key_is_needed_until_its_successors_tokens_are_the_only_ones() -> None:
    keys = [Key(100), Key(0), Key(50)]
    end = 50 + LONGEST_TOKEN + MARGIN
    assert list_needed(keys, end - 1) == (Key(0), Key(50), Key(100))
    assert list_needed(keys, end) == (Key(50), Key(100))
    assert list_needed(keys, 10 * end) == (Key(100),)
