"""Read one mapping of a rule document, member by member, and note whatever is wrong with it.

Reading never stops at the first fault: a member that cannot be read gives None and leaves a `Problem` with
its place. What members mean is the business of the `read_*` modules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from rules.limits import RELAXED, Limits
from rules.problems import Place, Problem


@dataclass(frozen=True, slots=True)
class Scope:
    """What a document is read against."""

    limits: Limits = RELAXED
    listener_protocol: str | None = None
    known_target_groups: Collection[str] | None = None
    """Names that a forward may use; None: any."""
    known_user_pools: Collection[str] | None = None
    """Names or ids that authenticate-cognito may use; None: any."""
    problems: list[Problem] = field(default_factory=list)


class Section:
    """A mapping at a place of the document. `known` are the members it may have."""

    def __init__(self, value: object, where: Place, scope: Scope, *, known: Iterable[str]) -> None:
        self.where = where
        self.scope = scope
        self._members: Mapping[object, object] = {}
        if isinstance(value, Mapping):
            self._members = value
            self._refuse_unknown(tuple(known))
        else:
            self.report("ValidationError", f"must be a mapping of members, not {_kind(value)}")

    def report(self, code: str, message: str, *at: str | int) -> None:
        """Note an error at the member `at`, or at the section itself."""
        self.scope.problems.append(Problem((*self.where, *at), code, message))

    def warn(self, code: str, message: str, *at: str | int) -> None:
        """Note something doubtful at the member `at`, or at the section itself."""
        self.scope.problems.append(Problem((*self.where, *at), code, message, "warning"))

    def has(self, name: str) -> bool:
        """Tell whether the member is there, with a value other than null."""
        return self._members.get(name) is not None

    def value(self, name: str, *, required: bool = False) -> object | None:
        """Return a member as it is."""
        found = self._members.get(name)
        if found is None and required:
            self.report("MissingMember", f"{name} is missing")
        return found

    def text(self, name: str, *, required: bool = False, longest: int = 0, empty: bool = False) -> str | None:
        """Return a member that is a text of visible characters, at most `longest` of them (0: any number)."""
        found = self.value(name, required=required)
        return None if found is None else self.check_text(found, name, longest=longest, empty=empty)

    def check_text(self, found: object, *at: str | int, longest: int = 0, empty: bool = False) -> str | None:
        """Return `found`, read at the member `at`, when it is a text as `text` wants it."""
        if not isinstance(found, str):
            self.report("ValidationError", f"must be a text, not {_kind(found)}{_quoting(found)}", *at)
        elif not found and not empty:
            self.report("ValidationError", "must not be empty", *at)
        elif longest and len(found) > longest:
            self.report(
                "ValidationError", f"is too long: {len(found)} characters; the limit is {longest}", *at
            )
        else:
            return found
        return None

    def choice(self, name: str, allowed: Collection[str], *, required: bool = False) -> str | None:
        """Return a member that is one of `allowed`."""
        found = self.value(name, required=required)
        if found is None or found in allowed:
            return found  # type: ignore[return-value] # it equals one of the texts
        listed = ", ".join(allowed)
        self.report(
            "ValidationError", f"must be one of {listed}; not {found!r}{suggest(found, allowed)}", name
        )
        return None

    def integer(self, name: str, low: int, high: int, *, required: bool = False) -> int | None:
        """Return a whole number between `low` and `high`; digits in a text will do, as in CloudFormation."""
        found = self.value(name, required=required)
        if found is None:
            return None
        if isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) < 10:
            found = int(found)
        if isinstance(found, int) and not isinstance(found, bool) and low <= found <= high:
            return found
        self.report(
            "ValidationError", f"must be a whole number from {low} to {high}, not {_show(found)}", name
        )
        return None

    def flag(self, name: str) -> bool | None:
        """Return a member that is true or false, as such or as text."""
        found = self.value(name)
        word = found.lower() if isinstance(found, str) else found
        if word is None or word in (True, "true"):
            return None if word is None else True
        if word in (False, "false"):
            return False
        self.report("ValidationError", f"must be true or false, not {_show(found)}", name)
        return None

    def items(self, name: str, *, required: bool = False) -> list[object]:
        """Return the items of a member that is a list with at least one item."""
        found = self.value(name, required=required)
        if found is None:
            return []
        if not isinstance(found, list | tuple):
            self.report("ValidationError", f"must be a list, not {_kind(found)}", name)
            return []
        if not found and required:
            self.report("MissingMember", "must have at least one item", name)
        return list(found)

    def texts(self, name: str, *, required: bool = False, longest: int = 0) -> list[tuple[int, str]]:
        """Return the items of a list of texts, each with its index; items that are none are left out."""
        checked = (
            (at, self.check_text(item, name, at, longest=longest))
            for at, item in enumerate(self.items(name, required=required))
        )
        return [(at, text) for at, text in checked if text is not None]

    def section(self, name: str, known: Iterable[str], *, required: bool = False) -> Section | None:
        """Return a member that is a mapping."""
        found = self.value(name, required=required)
        return None if found is None else Section(found, (*self.where, name), self.scope, known=known)

    def sections(self, name: str, known: Collection[str], *, required: bool = False) -> list[Section]:
        """Return the items of a list of mappings."""
        items = self.items(name, required=required)
        return [
            Section(item, (*self.where, name, at), self.scope, known=known) for at, item in enumerate(items)
        ]

    def _refuse_unknown(self, known: Collection[str]) -> None:
        for name in self._members:
            if name not in known:
                message = f"{name!r} is not known here{suggest(name, known)}"
                self.report("UnknownMember", message, name if isinstance(name, str | int) else repr(name))


def suggest(word: object, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` for the nearest of `known`, or nothing."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(str(word).lower(), names, n=1, cutoff=0.6)
    return f"; did you mean {names[near[0]]}?" if near else ""


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a truth value"
    kinds = ((str, "a text"), (int | float, "a number"), (Mapping, "a mapping"), (list | tuple, "a list"))
    return next((name for kind, name in kinds if isinstance(value, kind)), f"a {type(value).__name__}")


def _show(value: object) -> str:
    return repr(value) if isinstance(value, str | int | float) else _kind(value)


def _quoting(value: object) -> str:
    # YAML reads 1.10 as 1.1, 010 as 8 and `on` as true: only the author knows what was meant.
    return "; put it in quotes" if isinstance(value, int | float) else ""
