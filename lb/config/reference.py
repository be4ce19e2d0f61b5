"""docs/config.md: a row for every key, printed from the models and the attribute tables.

`python -m lb.config.reference > docs/config.md`; a test fails when the page is not what this prints.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from lb.config import attributes, models, rule_shapes
from lb.imports import import_attribute
from lb.security_policies import POLICIES

POOL_SECTIONS = "idp.config.schema:sections"

INTRODUCTION = """\
# Configuration

<!-- Printed by `python -m lb.config.reference`. -->

One YAML file in CloudFormation's property names; where AWS has an ARN, a name will do. `albacore
init` writes a commented one, `albacore check` names every problem with its line and column,
`albacore schema` prints a JSON Schema for editors (`# yaml-language-server:
$schema=albacore.schema.json`).

A running process takes a changed file up by itself, or on SIGHUP. A file with problems changes
nothing, and the problems are in the log. `DataDirectory`, `AccessLog`, `ConnectionLog` and the load
balancer's ARN cannot change while running; with several workers, both logs can.

- **Paths** count from the folder of the file.
- **References**: `${NAME}` is an environment variable, `${NAME:-default}` one with a default,
  `${file:path}` the content of a file without its last line break, `${base64:path}` that of any file
  as base64 (images of pages). They stand for text inside any value; what they give is not looked
  into again. `$${` is a literal `${`. Inside `{ }` they need quotes.
- **YAML**: `true` and `false` are the booleans; `yes`, `no`, `on`, `off` are text, with a warning.
  Numbers are plain decimal digits: `010` and `1:30` are refused, because other tools read them as 8
  and 90. Dates are text. A key given twice is a problem. Anchors, aliases and `<<` work.
- **Properties that mean nothing outside AWS** (`Tags`, `VpcId`, `Subnets`...) are accepted with a
  warning.

Exit statuses: 0 stopped as told, 1 the configuration has problems, 2 wrong usage, 3 a port, file or
database could not be opened, 4 a bug.
"""

_SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("The file", models.ConfigFile),
    ("LoadBalancer", models.LoadBalancerSection),
    ("Listeners", models.ListenerSection),
    ("Certificates", models.CertificateSection),
    ("MutualAuthentication", models.MutualAuthenticationSection),
    ("TargetGroups", models.TargetGroupSection),
    ("Targets", models.TargetSection),
    ("Matcher", models.MatcherSection),
    ("TrustStores", models.TrustStoreSection),
    ("PoolServer", models.PoolServerSection),
    ("Smtp", models.SmtpSection),
    ("AccessKeys", models.AccessKeySection),
    ("BreachedPasswords", models.BreachedPasswordsSection),
    ("RateLimits", models.RateLimitsSection),
    ("Requests, Failures, Messages, Attempts", models.RateSection),
    ("Functions", models.FunctionSection),
    ("Sms", models.SmsSection),
    ("Admin", models.AdminSection),
)
_SHAPES: tuple[type[BaseModel], ...] = (
    rule_shapes.Rule,
    rule_shapes.Condition,
    rule_shapes.PatternValues,
    rule_shapes.HttpHeaderConfig,
    rule_shapes.MethodConfig,
    rule_shapes.QueryStringConfig,
    rule_shapes.QueryPair,
    rule_shapes.SourceIpConfig,
    rule_shapes.Action,
    rule_shapes.ForwardConfig,
    rule_shapes.WeightedGroup,
    rule_shapes.Stickiness,
    rule_shapes.RedirectConfig,
    rule_shapes.FixedResponseConfig,
    rule_shapes.AuthenticateCognitoConfig,
    rule_shapes.AuthenticateOidcConfig,
    rule_shapes.JwtValidationConfig,
    rule_shapes.AdditionalClaim,
    rule_shapes.Transform,
    rule_shapes.RewriteConfig,
    rule_shapes.Rewrite,
)
_TABLES: tuple[tuple[str, Mapping[str, attributes.Attribute]], ...] = (
    ("Load balancer attributes", attributes.LOAD_BALANCER),
    ("Listener attributes", attributes.LISTENER),
    ("Target group attributes", attributes.TARGET_GROUP),
)


def build_reference() -> str:
    """Return the page, whole."""
    parts = [INTRODUCTION]
    parts += [_section(title, model, level=2) for title, model in _SECTIONS]
    parts.append("## UserPools\n\nWhat works is in [user pool](user-pool.md); here is a row for every key.\n")
    parts += [_pool_table(title, rows, level=3) for title, rows in import_attribute(POOL_SECTIONS)()]
    parts.append(
        "## Rules and actions\n\nWhat they do is in [rules](rules.md); here is a row for every key.\n"
    )
    parts += [_section(shape.__name__, shape, level=3) for shape in _SHAPES]
    parts.append("## Attributes\n\nA list of `{Key, Value}` as in CloudFormation, or a plain mapping.\n")
    parts += [_attribute_table(title, table) for title, table in _TABLES]
    parts.append("## Security policies\n\nWhat they allow is in [TLS](tls.md).\n")
    parts.append("".join(f"- `{name}`\n" for name in POLICIES))
    return "\n".join(parts)


def _section(title: str, model: type[BaseModel], *, level: int) -> str:
    # Shapes get schemas of their own words; their docstring is the first line under the title.
    schema = model.model_json_schema(by_alias=True)
    required = set(schema.get("required", ()))
    descriptions = {field.alias: field.description or "" for field in model.model_fields.values()}
    rows = [
        _row(f"`{key}`", _type(value), "required" if key in required else _default(value), descriptions[key])
        for key, value in schema["properties"].items()
    ]
    head = _row("Key", "Value", "Default", "Meaning") + _row("---", "---", "---", "---")
    return f"{'#' * level} {title}\n\n{schema['description']}\n\n{head}{''.join(rows)}"


def _pool_table(title: str, rows: Iterable[Any], *, level: int) -> str:
    head = _row("Key", "Value", "", "Meaning") + _row("---", "---", "---", "---")
    cells = (
        _row(f"`{row.key}`", _pool_type(row.kind), "required" if row.is_required else "", row.meaning)
        for row in rows
    )
    return f"{'#' * level} {title}\n\n{head}{''.join(cells)}"


def _pool_type(kind: str) -> str:
    if kind.startswith("["):
        return f"list of {_pool_type(kind[1:-1])}"
    words = {"text": "text", "int": "whole number", "bool": "true, false", "map": "mapping", "any": "mapping"}
    found = [words.get(each) or f"`{each}`" for part in kind.split(",") for each in part.split("|")]
    return (" or " if "," in kind else ", ").join(found)


def _attribute_table(title: str, table: Mapping[str, attributes.Attribute]) -> str:
    head = _row("Key", "Value", "Default", "Supported") + _row("---", "---", "---", "---")
    rows = (
        _row(f"`{each.key}`", each.accepts, f"`{each.default}`" if each.default else "", each.support.value)
        for each in table.values()
    )
    return f"### {title}\n\n{head}{''.join(rows)}"


def _row(*cells: str) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |\n"


def _default(schema: Mapping[str, Any]) -> str:
    value = schema.get("default")
    if value in (None, [], (), {}, "") or isinstance(value, dict):
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _type(schema: Mapping[str, Any]) -> str:
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(
                dict.fromkeys(_type(each) for each in schema[key] if each.get("type") != "null")
            )
    if "$ref" in schema:
        return "mapping"
    if "const" in schema:
        return f"`{json.dumps(schema['const']).strip(chr(34))}`"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    return "".join(_plain_type(schema))


def _plain_type(schema: Mapping[str, Any]) -> Iterator[str]:
    kind = schema.get("type")
    if kind == "integer" and "minimum" in schema:
        yield f"{schema['minimum']} to {schema['maximum']}"
    elif kind == "array":
        yield "list"
        if "maxItems" in schema:
            yield f", up to {schema['maxItems']}"
    else:
        words = {"integer": "whole number", "string": "text", "boolean": "true, false", "object": "mapping"}
        yield words.get(str(kind), str(kind))


if __name__ == "__main__":
    sys.stdout.write(build_reference())
