"""The wildcards of condition values: `*` is any run of characters, `?` exactly one. Whole-string, never part.

Owns parsing, matching and comparing of patterns; knows no conditions. Matching takes time linear in the
text for every pattern: literals, prefixes and suffixes are told by string operations, runs between `*` by
substring search, and the few patterns with a `?` between two `*` by RE2. A backtracking matcher would let a
client with a 16 KB path burn seconds of CPU on `*a*a*a*a*b`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from rules.regexes import compile_glob

Matcher = Callable[[str], bool]


class Wildcard(Enum):
    """A token of a pattern that is not a character."""

    ANY = "*"
    ONE = "?"


Token = str | Wildcard
Pattern = tuple[Token, ...]

ESCAPABLE = "*?\\"


def parse_pattern(text: str, *, escapes: bool = False) -> Pattern:
    r"""Return the tokens of `text`, runs of wildcards in normal form (`?` before one `*`).

    With `escapes` (query-string values only, as in AWS), `\*`, `\?` and `\\` stand for the character
    itself; a backslash before anything else stands for itself.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        char = text[at]
        if escapes and char == "\\" and text[at + 1 : at + 2] in tuple(ESCAPABLE):
            at += 1
            tokens.append(text[at])
        else:
            tokens.append(Wildcard(char) if char in "*?" else char)
        at += 1
    return tuple(_normal(tokens))


def _normal(tokens: Iterable[Token]) -> Iterable[Token]:
    # `*?` and `?*` are one language; with one spelling for it, `covers` can compare token by token.
    pending = False
    for token in tokens:
        if token is Wildcard.ANY:
            pending = True
            continue
        if pending and token is not Wildcard.ONE:
            pending = False
            yield Wildcard.ANY
        yield token
    if pending:
        yield Wildcard.ANY


def count_wildcards(text: str, *, escapes: bool = False) -> int:
    """Return how many wildcard characters `text` holds, as AWS counts them for its quota."""
    if escapes:
        for char in ("\\\\", "\\*", "\\?"):
            text = text.replace(char, "")
    return text.count("*") + text.count("?")


def literal_of(pattern: Pattern) -> str | None:
    """Return the only text that `pattern` matches, or None when it has wildcards."""
    prefix = prefix_of(pattern)
    return prefix if len(prefix) == len(pattern) else None


def prefix_of(pattern: Pattern) -> str:
    """Return the text that everything which `pattern` matches begins with."""
    chars = []
    for token in pattern:
        if isinstance(token, Wildcard):
            break
        chars.append(token)
    return "".join(chars)


def covers(wide: Pattern, narrow: Pattern) -> bool:
    """Tell whether `wide` matches everything that `narrow` matches.

    Never true wrongly. The wide pattern is matched against the narrow one's tokens: `*` takes any of them,
    `?` any but a `*`, a character only itself.
    """
    reach = _skip_any(wide, {0})
    for token in narrow:
        reach = _skip_any(wide, {step for at in reach for step in _consume(wide, at, token)})
    return len(wide) in reach


def _skip_any(wide: Pattern, reach: set[int]) -> set[int]:
    # After normalisation no two ANY stand side by side, so one step of skipping is enough.
    return reach | {at + 1 for at in reach if at < len(wide) and wide[at] is Wildcard.ANY}


def _consume(wide: Pattern, at: int, token: Token) -> tuple[int, ...]:
    if at == len(wide):
        return ()
    own = wide[at]
    if own is Wildcard.ANY:
        return (at,)
    if own is Wildcard.ONE:
        return () if token is Wildcard.ANY else (at + 1,)
    return (at + 1,) if own == token else ()


@dataclass(frozen=True, slots=True)
class Shapes:
    """Several patterns sorted by how they can be told: what a condition compiles to."""

    everything: bool = False
    literals: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    others: tuple[Matcher, ...] = ()


def sort_shapes(patterns: Iterable[Pattern], others: Iterable[Matcher] = ()) -> Shapes:
    """Sort `patterns` into literals, prefixes, suffixes and the rest; `others` join the rest."""
    everything = False
    literals, prefixes, suffixes = set[str](), list[str](), list[str]()
    rest = list[Matcher]()
    for pattern in patterns:
        anys = pattern.count(Wildcard.ANY)
        if pattern == (Wildcard.ANY,):
            everything = True
        elif anys == 0 and Wildcard.ONE not in pattern:
            literals.add(_text(pattern))
        elif anys != 1 or Wildcard.ONE in pattern:
            rest.append(compile_pattern(pattern))
        elif pattern[-1] is Wildcard.ANY:
            prefixes.append(_text(pattern[:-1]))
        elif pattern[0] is Wildcard.ANY:
            suffixes.append(_text(pattern[1:]))
        else:
            rest.append(compile_pattern(pattern))
    return Shapes(everything, frozenset(literals), tuple(prefixes), tuple(suffixes), (*rest, *others))


def compile_pattern(pattern: Pattern) -> Matcher:
    """Return a function that tells whether a text matches `pattern` as a whole."""
    segments = _split(pattern)
    if any(Wildcard.ONE in segment for segment in segments[1:-1]):
        return compile_glob(_to_regex(pattern))
    first, last = segments[0], segments[-1]
    if len(segments) == 1:
        return _fixed(first)
    return _anchored(first, tuple(map(_text, segments[1:-1])), last)


def compile_shapes(shapes: Shapes) -> Matcher:
    """Return a function that tells whether a text matches any of `shapes`."""
    literals, prefixes, suffixes, others = shapes.literals, shapes.prefixes, shapes.suffixes, shapes.others
    if shapes.everything:
        return lambda text: True
    # Most conditions have one shape only; telling it alone takes a third of the time of asking for all.
    match bool(literals), bool(prefixes), bool(suffixes), len(others):
        case _, False, False, 0:
            return literals.__contains__
        case False, True, False, 0:
            return lambda text: text.startswith(prefixes)
        case False, False, True, 0:
            return lambda text: text.endswith(suffixes)
        case False, False, False, 1:
            return others[0]

    def matches(text: str) -> bool:
        if text in literals or text.startswith(prefixes) or text.endswith(suffixes):
            return True
        return any(matches(text) for matches in others)

    return matches


def _fixed(segment: Pattern) -> Matcher:
    size, runs = len(segment), _runs(segment)

    def matches(text: str) -> bool:
        return len(text) == size and all(text.startswith(run, at) for at, run in runs)

    return matches


def _anchored(first: Pattern, middle: tuple[str, ...], last: Pattern) -> Matcher:
    """Match `first`, then each of `middle` as early as it comes, then `last` at the very end.

    Taking the earliest place is right because a segment without `?` has no say in what follows it.
    """
    if not first and not last and len(middle) == 1:
        return lambda text: middle[0] in text
    head, tail = _runs(first), _runs(last)
    begin, rest = len(first), len(last)
    least = begin + rest + sum(map(len, middle))

    def matches(text: str) -> bool:
        end = len(text) - rest
        if len(text) < least:
            return False
        for at, run in head:
            if not text.startswith(run, at):
                return False
        for at, run in tail:
            if not text.startswith(run, end + at):
                return False
        at = begin
        for run in middle:
            at = text.find(run, at, end)
            if at < 0:
                return False
            at += len(run)
        return True

    return matches


def _split(pattern: Pattern) -> list[Pattern]:
    """Return the parts of `pattern` between its `*`."""
    parts: list[Pattern] = []
    begin = 0
    for at, token in enumerate(pattern):
        if token is Wildcard.ANY:
            parts.append(pattern[begin:at])
            begin = at + 1
    return [*parts, pattern[begin:]]


def _runs(segment: Pattern) -> tuple[tuple[int, str], ...]:
    """Return the literal runs of a part without `*`, each with its offset."""
    runs: list[tuple[int, str]] = []
    for at, token in enumerate(segment):
        if isinstance(token, Wildcard):
            continue
        if runs and runs[-1][0] + len(runs[-1][1]) == at:
            runs[-1] = (runs[-1][0], runs[-1][1] + token)
        else:
            runs.append((at, token))
    return tuple(runs)


def _text(segment: Pattern) -> str:
    return "".join(token for token in segment if isinstance(token, str))


_REGEX_OF = {Wildcard.ANY: ".*", Wildcard.ONE: "."}


def _to_regex(pattern: Pattern) -> str:
    return "".join(
        _REGEX_OF[token] if isinstance(token, Wildcard) else f"\\x{ord(token):02x}" for token in pattern
    )
