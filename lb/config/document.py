"""A YAML file as plain values plus the place of each of them.

PyYAML composes the nodes (its C parser: 2,000 rules in 0.2 s); this module walks them into dicts, lists
and scalars and remembers line and column by path, so that a problem found later by anybody can be shown
where it is. Duplicate keys, aliases that multiply beyond measure, tags and multi-document files are
refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from lb.config.environment import Expander
from lb.config.problems import ConfigProblem, InvalidConfig, Place
from lb.config.scalars import read_scalar

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 250_000
"""After aliases are followed: nine lists of nine aliases each are a billion values in a kilobyte."""
MAX_DEPTH = 64

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class Mark:
    """A position in the file, counted from 1; line 0 is the file as a whole."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """The values of one file, where they stand, and what was wrong with reading them."""

    file: str
    value: object = None
    problems: list[ConfigProblem] = field(default_factory=list)
    warnings: list[ConfigProblem] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    """The file itself and the secret files it refers to."""
    _marks: dict[Place, Mark] = field(default_factory=dict, repr=False)
    _key_marks: dict[Place, Mark] = field(default_factory=dict, repr=False)
    _spoilt: set[Place] = field(default_factory=set, repr=False)
    """Scalars that could not be read: what follows from that is not told on top."""

    def locate(self, where: Place, *, key: bool = False) -> Mark:
        """Return the mark of the value (or of its key) at `where`, or of the nearest thing around it."""
        if key and where in self._key_marks:
            return self._key_marks[where]
        for length in range(len(where), -1, -1):
            mark = self._marks.get(where[:length])
            if mark is not None:
                return mark
        return Mark(0, 0)

    def report(self, where: Place, code: str, message: str, *, key: bool = False) -> None:
        """Note a problem at `where`."""
        if where in self._spoilt:
            return
        self._add(self.locate(where, key=key), code, message, "error")

    def warn(self, where: Place, code: str, message: str, *, key: bool = False) -> None:
        """Note a warning at `where`."""
        self._add(self.locate(where, key=key), code, message, "warning")

    def spoil(self, where: Place, code: str, message: str) -> None:
        """Note a problem with reading the scalar at `where`; later problems there are consequences."""
        self.report(where, code, message)
        self._spoilt.add(where)

    def _add(self, mark: Mark, code: str, message: str, severity: str) -> None:
        problem = ConfigProblem(self.file, mark.line, mark.column, code, message, severity)
        (self.warnings if severity == "warning" else self.problems).append(problem)


def read_document(path: Path, environ: Mapping[str, str]) -> Document:
    """Read the YAML file at `path`.

    Problems with single values are in the document's `problems`; raises `InvalidConfig` when there is no
    document to speak of (missing, not text, not YAML).
    """
    expander = Expander(environ, path.absolute().parent)
    document = parse_document(_read_text(path), file=str(path), expander=expander)
    document.files = [path.absolute(), *expander.files]
    return document


def parse_document(text: str, *, file: str, expander: Expander) -> Document:
    """Parse YAML text; like `read_document`."""
    document = Document(file)
    root = _compose(text, file)
    if root is None:
        raise _refuse(file, "EmptyFile", "the file is empty; `albacore init` writes one to start from")
    document.value = _Walk(document, expander).value(root, (), 0)
    return document


def _refuse(file: str, code: str, message: str, mark: Mark = Mark(0, 0)) -> InvalidConfig:
    return InvalidConfig([ConfigProblem(file, mark.line, mark.column, code, message)])


def _read_text(path: Path) -> str:
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refuse(
            file, "FileNotFound", "no such file; `albacore init` writes one to start from"
        ) from None
    except IsADirectoryError:
        raise _refuse(file, "FileNotReadable", "is a directory; name the YAML file in it") from None
    except OSError as error:
        raise _refuse(file, "FileNotReadable", f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise _refuse(file, "FileTooLarge", f"larger than {MAX_BYTES} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise _refuse(file, "NotUtf8", "not UTF-8 text", Mark(line, column)) from None


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(text, file, error) from None
    except yaml.reader.ReaderError as error:
        mark = _mark_at(text, error.position)
        raise _refuse(
            file, "NotYaml", f"control character #x{error.character:02x} in the file", mark
        ) from None
    return node


def _mark_at(text: str, position: int) -> Mark:
    return Mark(text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position))


_HINTS = {
    "found character that cannot start any token": "a value cannot start with this: put it in quotes",
    "mapping values are not allowed in this context": "`: ` does not fit here: check indentation and quotes",
    "block sequence entries are not allowed in this context": "`- ` does not fit here: check the indentation",
    "did not find expected key": "a key is expected here: check the indentation",
    "did not find expected '-' indicator": "a list item (`- `) is expected here: check the indentation",
    "could not find expected ':'": "a `:` is missing after the key on the line before",
    "found unexpected end of stream": "a quote is opened and never closed",
    "but found another document": "only one document is allowed: take out the `---`",
    "found undefined alias": "this alias (`*name`) has no anchor (`&name`) before it",
}


def _syntax_error(text: str, file: str, error: yaml.MarkedYAMLError) -> InvalidConfig:
    found = error.problem_mark or error.context_mark
    if error.context == "while scanning a quoted scalar":
        found = error.context_mark  # where the quote opens; the end of the file says nothing
    mark = Mark(found.line + 1, found.column + 1) if found else Mark(0, 0)
    lines = text.splitlines()
    line = lines[mark.line - 1] if 0 < mark.line <= len(lines) else ""
    if "\t" in line[: max(mark.column, len(line) - len(line.lstrip()))]:
        tab = Mark(mark.line, line.index("\t") + 1)
        return _refuse(file, "TabInIndentation", "a tab: YAML wants spaces for indentation", tab)
    if "${" in line and "{" in line.split("${", 1)[0]:
        return _refuse(file, "UnquotedReference", 'inside `{ }`, write references in quotes: "${NAME}"', mark)
    problem = error.problem or "cannot be parsed"
    return _refuse(file, "NotYaml", f"not YAML: {_HINTS.get(problem, problem)}", mark)


class _Walk:
    """Turns composed nodes into values, once per file."""

    def __init__(self, document: Document, expander: Expander) -> None:
        self._document = document
        self._expander = expander
        self._open: set[int] = set()
        self._count = 0

    def value(self, node: yaml.Node, where: Place, depth: int) -> object:
        self._count += 1
        mark = _mark_of(node)
        if self._count > MAX_NODES:
            raise _refuse(
                self._document.file, "TooManyValues", f"aliases make more than {MAX_NODES} values", mark
            )
        self._document._marks[where] = mark
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, where)
        if id(node) in self._open or depth > MAX_DEPTH:
            self._document.report(
                where, "EndlessNesting", "nested too deeply, or an alias to what it stands in"
            )
            return None
        self._open.add(id(node))
        try:
            return self._collection(node, where, depth + 1)
        finally:
            self._open.discard(id(node))

    def _collection(self, node: yaml.Node, where: Place, depth: int) -> object:
        if isinstance(node, yaml.MappingNode):
            if node.tag != "tag:yaml.org,2002:map":
                self._tag(node, where)
            return self._mapping(node, where, depth)
        assert isinstance(node, yaml.SequenceNode)
        if node.tag != "tag:yaml.org,2002:seq":
            self._tag(node, where)
        return [self.value(item, (*where, index), depth) for index, item in enumerate(node.value)]

    def _tag(self, node: yaml.Node, where: Place) -> None:
        reading = read_scalar(node.tag, "")
        self._document.report(where, "UnknownTag", reading.message or f"tag `{node.tag}` does not fit here")

    def _scalar(self, node: yaml.ScalarNode, where: Place) -> object:
        reading = read_scalar(node.tag, node.value)
        if reading.code:
            add = self._document.warn if reading.severity == "warning" else self._document.spoil
            add(where, reading.code, reading.message)
        if isinstance(reading.value, str) and "${" in reading.value:
            return self._expander.expand(
                reading.value, lambda code, message: self._document.spoil(where, code, message)
            )
        return reading.value

    def _mapping(self, node: yaml.MappingNode, where: Place, depth: int) -> dict[str, object]:
        own: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged |= self._merge(value_node, where, depth)
                continue
            key = self._key(key_node, where)
            if key is None:
                continue
            place = (*where, key)
            mark = _mark_of(key_node)
            if key in own:
                first = self._document._key_marks[place].line
                message = f"`{key}` is given twice, first on line {first}: take one out"
                self._document._add(mark, "DuplicateKey", message, "error")
                continue
            self._document._key_marks[place] = mark
            own[key] = self.value(value_node, place, depth)
        return merged | own

    def _key(self, node: yaml.Node, where: Place) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self._document._add(_mark_of(node), "BadKey", "a key must be plain text", "error")
        return None

    def _merge(self, node: yaml.Node, where: Place, depth: int) -> dict[str, object]:
        """`<<`: members of another mapping (or of several; the first wins), beneath the mapping's own."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        result: dict[str, object] = {}
        for source in reversed(sources):
            if isinstance(source, yaml.MappingNode) and id(source) not in self._open:
                self._open.add(id(source))
                result |= self._mapping(source, where, depth)
                self._open.discard(id(source))
            else:
                self._document._add(_mark_of(source), "BadMerge", "`<<` takes a mapping", "error")
        return result


def _mark_of(node: yaml.Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)
