r"""The regular expressions of `RegexValues` and of rewrites: which are accepted, and how they are run.

They run on RE2, which takes time linear in the text: a client cannot make a pattern burn CPU. AWS documents
what its engine refuses: lookaround, backreferences, atomic groups, possessive quantifiers, subroutines,
recursion and Unicode classes such as `\p{L}`. RE2 refuses all but the last by itself. A program whose
fallback automaton would be slow on a 16 KB text is refused by size. Texts are Latin-1 renderings of the
bytes on the wire, so one `.` is one byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

import re2

CONDITION_PROGRAM = 1000
"""Most instructions that a condition's compiled regex may have: with 16 KB of text at most some 10 ms,
ever.
"""
REWRITE_PROGRAM = 2000
MEMORY = 1 << 20
"""Bytes that RE2 may use for one regex, its lazily built automaton included."""

_REFUSED_ESCAPES = {
    "p": "Unicode classes (\\p{...}) are not supported; write the characters as a class, such as [A-Za-z]",
    "P": "Unicode classes (\\P{...}) are not supported; write the characters as a class, such as [^A-Za-z]",
    "C": "\\C is not supported; write [\\s\\S]",
}
_REFUSED_GROUPS = {
    "(?=": "lookahead",
    "(?!": "lookahead",
    "(?<=": "lookbehind",
    "(?<!": "lookbehind",
    "(?>": "an atomic group",
    "(?|": "a branch reset group",
    "(?R": "recursion",
    "(?&": "a subroutine call",
    "(?P>": "a subroutine call",
    "(?P=": "a backreference",
    "(?#": "a comment",
}


def find_regex_fault(pattern: str, *, program: int = CONDITION_PROGRAM) -> str | None:
    """Return why `pattern` is refused, in words for its author, or None when it is accepted."""
    try:
        pattern.encode("ascii")
    except UnicodeEncodeError:
        return "only visible ASCII characters can be matched"
    escaped = _find_refused_escape(pattern)
    if escaped:
        return escaped
    try:
        compiled = _compile(pattern, False, True)
    except re2.error as error:
        return _explain(pattern, error)
    if compiled.programsize > program:
        return f"the pattern is too complex ({compiled.programsize} steps; the limit is {program})"
    return None


def _find_refused_escape(pattern: str) -> str | None:
    skip = False
    for first, second in pairwise(pattern):
        if skip or first != "\\":
            skip = False
            continue
        skip = True
        if second in _REFUSED_ESCAPES:
            return _REFUSED_ESCAPES[second]
        if second.isdigit() and second != "0":
            return f"backreferences (\\{second}) are not supported"
    return None


def _explain(pattern: str, error: re2.error) -> str:
    detail = error.args[0].decode("ascii", "replace") if error.args else "it does not compile"
    if "bad repetition operator" in detail:
        return "possessive or doubled quantifiers are not supported"
    for opening, name in _REFUSED_GROUPS.items():
        if opening in pattern and opening.startswith(detail.rpartition(": ")[2][:3]):
            return f"{name} is not supported"
    return f"the regular expression is not valid: {detail}"


def compile_search(pattern: str, *, ignore_case: bool) -> Callable[[str], bool]:
    """Return a function that tells whether `pattern` is found anywhere in a text.

    With `ignore_case`, texts come lower-cased.
    """
    search = _compile(pattern, ignore_case, True).search
    prefix, needle = (text.lower() if ignore_case else text for text in plain_texts(pattern))

    def matches(text: str) -> bool:
        # Most requests can be told apart by plain text, at a tenth of the price of asking RE2.
        if needle not in text or not text.startswith(prefix):
            return False
        return search(text.encode("latin-1", "replace")) is not None

    return matches


def compile_glob(pattern: str) -> Callable[[str], bool]:
    """Return a function that tells whether `pattern`, built by `rules.patterns`, matches a whole text."""
    fullmatch = _compile(f"(?s){pattern}", False, True).fullmatch
    return lambda text: fullmatch(text.encode("latin-1", "replace")) is not None


@lru_cache(maxsize=4096)
def compile_rewrite(pattern: str, ignore_case: bool) -> re2._Regexp:
    """Return the compiled `pattern` of a rewrite, which works on Latin-1 bytes and keeps its groups."""
    return _compile(pattern, ignore_case, False)


_ATOM = re.compile(
    r"""
      (?P<group>\()                                  # stands for itself and all up to its closing bracket
    | (?P<class>\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\])
    | \\(?P<escaped>[^A-Za-z0-9])
    | (?P<other>\\[dDwWsSbBz]|[.^$])
    | (?P<plain>[^\\()\[\]|?*+{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_QUANTIFIER = re.compile(r"[?*+]\??|\{[0-9,]+\}\??")


def plain_texts(pattern: str) -> tuple[str, str]:
    """Return a text with which every match begins, and one that it contains; empty when not plain to see.

    Knows only a sequence: before anything else (an alternative, a flag, a quoted run) it gives up. What
    begins the match begins the text, because only a pattern with `^` in front has such a one.
    """
    prefix = best = run = ""
    anchored = pattern.startswith("^")
    at = int(anchored)
    while at < len(pattern):
        atom = _ATOM.match(pattern, at)
        if atom is None:
            return "", ""
        at = _end_of_group(pattern, at) if atom["group"] else atom.end()
        if at < 0:
            return "", ""
        quantifier = _QUANTIFIER.match(pattern, at)
        at = quantifier.end() if quantifier else at
        char = atom["plain"] or atom["escaped"]
        if char and not quantifier:
            run += char
            best = max(best, run, key=len)
            prefix = run if anchored else prefix
        else:
            run, anchored = "", False
    return prefix, best


def _end_of_group(pattern: str, begin: int) -> int:
    """Return the index after the bracket that closes the one at `begin`; -1 when that is not plain to see."""
    if pattern.startswith("(?", begin) and not pattern.startswith("(?:", begin):
        return -1
    depth, at = 0, begin
    while at < len(pattern):
        atom = _ATOM.match(pattern, at)
        if atom is None and pattern[at] == "\\":
            return -1
        if pattern[at] in "()":
            depth += 1 if pattern[at] == "(" else -1
            at += 1
            if not depth:
                return at
        else:
            at = atom.end() if atom else at + 1
    return -1


def _compile(pattern: str, ignore_case: bool, never_capture: bool) -> re2._Regexp:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.max_mem = MEMORY
    options.case_sensitive = not ignore_case
    options.never_capture = never_capture
    return re2.compile(pattern.encode("latin-1"), options)
