"""What the start of a process leaves behind."""

from __future__ import annotations

import gc

from lb.loop import settle_heap


def test_what_the_start_has_built_is_not_collected_again() -> None:
    before = gc.get_freeze_count()
    built = [{"route": number} for number in range(1000)]
    try:
        settle_heap()
        assert gc.get_freeze_count() > before + len(built) // 2
        assert not any(found is built for found in gc.get_objects())
    finally:
        gc.unfreeze()
