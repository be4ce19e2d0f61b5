"""Read `Transforms` of a rule. Source: elbv2 `RuleTransform`, `RewriteConfig`."""

from __future__ import annotations

from rules.reading import Section
from rules.regexes import REWRITE_PROGRAM, compile_rewrite, find_regex_fault
from rules.transforms import HostHeaderRewrite, Rewrite, Transform, UrlRewrite, group_references

_CONFIGS = {"host-header-rewrite": "HostHeaderRewriteConfig", "url-rewrite": "UrlRewriteConfig"}
_KINDS: dict[str, type[Transform]] = {"host-header-rewrite": HostHeaderRewrite, "url-rewrite": UrlRewrite}


def read_transforms(rule: Section) -> tuple[Transform, ...]:
    """Return the transforms of a rule, in the order written; problems go to the section's scope."""
    found: list[Transform] = []
    seen: set[str] = set()
    for section in rule.sections("Transforms", ("Type", *_CONFIGS.values())):
        kind = section.choice("Type", tuple(_CONFIGS), required=True)
        if kind is None:
            continue
        if kind in seen:
            section.report("ValidationError", f"a rule can have only one {kind} transform", "Type")
        seen.add(kind)
        rewrites = _read_config(section, kind)
        if rewrites:
            found.append(_KINDS[kind](rewrites))
    return tuple(found)


def _read_config(section: Section, kind: str) -> tuple[Rewrite, ...]:
    for other, config in _CONFIGS.items():
        if other != kind and section.has(config):
            section.report("ValidationError", f"{config} does not belong to {kind}", config)
    inner = section.section(_CONFIGS[kind], ("Rewrites",), required=True)
    if inner is None:
        return ()
    sections = inner.sections("Rewrites", ("Regex", "Replace"), required=True)
    limit = section.scope.limits.rewrites_per_transform
    if len(sections) > limit:
        inner.report("ValidationError", f"at most {limit} rewrites; these are {len(sections)}", "Rewrites")
    return tuple(rewrite for rewrite in map(_read_rewrite, sections) if rewrite is not None)


def _read_rewrite(section: Section) -> Rewrite | None:
    longest = section.scope.limits.rewrite
    regex = section.text("Regex", required=True, longest=longest)
    replace = section.text("Replace", required=True, longest=longest, empty=True)
    if regex is None or replace is None:
        return None
    fault = find_regex_fault(regex, program=REWRITE_PROGRAM)
    if fault:
        section.report("InvalidRegex", fault, "Regex")
        return None
    if any(not " " <= char <= "~" for char in replace):
        section.report("ValidationError", "may hold visible ASCII characters only", "Replace")
        return None
    groups = compile_rewrite(regex, False).groups
    missing = [number for number in group_references(replace) if number > groups]
    if missing:
        message = f"${missing[0]} refers to a group that Regex does not have; it has {groups}"
        section.report("ValidationError", message, "Replace")
        return None
    return Rewrite(regex, replace)
