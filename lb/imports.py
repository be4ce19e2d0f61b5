"""Import strings: how `lb` reaches what it must not import, such as the user pool's package."""

from __future__ import annotations

import importlib
from typing import Any


def import_attribute(reference: str) -> Any:
    """Return what an import string `package.module:name` names."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)
