"""Tell why a request matched the rule it matched: every rule, condition and value that was tried.

For people, at a terminal; `rules.evaluate` is the quick way to the same decision. Request text is shown
with control characters escaped (a header must not paint on the operator's screen), and credentials are not
shown at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rules.actions import Action, FixedResponse, Forward, Redirect
from rules.conditions import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryPair,
    QueryString,
    SourceIp,
)
from rules.matching import (
    Pairs,
    address_version,
    compile_condition,
    compile_pair,
    header_names,
    parse_address,
    query_pairs,
)
from rules.patterns import parse_pattern, prefix_of
from rules.request import RequestHead
from rules.ruleset import Decision, Rule, RuleSet
from rules.writing import write_action

_SECRET_HEADERS = (b"authorization", b"cookie", b"proxy-authorization", b"x-amzn-oidc-")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class ValueTrace:
    """One value of a condition: did it match, and if not, why."""

    value: str
    matched: bool
    why: str = ""

    def __str__(self) -> str:
        return f"{_word(self.matched)} {self.value}{f'  ({self.why})' if self.why else ''}"


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """One condition: what it looked at, and its values, of which one must match."""

    field: str
    seen: str
    values: tuple[ValueTrace, ...]

    @property
    def matched(self) -> bool:
        """Tell whether any value matched."""
        return any(value.matched for value in self.values)

    def __str__(self) -> str:
        lines = [f"{_word(self.matched)} {self.field}: {self.seen}"]
        return "\n".join([*lines, *(f"      {value}" for value in self.values)])


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule that was tried: all its conditions must match. Priority 0 is the default rule."""

    priority: int
    conditions: tuple[ConditionTrace, ...]
    does: str

    @property
    def matched(self) -> bool:
        """Tell whether every condition matched."""
        return all(condition.matched for condition in self.conditions)

    def __str__(self) -> str:
        title = f"rule {self.priority}" if self.priority else "default rule"
        verdict = f"MATCHES -> {self.does}" if self.matched else "does not match"
        return "\n".join([f"{title} {verdict}", *(f"  {condition}" for condition in self.conditions)])


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole story of one evaluation; `str()` of it is for a terminal."""

    request: str
    rules: tuple[RuleTrace, ...]
    """Those tried, the last of them the one that matched."""
    decision: Decision
    untried: int
    """How many rules come after the one that matched, the default rule not counted."""

    def __str__(self) -> str:
        lines = [self.request, *map(str, self.rules)]
        if self.untried:
            lines.append(f"{self.untried} later {'rule' if self.untried == 1 else 'rules'} not tried")
        return "\n".join(lines)


def explain(ruleset: RuleSet, head: RequestHead) -> Trace:
    """Evaluate `head` slowly, writing down what was tried and why it did or did not match."""
    tried: list[RuleTrace] = []
    for rule in (*ruleset.rules, ruleset.default):
        tried.append(_trace_rule(rule, head))
        if tried[-1].matched:
            break
    decision = ruleset.find(head)
    return Trace(_request_line(head), tuple(tried), decision, max(0, len(ruleset.rules) - len(tried)))


def describe_action(action: Action) -> str:
    """Return what an action does, in a few words."""
    match action:
        case Forward(target_groups=groups):
            shares = [
                group.name if len(groups) == 1 else f"{group.name} ({group.weight})" for group in groups
            ]
            return f"forward to {', '.join(shares)}"
        case Redirect():
            template = f"{action.protocol}://{action.host}:{action.port}{action.path}"
            return f"redirect {action.status_code} to {template}{'?' if action.query else ''}{action.query}"
        case FixedResponse():
            return f"fixed-response {action.status_code}"
        case _:
            return str(write_action(action)["Type"])


def _trace_rule(rule: Rule, head: RequestHead) -> RuleTrace:
    conditions = tuple(_trace_condition(condition, head) for condition in rule.conditions)
    does = ", then ".join(describe_action(action) for action in (rule.pre_action, rule.routing) if action)
    return RuleTrace(rule.priority, conditions, does)


def _trace_condition(condition: Condition, head: RequestHead) -> ConditionTrace:
    match condition:
        case HostHeader():
            return _trace_text(condition, head, head.host, condition.field)
        case PathPattern():
            return _trace_text(condition, head, head.path, condition.field)
        case HttpHeader():
            return _trace_header(condition, head)
        case HttpRequestMethod():
            values = (_trace_method(value, head.method) for value in condition.values)
            return ConditionTrace(condition.field, show(head.method), tuple(values))
        case QueryString():
            pairs = query_pairs(head.query)
            return ConditionTrace(
                condition.field,
                show(head.query),
                tuple(_trace_pair(pair, pairs) for pair in condition.values),
            )
        case SourceIp():
            return ConditionTrace(condition.field, show(head.peer), tuple(_trace_blocks(condition, head)))


TextCondition = HostHeader | PathPattern | HttpHeader


def _trace_text(condition: TextCondition, head: RequestHead, seen: str, field: str) -> ConditionTrace:
    traces: list[ValueTrace] = []
    for value in condition.values:
        matched = _holds(replace(condition, values=(value,)), head)
        traces.append(ValueTrace(show(value), matched, "" if matched else _why_not(condition, value, seen)))
    for regex in condition.regex_values:
        matched = _holds(replace(condition, regex_values=(regex,)), head)
        traces.append(ValueTrace(f"regex {show(regex)}", matched))
    return ConditionTrace(field, show(seen), tuple(traces))


def _holds(condition: Condition, head: RequestHead) -> bool:
    return compile_condition(condition, header_names([condition]))(head, {})


def _why_not(condition: TextCondition, value: str, seen: str) -> str:
    """Return what commonly is at the bottom of a value that does not match."""
    begins = prefix_of(parse_pattern(value))
    if isinstance(condition, PathPattern) and value.lower() == seen.lower():
        return "the case differs; paths are case-sensitive"
    if isinstance(condition, HostHeader) and value.lower() == f"*.{seen}":
        return f"*.{seen} does not include {seen} itself"
    if begins == value and seen.startswith(value):
        return "the whole text must match; end the value with * for what begins with it"
    if begins.endswith("/") and value == f"{begins}*" and seen == begins[:-1]:
        return "the slash is missing; list the path without it as another value"
    return ""


def _trace_header(condition: HttpHeader, head: RequestHead) -> ConditionTrace:
    name = condition.name.lower().encode("latin-1")
    field = f"{condition.field} {condition.name}"
    values = [value.decode("latin-1") for value in head.header_values(name)]
    if name.startswith(_SECRET_HEADERS) and values:
        hidden = replace(_trace_text(condition, head, "", field), seen="(not shown)")
        return replace(hidden, values=tuple(replace(value, why="") for value in hidden.values))
    if not values:
        texts = (*map(show, condition.values), *(f"regex {show(regex)}" for regex in condition.regex_values))
        return ConditionTrace(field, "not sent", tuple(ValueTrace(text, False) for text in texts))
    trace = _trace_text(condition, head, values[0], field)
    return replace(trace, seen=" and ".join(map(show, values)))


def _trace_method(value: str, seen: str) -> ValueTrace:
    near = value != seen and value == seen.upper()
    return ValueTrace(value, value == seen, "the case differs; methods are case-sensitive" if near else "")


def _trace_pair(pair: QueryPair, pairs: Pairs) -> ValueTrace:
    matched = compile_pair(pair)(pairs)
    why = ""
    if not matched and pair.key is not None:
        has_key = compile_pair(QueryPair("*", pair.key))(pairs)
        why = "the key has another value" if has_key else "no such key"
    return ValueTrace(show(str(pair)), matched, why)


def _trace_blocks(condition: SourceIp, head: RequestHead) -> Iterable[ValueTrace]:
    version = address_version(parse_address(head.peer))
    for value in condition.values:
        matched = _holds(SourceIp((value,)), head)
        why = "the peer has no IP address" if not version else ""
        if version and not matched and (":" in value) != (version == 6):
            why = f"the peer's address is IPv{version}"
        yield ValueTrace(value, matched, why)


def _request_line(head: RequestHead) -> str:
    origin = f"{head.scheme}://{_clean(head.authority or head.host)}"
    return f"{_clean(head.method)} {origin}{_clean(head.target)} from {_clean(head.peer)}"


def show(text: str) -> str:
    """Return `text` in quotes, control and non-ASCII characters escaped, shortened when very long."""
    return f'"{_clean(text)}"'


def _clean(text: str) -> str:
    safe = "".join(char if " " <= char <= "~" else f"\\x{ord(char):02x}" for char in text[:_LONGEST])
    return safe if len(text) <= _LONGEST else f"{safe}... ({len(text)} characters)"


def _word(matched: bool) -> str:
    return "yes" if matched else "no "
