"""Whole applications to visit."""

from tests.support.open_house import house, open_house, shared_house

__all__ = ["house", "open_house", "shared_house"]
