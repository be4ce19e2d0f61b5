"""Read `Conditions` of a rule: shapes, alphabets, lengths and quotas of the six kinds.

Source: elbv2 `RuleCondition`, ELB user guide "Condition types for listener rules". What AWS refuses
although it has a meaning here (`localhost` as a host, `%2F` in a path) is an error in the AWS profile and a
warning in the relaxed one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_interface, ip_network

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
from rules.patterns import count_wildcards
from rules.problems import Place
from rules.reading import Section
from rules.regexes import find_regex_fault

_HOST_AWS = re.compile(r"[A-Za-z0-9.*?-]+")
_HOST_HERE = re.compile(r"[A-Za-z0-9_.*?-]+|\[[0-9A-Fa-f:.*?]+\]")
_PATH_AWS = re.compile(r"[A-Za-z0-9_\-.$/~\"'@:+&*?]+")
_PATH_HERE = re.compile(r"[!-\"$-\[\]-~]+")
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[ -~]+")
_METHOD = re.compile(r"[A-Z_-]+")
_QUERY = re.compile(r"(?:[!-\[\]-~]|\\[*?\\])+")

Reader = Callable[[Section], Condition | None]


def read_conditions(rule: Section) -> tuple[Condition, ...]:
    """Return the conditions of a rule, in the order written; problems go to the section's scope."""
    sections = rule.sections("Conditions", _MEMBERS, required=True)
    conditions = [(section, read_condition(section)) for section in sections]
    found = tuple(condition for _, condition in conditions if condition is not None)
    _check_multiplicity(conditions)
    _check_quotas(rule, found)
    return found


def read_condition(section: Section) -> Condition | None:
    """Return the condition that a section describes, or None when it cannot be told."""
    field = section.choice("Field", tuple(_FIELDS), required=True)
    if field is None:
        return None
    config, reader = _FIELDS[field]
    for other in _CONFIGS:
        if other != config and section.has(other):
            section.report("ValidationError", f"{other} does not belong to {field}; use {config}", other)
    condition = reader(section)
    if condition is not None:
        _check_evaluations(section, condition)
    return condition


def evaluations_of(condition: Condition) -> int:
    """Return how many match evaluations a condition costs, as AWS counts: one per value."""
    return len(condition.values) + len(getattr(condition, "regex_values", ()))


def wildcards_of(condition: Condition) -> int:
    """Return how many wildcard characters a condition's values hold."""
    match condition:
        case QueryString(values=pairs):
            texts = [text for pair in pairs for text in (pair.key or "", pair.value)]
            return sum(count_wildcards(text, escapes=True) for text in texts)
        case HostHeader(values=values) | PathPattern(values=values) | HttpHeader(values=values):
            return sum(map(count_wildcards, values))
        case _:
            return 0


def _check_multiplicity(conditions: list[tuple[Section, Condition | None]]) -> None:
    seen: Counter[str] = Counter()
    for section, condition in conditions:
        if condition is None or isinstance(condition, HttpHeader | QueryString):
            continue
        seen[condition.field] += 1
        if seen[condition.field] > 1:
            message = f"a rule can have only one {condition.field} condition; list its values in that one"
            section.report("ValidationError", message)


def _check_evaluations(section: Section, condition: Condition) -> None:
    limits = section.scope.limits
    limit = limits.evaluations_per_condition
    if isinstance(condition, SourceIp):
        limit = limits.evaluations_per_rule
    count = evaluations_of(condition)
    if count > limit:
        section.report("TooManyValues", f"a condition can have at most {limit} values; this has {count}")


def _check_quotas(rule: Section, conditions: tuple[Condition, ...]) -> None:
    limits = rule.scope.limits
    evaluations = sum(map(evaluations_of, conditions))
    if evaluations > limits.evaluations_per_rule:
        message = (
            f"a rule can have at most {limits.evaluations_per_rule} condition values; this has {evaluations}"
        )
        rule.report("TooManyValues", message, "Conditions")
    wildcards = sum(map(wildcards_of, conditions))
    if wildcards > limits.wildcards_per_rule:
        message = f"a rule can have at most {limits.wildcards_per_rule} wildcards; this has {wildcards}"
        rule.report("TooManyWildcards", message, "Conditions")


@dataclass(frozen=True, slots=True)
class _Value:
    """One text of a list, and where it stands."""

    section: Section
    at: Place
    text: str

    def report(self, message: str, code: str = "ValidationError") -> None:
        self.section.report(code, message, *self.at)

    def warn(self, message: str, code: str = "AwsRefuses") -> None:
        self.section.warn(code, message, *self.at)

    def refuse_as_aws(self, message: str) -> None:
        """Note what AWS refuses: an error in the AWS profile, else a warning."""
        if self.section.scope.limits.strict:
            self.report(message)
        else:
            self.warn(f"{message}; AWS refuses this, albacore matches it")


def _texts(section: Section, inner: Section | None, longest: int) -> tuple[list[_Value], list[_Value]] | None:
    """Return the values and the regexes of a condition on one text, or None when there are none or both."""
    places = [place for place in (inner, section) if place is not None]
    regexes = _list(places, "RegexValues", section.scope.limits.regex)
    values = _list(places, "Values", longest)
    for regex in regexes:
        fault = find_regex_fault(regex.text)
        if fault:
            regex.report(fault, "InvalidRegex")
    if values and regexes:
        section.report("ValidationError", "Values and RegexValues exclude each other within one condition")
    elif not any(place.has(name) for place in places for name in ("Values", "RegexValues")):
        section.report("MissingMember", "A condition value must be specified, in Values or RegexValues")
    return None if bool(values) == bool(regexes) else (values, regexes)


def _list(places: list[Section], name: str, longest: int) -> list[_Value]:
    lists = [
        [_Value(place, (name, at), text) for at, text in place.texts(name, required=True, longest=longest)]
        for place in places
        if place.has(name)
    ]
    # Describe calls show values twice, in the config and beside it; their output must be readable again.
    if len(lists) == 2 and [value.text for value in lists[0]] != [value.text for value in lists[1]]:
        places[-1].report("ValidationError", f"{name} here and in the config differ; give them once", name)
    return lists[0] if lists else []


def _as_texts(values: Iterable[_Value]) -> tuple[str, ...]:
    return tuple(value.text for value in values)


def _read_host(section: Section) -> Condition | None:
    inner = section.section("HostHeaderConfig", _CONFIGS["HostHeaderConfig"])
    texts = _texts(section, inner, section.scope.limits.host)
    if texts is None:
        return None
    for value in texts[0]:
        _check_host(value)
    return HostHeader(_as_texts(texts[0]), _as_texts(texts[1]))


def _check_host(value: _Value) -> None:
    text = value.text
    if re.search(r":\d*$", text) and "[" not in text:
        value.report("a host-header condition sees the host without its port; leave the port out")
    elif not _HOST_HERE.fullmatch(text):
        value.report("a host may hold letters, digits, hyphens, dots and the wildcards * and ?")
    elif not _HOST_AWS.fullmatch(text):
        value.refuse_as_aws("the host has characters other than letters, digits, hyphens, dots and wildcards")
    elif "." not in text:
        value.refuse_as_aws("the host has no dot")
    elif not re.fullmatch(r"[A-Za-z]*", text.rpartition(".")[2]):
        value.refuse_as_aws("after its last dot the host has something other than letters")


def _read_path(section: Section) -> Condition | None:
    inner = section.section("PathPatternConfig", _CONFIGS["PathPatternConfig"])
    texts = _texts(section, inner, section.scope.limits.path)
    if texts is None:
        return None
    for value in texts[0]:
        if not _PATH_HERE.fullmatch(value.text):
            value.report("a path may not hold spaces, #, backslashes, control or non-ASCII characters")
        elif not _PATH_AWS.fullmatch(value.text):
            value.refuse_as_aws("the path has characters other than letters, digits and _-.$/~\"'@:+&*?")
    return PathPattern(_as_texts(texts[0]), _as_texts(texts[1]))


def _read_header(section: Section) -> Condition | None:
    config = "HttpHeaderConfig"
    if section.has("Values"):
        section.report("ValidationError", f"Values does not belong here; use {config}.Values", "Values")
    inner = section.section(config, _CONFIGS[config], required=True)
    if inner is None:
        return None
    name = inner.text("HttpHeaderName", required=True)
    if name is not None:
        _check_header_name(inner, name, section.scope.limits.header_name)
    texts = _texts(section, inner, section.scope.limits.header_value)
    if texts is None or name is None:
        return None
    for value in texts[0]:
        if not _HEADER_VALUE.fullmatch(value.text):
            value.report("a header value may hold visible ASCII characters and spaces only")
    return HttpHeader(name, _as_texts(texts[0]), _as_texts(texts[1]))


def _check_header_name(section: Section, name: str, longest: int) -> None:
    if len(name) > longest:
        message = f"The 'HttpHeaderName' value is too long; the limit is '{longest}'"
        section.report("ValidationError", message, "HttpHeaderName")
    elif not _HEADER_NAME.fullmatch(name):
        section.report(
            "ValidationError", "is not a header name (wildcards work in values only)", "HttpHeaderName"
        )
    elif name.lower() == "host":
        section.report("ValidationError", "use a host-header condition for the Host header", "HttpHeaderName")


def _config_only(section: Section, config: str) -> Section | None:
    """Return the config of a condition that has no shorthand."""
    for name in ("Values", "RegexValues"):
        if section.has(name):
            section.report("ValidationError", f"{name} does not belong here; use {config}.Values", name)
    return section.section(config, _CONFIGS[config], required=True)


def _values_only(section: Section, config: str, longest: int) -> list[_Value]:
    inner = _config_only(section, config)
    if inner is None:
        return []
    texts = inner.texts("Values", required=True, longest=longest)
    return [_Value(inner, ("Values", at), text) for at, text in texts]


def _read_method(section: Section) -> Condition | None:
    values = _values_only(section, "HttpRequestMethodConfig", section.scope.limits.method)
    for value in values:
        if not _METHOD.fullmatch(value.text):
            value.report("the allowed characters of a method are A-Z, hyphen and underscore")
    return HttpRequestMethod(_as_texts(values)) if values else None


def _read_source(section: Section) -> Condition | None:
    values = _values_only(section, "SourceIpConfig", 0)
    for value in values:
        _check_block(value)
    return SourceIp(_as_texts(values)) if values else None


def _check_block(value: _Value) -> None:
    text = value.text
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        value.report("is not a CIDR block, such as 10.0.0.0/8 or 2001:db8::/32")
        return
    if "/" not in text:
        value.report(f"must be a CIDR block: {network}")
    elif not text.rpartition("/")[2].isdecimal():
        value.report(f"must give the length of its prefix: {network}")
    elif text == "255.255.255.255/32":
        value.report("255.255.255.255/32 is not a source address")
    elif ip_interface(text).ip != network.network_address:
        value.warn(f"has bits set beyond its prefix; it means {network}", "HostBitsSet")


def _read_query(section: Section) -> Condition | None:
    inner = _config_only(section, "QueryStringConfig")
    pairs = inner.sections("Values", ("Key", "Value"), required=True) if inner else []
    found = tuple(pair for pair in map(_read_pair, pairs) if pair is not None)
    return QueryString(found) if found else None


def _read_pair(section: Section) -> QueryPair | None:
    longest = section.scope.limits.query
    key = section.text("Key", longest=longest)
    value = section.text("Value", required=True, longest=longest)
    for name, text, ends in (("Key", key, "&=#"), ("Value", value, "&#")):
        if text is None:
            continue
        if not _QUERY.fullmatch(text):
            message = "may hold visible ASCII characters; a backslash only before *, ? or another backslash"
            section.report("ValidationError", message, name)
        elif any(char in text for char in ends):
            section.warn(
                "NeverMatches", f"no {name.lower()} of a query holds any of {ends}: they end it", name
            )
    return None if value is None else QueryPair(value, key)


_CONFIGS: Mapping[str, tuple[str, ...]] = {
    "HostHeaderConfig": ("Values", "RegexValues"),
    "PathPatternConfig": ("Values", "RegexValues"),
    "HttpHeaderConfig": ("HttpHeaderName", "Values", "RegexValues"),
    "HttpRequestMethodConfig": ("Values",),
    "QueryStringConfig": ("Values",),
    "SourceIpConfig": ("Values",),
}
_MEMBERS = ("Field", "Values", "RegexValues", *_CONFIGS)
_FIELDS: Mapping[str, tuple[str, Reader]] = {
    PathPattern.field: ("PathPatternConfig", _read_path),
    HostHeader.field: ("HostHeaderConfig", _read_host),
    HttpHeader.field: ("HttpHeaderConfig", _read_header),
    HttpRequestMethod.field: ("HttpRequestMethodConfig", _read_method),
    QueryString.field: ("QueryStringConfig", _read_query),
    SourceIp.field: ("SourceIpConfig", _read_source),
}
