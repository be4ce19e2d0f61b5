"""Writes `shapes.json`: the input shapes of all operations, out of botocore's service model.

A developer's command, `python -m idp.api.generate`; the service itself never needs botocore. Only what
validation uses is kept: types, members, required members and constraints, and how an operation is authorised.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

TARGET: Final = Path(__file__).with_name("shapes.json")
KEPT: Final = ("type", "min", "max", "pattern", "enum", "sensitive", "document", "required")
SECRET: Final = frozenset({"GetClientToken", "GetDerivedToken"})
"""Modelled as signed, but authorised by the client's secret (cognito.md 3.2)."""
SPELLED: Final = {"S3BucketType": r"([0-9A-Za-z.\-_]*[0-9A-Za-z\-_])?"}
"""Patterns that look behind, which RE2 does not do, spelled without."""


def load_model() -> Mapping[str, Any]:
    """Load botocore's model of the service."""
    from botocore.loaders import Loader  # not at the top: only developers have it

    model: Mapping[str, Any] = Loader().load_service_model("cognito-idp", "service-2")
    return model


def build(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of `shapes.json` for a service model."""
    shapes = model["shapes"]
    operations = {
        name: {"auth": _authorisation(name, operation), "input": operation["input"]["shape"]}
        for name, operation in sorted(model["operations"].items())
    }
    used = _reachable(shapes, (entry["input"] for entry in operations.values()))
    return {
        "prefix": model["metadata"]["targetPrefix"],
        "operations": operations,
        "shapes": {name: _compact(name, shapes[name]) for name in sorted(used)},
    }


def spell(content: Mapping[str, Any]) -> str:
    """Spell the file: one operation or shape to a line, so that a new model differs readably."""
    parts = [f' "prefix": {json.dumps(content["prefix"])}']
    for key in ("operations", "shapes"):
        rows = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in content[key].items()
        )
        parts.append(f' "{key}": {{\n{rows}\n }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _authorisation(name: str, operation: Mapping[str, Any]) -> str:
    if name in SECRET:
        return "secret"
    return "public" if operation.get("authtype") == "none" else "signed"


def _reachable(shapes: Mapping[str, Any], roots: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(shapes[name]))
    return found


def _references(shape: Mapping[str, Any]) -> list[str]:
    inner = [shape[key]["shape"] for key in ("member", "key", "value") if key in shape]
    return inner + [member["shape"] for member in shape.get("members", {}).values()]


def _compact(name: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: shape[key] for key in KEPT if key in shape}
    kept |= {key: shape[key]["shape"] for key in ("member", "key", "value") if key in shape}
    if "members" in shape:
        kept["members"] = {key: member["shape"] for key, member in shape["members"].items()}
    if name in SPELLED:
        kept["matches"] = SPELLED[name]
    return kept


def main() -> None:
    """Write the file."""
    TARGET.write_text(spell(build(load_model())), "utf-8")
    sys.stdout.write(f"wrote {TARGET}\n")


if __name__ == "__main__":
    main()
