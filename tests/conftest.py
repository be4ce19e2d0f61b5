"""What all tests share: properties are judged by what they find, never by how long an example took."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
