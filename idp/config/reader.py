"""Reads one mapping of the document, value by value, and remembers everything that is wrong.

A reader never raises: a bad value is reported with its place and replaced by the default, so that one run
finds all problems. What was never asked for is reported at the end as unknown, or as not supported yet.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong at one place of the document."""

    where: Place
    code: str
    """A stable word: UnknownKey, NotSupportedYet, WrongType, InvalidValue, Missing, Duplicate, Conflict."""
    message: str
    """What is wrong and how to mend it."""
    severity: str = "error"

    def __str__(self) -> str:
        return f"{format_place(self.where)}: {self.message}"


class InvalidPools(ValueError):  # noqa: N818 - the twin of the rule language's InvalidRules
    """A document that cannot be used; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def format_place(where: Place) -> str:
    """Spell a place as `[0].UserPoolClients[1].CallbackURLs`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
    return text.removeprefix(".") or "(document)"


class Reader:
    """One mapping of the document."""

    def __init__(self, value: object, where: Place, problems: list[Problem]) -> None:
        self.where = where
        self._problems = problems
        self._asked: set[str] = set()
        self._values: Mapping[Any, object] = {}
        self.is_mapping = isinstance(value, Mapping)
        if isinstance(value, Mapping):
            self._values = value
        else:
            self.report((), "WrongType", f"expected a mapping, found {_kind(value)}")

    def report(self, place: Place | str, code: str, message: str) -> None:
        """Note a problem at a place below this mapping."""
        below = (place,) if isinstance(place, str) else place
        self._problems.append(Problem((*self.where, *below), code, message))

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def raw(self, key: str) -> object:
        """Return a value as it stands."""
        self._asked.add(key)
        return self._values.get(key)

    def text(
        self, key: str, *, pattern: str | None = None, longest: int = 2048, shape: str = ""
    ) -> str | None:
        """Read a text that fits `pattern` whole; `shape` says in words what fits."""
        value = self.raw(key)
        if value is None:
            return None
        text = self._as_text(key, value)
        if text is None:
            return None
        if not text or len(text) > longest:
            self.report(key, "InvalidValue", f"must be 1 to {longest} characters long")
            return None
        if pattern is not None and not re.fullmatch(pattern, text):
            self.report(key, "InvalidValue", f"must be {shape or 'of the form ' + pattern}")
            return None
        return text

    def required_text(self, key: str, **rules: Any) -> str:
        """Read a text that must be there; an empty text stands in for a missing one."""
        if key not in self:
            self.report((), "Missing", f"`{key}` is missing")
            self._asked.add(key)
            return ""
        return self.text(key, **rules) or ""

    def boolean(self, key: str, default: bool) -> bool:
        """Read true or false."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):  # CloudFormation's templates may spell them as texts
            return value == "true"
        self.report(key, "WrongType", f"must be true or false, not {_kind(value)}")
        return default

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """Read a whole number within bounds; numbers written as texts are fine, as in CloudFormation."""
        value = self.raw(key)
        if value is None:
            return default
        number = int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value) else value
        if isinstance(number, bool) or not isinstance(number, int):
            self.report(key, "WrongType", f"must be a whole number, not {_kind(value)}")
            return default
        if not low <= number <= high:
            self.report(key, "InvalidValue", f"must be from {low} to {high}, not {number}")
            return default
        return number

    def choice(self, key: str, allowed: Collection[str], default: str) -> str:
        """Read one word out of several."""
        value = self.raw(key)
        if value is None:
            return default
        return default if self._misses(value, allowed, (key,)) else str(value)

    def choices(self, key: str, allowed: Collection[str], *, most: int = 100) -> tuple[str, ...]:
        """Read a list of different words, each out of several."""
        found = self.texts(key, most=most)
        return tuple(
            word for index, word in enumerate(found) if not self._misses(word, allowed, (key, index))
        )

    def texts(self, key: str, *, most: int = 100) -> tuple[str, ...]:
        """Read a list of different texts."""
        texts: list[str] = []
        for index, value in enumerate(self._list(key)):
            if not isinstance(value, str) or not value:
                self.report((key, index), "WrongType", f"must be a text, not {_kind(value)}")
            elif value in texts:
                self.report((key, index), "Duplicate", f"`{value}` is there twice")
            else:
                texts.append(value)
        if len(texts) > most:
            self.report(key, "InvalidValue", f"at most {most} values are allowed, {len(texts)} are given")
        return tuple(texts)

    def texts_by_name(self, key: str) -> dict[str, str]:
        """Read a mapping of names to texts; true, false and whole numbers may stand without quotes."""
        value = self.raw(key)
        if not isinstance(value, Mapping):
            if value is not None:
                self.report(key, "WrongType", "must be a mapping of names to texts")
            return {}
        found: dict[str, str] = {}
        for name, text in value.items():
            if isinstance(text, bool):
                found[str(name)] = "true" if text else "false"
            elif isinstance(text, str | int):
                found[str(name)] = str(text)
            else:
                self.report((key, str(name)), "WrongType", "must be a text")
        return found

    def nested(self, key: str) -> Reader:
        """Read a mapping within; an absent one reads as empty."""
        value = self.raw(key)
        return Reader({} if value is None else value, (*self.where, key), self._problems)

    def items(self, key: str, *, most: int | None = None) -> tuple[Reader, ...]:
        """Read a list of mappings."""
        values = self._list(key)
        if most is not None and len(values) > most:
            self.report(key, "InvalidValue", f"at most {most} entries are allowed, {len(values)} are given")
        return tuple(
            Reader(value, (*self.where, key, index), self._problems) for index, value in enumerate(values)
        )

    def finish(self, later: Collection[str] = ()) -> None:
        """Report every key that nobody asked for; `later` names what is not supported yet."""
        for key in self._values:
            if key in self._asked:
                continue
            if key in later:
                self.report(str(key), "NotSupportedYet", f"`{key}` is not supported yet; remove it")
            else:
                hint = did_you_mean(str(key), (*self._asked, *later))
                self.report(str(key), "UnknownKey", f"unknown property `{key}`{hint}")

    def _list(self, key: str) -> Sequence[object]:
        value = self.raw(key)
        if value is None:
            return ()
        if isinstance(value, Sequence) and not isinstance(value, str):
            return value
        self.report(key, "WrongType", f"must be a list, not {_kind(value)}")
        return ()

    def _as_text(self, key: str, value: object) -> str | None:
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            # The value is not repeated: it may be a password of digits.
            self.report(key, "WrongType", "must be a text, not a number: put it in quotes")
        else:
            self.report(key, "WrongType", f"must be a text, not {_kind(value)}")
        return None

    def _misses(self, value: object, allowed: Collection[str], place: Place) -> bool:
        if isinstance(value, str) and value in allowed:
            return False
        words = ", ".join(f"`{word}`" for word in allowed)
        hint = did_you_mean(value, allowed) if isinstance(value, str) else ""
        self.report(place, "InvalidValue", f"must be one of {words}; found {_quote(value)}{hint}")
        return True


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?`, or nothing when no known word is near. Case is ignored."""
    folded = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.7)
    return f"; did you mean `{folded[near[0]]}`?" if near else ""


def _quote(value: object) -> str:
    return f"`{value}`" if isinstance(value, str | int | float) else _kind(value)


def _kind(value: object) -> str:
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        (str, "a text"),
        ((int, float), "a number"),
        (Mapping, "a mapping"),
        (Sequence, "a list"),
    )
    if value is None:
        return "nothing"
    return next((name for kind, name in names if isinstance(value, kind)), type(value).__name__)
