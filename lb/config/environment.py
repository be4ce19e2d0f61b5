"""References inside scalars of the configuration: secrets stay out of the file.

`${NAME}` is an environment variable, `${NAME:-default}` one with a default (also used when the variable
is empty, as in a shell), `${file:path}` the content of a file without its last line break (Docker and
Kubernetes mount secrets that way; relative paths count from the configuration file). `$${` is a literal
`${`. What a reference gives is always text, and is never looked into again, so a value cannot smuggle in
another reference. `${base64:path}` is the content of any file as base64, for images.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MAX_SECRET_FILE = 65536
MAX_BINARY_FILE = 1_000_000

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
        if body.startswith("base64:"):
            content = self._content(body.removeprefix("base64:"), MAX_BINARY_FILE, report)
            return base64.b64encode(content).decode()
        return self._variable(body, report)

    def _variable(self, body: str, report: Callable[[str, str], None]) -> str:
        name, separator, default = body.partition(":-")
        if not _NAME.match(name):
            report(
                "BadReference",
                f"`${{{body}}}` is not a reference: `${{NAME}}`, `${{NAME:-default}}`, `${{file:path}}` "
                "or `${base64:path}`",
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
        try:
            content = self._content(name, MAX_SECRET_FILE, report).decode()
        except UnicodeDecodeError:
            report("FileNotText", f"{self.folder / name} is not UTF-8 text")
            return ""
        return content.removesuffix("\n").removesuffix("\r")

    def _content(self, name: str, most: int, report: Callable[[str, str], None]) -> bytes:
        """Read a file that is not larger than `most` bytes."""
        path = self.folder / name
        self.files.append(path)
        try:
            with path.open("rb") as file:
                content = file.read(most + 1)
        except OSError as error:
            report("FileNotReadable", f"cannot read {path}: {error.strerror}")
            return b""
        if len(content) > most:
            report("FileTooLarge", f"{path} is larger than {most} bytes")
            return b""
        return content
