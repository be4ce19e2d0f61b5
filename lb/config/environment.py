"""References inside scalars of the configuration: secrets stay out of the file.

`${NAME}` is an environment variable, `${NAME:-default}` one with a default (also used when the variable
is empty, as in a shell), `${file:path}` the content of a file without its last line break (Docker and
Kubernetes mount secrets that way; relative paths count from the configuration file). `$${` is a literal
`${`. What a reference gives is always text, and is never looked into again, so a value cannot smuggle in
another reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MAX_SECRET_FILE = 65536

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<body>[^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Expander:
    """Resolves the references of one configuration file."""

    environ: Mapping[str, str]
    folder: Path
    files: list[Path] = field(default_factory=list)
    """Files that were read, so that a change of one can reload the configuration."""

    def expand(self, text: str, report: Callable[[str, str], None]) -> str:
        """Return `text` with every reference replaced; `report(code, message)` is called for each that
        cannot be.
        """
        return _REFERENCE.sub(lambda match: self._replace(match, report), text)

    def _replace(self, match: re.Match[str], report: Callable[[str, str], None]) -> str:
        if match.group() == "$${":
            return "${"
        body = match.group("body")
        if body is None:
            report("BadReference", "`${` without `}`; write `$${` for a literal `${`")
            return match.group()
        if body.startswith("file:"):
            return self._read(body.removeprefix("file:"), report)
        return self._variable(body, report)

    def _variable(self, body: str, report: Callable[[str, str], None]) -> str:
        name, separator, default = body.partition(":-")
        if not _NAME.match(name):
            report(
                "BadReference",
                f"`${{{body}}}` is not a reference: `${{NAME}}`, `${{NAME:-default}}` or `${{file:path}}`",
            )
            return ""
        value = self.environ.get(name, "")
        if value or (name in self.environ and not separator):
            return value
        if separator:
            return default
        report(
            "VariableNotSet",
            f"environment variable {name} is not set; set it or write `${{{name}:-default}}`",
        )
        return ""

    def _read(self, name: str, report: Callable[[str, str], None]) -> str:
        path = self.folder / name
        self.files.append(path)
        try:
            with path.open("rb") as file:
                content = file.read(MAX_SECRET_FILE + 1)
        except OSError as error:
            report("FileNotReadable", f"cannot read {path}: {error.strerror}")
            return ""
        if len(content) > MAX_SECRET_FILE:
            report("FileTooLarge", f"{path} is larger than {MAX_SECRET_FILE} bytes: not a secret")
            return ""
        try:
            return content.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            report("FileNotText", f"{path} is not UTF-8 text")
            return ""
