"""Settings of pools and clients as forms: out of a description of the API, and back into its members. Pure.

A setting is a place in the API's shapes and the kind of input that changes it. What a form does not hold
stays as the description has it: a description is what its update takes. Every field of a form has a name of
its own, because a repeated one is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from idp.api.errors import ApiError
from idp.api.shapes import operations, read_input
from idp.config.clients import UNITS as SECONDS
from idp.oauth.parameters import Parameters
from idp.pages.i18n import Catalogue

Members = Mapping[str, Any]
Path = tuple[str, ...]
LONGEST: Final = 20_000
UNITS: Final = tuple(SECONDS)
WHOLE: Final = re.compile(r"[0-9]{1,9}")


class Kind(StrEnum):
    """What changes a setting."""

    SWITCH = "switch"
    NUMBER = "number"
    SPAN = "span"
    """A number with its unit, which is a member of its own."""
    TEXT = "text"
    PARAGRAPH = "paragraph"
    LINES = "lines"
    """A list, one entry a line."""
    CHOICE = "choice"
    CHOICES = "choices"
    PRESENCE = "presence"
    """On where the member is there at all."""
    RANKS = "ranks"
    """RecoveryMechanisms: one of some orders."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting."""

    path: Path
    kind: Kind
    options: tuple[str, ...] = ()
    """Of choices; of a span, its unit's default."""
    unit: Path = ()
    """Where a span's unit is."""
    file_key: str = ""
    """What the configuration file calls it, where that is another name."""
    is_spelled: bool = False
    """Its values are shown as they are spelled."""

    @property
    def name(self) -> str:
        """Its name in forms and texts."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Option:
    """One of several values."""

    value: str
    label: str
    chosen: bool
    field: str = ""
    """The name of its own box."""


@dataclass(frozen=True, slots=True)
class Row:
    """A setting as a page shows it."""

    name: str
    kind: str
    label: str
    key: str
    """What the configuration file calls it."""
    value: str
    told: tuple[str, ...]
    """The value in words."""
    options: tuple[Option, ...] = ()
    hint: str = ""
    error: str = ""

    @property
    def id(self) -> str:
        """An id for label and description."""
        return f"set-{self.name.replace('.', '-')}"


class Unfit(Exception):  # noqa: N818 - a state, said plainly
    """A form that cannot be used: what is wrong with which setting, and what with none of them."""

    def __init__(self, errors: Mapping[str, str], others: tuple[str, ...] = ()) -> None:
        super().__init__("; ".join((*errors.values(), *others)))
        self.errors = errors
        self.others = others


def look_up(members: Members, path: Path) -> Any:
    """Return the member at a place, or None."""
    value: Any = members
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def put(members: Members, path: Path, value: Any) -> dict[str, Any]:
    """Return the members with another one at a place; None takes it away."""
    head, *rest = path
    changed = dict(members)
    if rest:
        below = changed.get(head)
        value = put(below if isinstance(below, Mapping) else {}, tuple(rest), value) or None
    changed.pop(head, None)
    return changed if value is None else {**changed, head: value}


def build_members(
    operation: str, described: Members, settings: Iterable[Setting], form: Parameters
) -> dict[str, Any]:
    """Lay a form over a description, and return the input of an operation; raises Unfit."""
    members: dict[str, Any] = dict(described)
    errors: dict[str, str] = {}
    # What is there or not decides after what is in it.
    for setting in sorted(settings, key=lambda each: each.kind is Kind.PRESENCE):
        try:
            for path, value in _READERS[setting.kind](setting, form):
                members = _take(members, setting, path, value)
        except ValueError as error:
            errors[setting.name] = str(error)
    if errors:
        raise Unfit(errors)
    return validate(operation, members, settings)


def _take(members: dict[str, Any], setting: Setting, path: Path, value: Any) -> dict[str, Any]:
    present = look_up(members, path)
    if present is None and _is_default(setting, value):
        return members
    if setting.kind is Kind.PRESENCE and value is not None:
        value = present or value
    return put(members, path, value)


def _is_default(setting: Setting, value: Any) -> bool:
    """Whether a value says what is so without it: a member that was not there need not come."""
    if setting.kind is Kind.PRESENCE:
        return value is None
    return value is False or (setting.kind is Kind.CHOICE and value == setting.options[0])


def validate(operation: str, members: Members, settings: Iterable[Setting] = ()) -> dict[str, Any]:
    """Hold members against the operation's input shape, as the API does; raises Unfit."""
    try:
        return read_input(operations()[operation], members)
    except ApiError as error:
        text = error.message.partition(" detected: ")[2] or error.message
        raise assign(text, settings) from error


def assign(text: str, settings: Iterable[Setting]) -> Unfit:
    """Find the settings that a refusal is about, by the members that it names."""
    known = tuple(settings)
    errors: dict[str, str] = {}
    others: list[str] = []
    for part in filter(None, (part.strip() for part in text.split("; "))):
        named = [setting for setting in known if _is_named(setting.path[-1], part)]
        if named:
            name = max(named, key=lambda setting: len(setting.path[-1])).name
            errors[name] = f"{errors[name]}; {part}" if name in errors else part
        else:
            others.append(part)
    return Unfit(errors, tuple(others))


def _is_named(member: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(member)}(?!\w)", text, re.IGNORECASE) is not None


Read = Iterable[tuple[Path, Any]]


def _read_switch(setting: Setting, form: Parameters) -> Read:
    yield setting.path, form.get(setting.name) == "1"


def _read_number(setting: Setting, form: Parameters) -> Read:
    text = form.text(setting.name).strip()
    if text and not WHOLE.fullmatch(text):
        raise ValueError("console.set.whole_number")
    yield setting.path, int(text) if text else None


def _read_span(setting: Setting, form: Parameters) -> Read:
    yield from _read_number(setting, form)
    unit = form.text(f"{setting.name}:unit")
    yield setting.unit, unit if unit in UNITS and form.text(setting.name).strip() else None


def _read_text(setting: Setting, form: Parameters) -> Read:
    yield setting.path, form.text(setting.name).strip() or None


def _read_paragraph(setting: Setting, form: Parameters) -> Read:
    yield setting.path, form.text(setting.name).replace("\r\n", "\n").strip() or None


def _read_lines(setting: Setting, form: Parameters) -> Read:
    lines = [line.strip() for line in form.text(setting.name).splitlines()]
    yield setting.path, [line for line in lines if line] or None


def _read_choice(setting: Setting, form: Parameters) -> Read:
    value = form.text(setting.name)
    if value not in setting.options:
        raise ValueError("console.set.choose")
    yield setting.path, value


def _read_choices(setting: Setting, form: Parameters) -> Read:
    chosen = [option for option in setting.options if form.get(f"{setting.name}:{option}") == "1"]
    yield setting.path, chosen or None


def _read_presence(setting: Setting, form: Parameters) -> Read:
    yield setting.path, {} if form.get(setting.name) == "1" else None


def _read_ranks(setting: Setting, form: Parameters) -> Read:
    value = form.text(setting.name)
    if value not in setting.options:
        raise ValueError("console.set.choose")
    names = [name for name in value.split(" ") if name]
    yield setting.path, [{"Priority": rank, "Name": name} for rank, name in enumerate(names, 1)] or None


_READERS: Final[Mapping[Kind, Callable[[Setting, Parameters], Read]]] = {
    Kind.SWITCH: _read_switch,
    Kind.NUMBER: _read_number,
    Kind.SPAN: _read_span,
    Kind.TEXT: _read_text,
    Kind.PARAGRAPH: _read_paragraph,
    Kind.LINES: _read_lines,
    Kind.CHOICE: _read_choice,
    Kind.CHOICES: _read_choices,
    Kind.PRESENCE: _read_presence,
    Kind.RANKS: _read_ranks,
}


def rows_of(
    settings: Iterable[Setting],
    described: Members,
    catalogue: Catalogue,
    *,
    form: Parameters | None = None,
    errors: Mapping[str, str] | None = None,
) -> list[Row]:
    """Lay settings out for a page: as they are, or as a refused form had them."""
    rows = []
    for setting in settings:
        values = _present(setting, described) if form is None else _typed(setting, form)
        error = (errors or {}).get(setting.name, "")
        rows.append(_row(setting, values, catalogue, _explain(error, catalogue)))
    return rows


def _row(setting: Setting, values: tuple[str, ...], catalogue: Catalogue, error: str) -> Row:
    return Row(
        name=setting.name,
        kind=setting.kind.value,
        label=catalogue.texts.get(f"console.set.{setting.name}", setting.path[-1]),
        key=setting.file_key or setting.name,
        value="\n".join(values) if setting.kind is Kind.LINES else values[0] if values else "",
        told=_tell(setting, values, catalogue),
        options=_options(setting, values, catalogue),
        hint=catalogue.texts.get(f"console.hint.{setting.name}", ""),
        error=error,
    )


def _explain(error: str, catalogue: Catalogue) -> str:
    """Say in people's words what the input shapes and the file's reader say in theirs."""
    if error in catalogue.texts:
        return catalogue.text(error)
    for pattern, key in _CONSTRAINTS:
        if match := pattern.search(error):
            return catalogue.text(f"console.wrong.{key}", **match.groupdict())
    return _PLACE.sub("", error).replace("`", "")


_PLACE: Final = re.compile(r"^[A-Za-z]\w*(?:[.\[][\w.\[\]]*)?: ")
_CONSTRAINTS: Final = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"must have value greater than or equal to (?P<number>\d+)", "at_least"),
        (r"must have value less than or equal to (?P<number>\d+)", "at_most"),
        (r"must have length greater than or equal to (?P<number>\d+)", "shortest"),
        (r"must have length less than or equal to (?P<number>\d+)", "longest"),
        (r"must satisfy regular expression pattern", "characters"),
        (r"must satisfy enum value set", "choice"),
        (r"Member must not be null", "missing"),
    )
)


def _present(setting: Setting, described: Members) -> tuple[str, ...]:
    """Return a setting's values as a form would hold them."""
    value, kind = look_up(described, setting.path), setting.kind
    if kind is Kind.PRESENCE:
        return ("1",) if value is not None else ()
    if kind is Kind.SWITCH:
        return ("1",) if value else ()
    if kind is Kind.RANKS:
        ranked = sorted(value or (), key=lambda entry: int(entry["Priority"]))
        return (" ".join(entry["Name"] for entry in ranked),)
    if kind is Kind.SPAN:
        unit = look_up(described, setting.unit) or setting.options[0]
        return (str(value), str(unit)) if value else ("", str(unit))
    if kind is Kind.CHOICE:
        return (str(value if value is not None else setting.options[0]),)
    if value is None:
        return ()
    return (
        tuple(map(str, value))
        if isinstance(value, Sequence) and not isinstance(value, str)
        else (str(value),)
    )


def _typed(setting: Setting, form: Parameters) -> tuple[str, ...]:
    """Return a setting's values as somebody typed them."""
    if setting.kind is Kind.CHOICES:
        return tuple(o for o in setting.options if form.get(f"{setting.name}:{o}") == "1")
    if setting.kind is Kind.SPAN:
        return form.text(setting.name), form.text(f"{setting.name}:unit")
    text = form.text(setting.name)
    return (text,) if text else ()


def _tell(setting: Setting, values: tuple[str, ...], catalogue: Catalogue) -> tuple[str, ...]:
    """Say values in words."""
    if setting.kind in (Kind.SWITCH, Kind.PRESENCE):
        return (catalogue.text("console.on" if values else "console.off"),)
    if setting.kind is Kind.SPAN:
        return (_tell_span(values[0], values[1], catalogue) if values[0] else _word("default", catalogue),)
    if setting.options and not setting.is_spelled:
        values = tuple(_word(value, catalogue) for value in values)
    return values or (catalogue.texts.get(f"console.none.{setting.name}", "–"),)


def _tell_span(number: str, unit: str, catalogue: Catalogue) -> str:
    """Say a span in the largest unit that it is a whole number of."""
    if not WHOLE.fullmatch(number):
        return number
    seconds = int(number) * SECONDS[unit]
    largest = next(name for name in reversed(UNITS) if seconds % SECONDS[name] == 0)
    return f"{seconds // SECONDS[largest]} {_word(largest, catalogue)}"


def _options(setting: Setting, values: tuple[str, ...], catalogue: Catalogue) -> tuple[Option, ...]:
    choices = UNITS if setting.kind is Kind.SPAN else setting.options
    chosen = values[1:] if setting.kind is Kind.SPAN else values
    return tuple(
        Option(
            choice,
            choice if setting.is_spelled else _word(choice, catalogue),
            choice in chosen,
            f"{setting.name}:{choice}",
        )
        for choice in choices
    )


def _word(value: str, catalogue: Catalogue) -> str:
    """Say a value of the API in words; one that the catalogue does not know speaks for itself."""
    return catalogue.texts.get(f"console.option.{value.replace(' ', '+') or 'usual'}", value)
