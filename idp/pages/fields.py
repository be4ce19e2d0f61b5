"""Which fields a form shows and what people call them: username modes and schema (cognito.md 5.1, 5.2).

Pure. Labels come from the catalogue; an attribute that it does not know is shown by its own name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from idp.model import Pool
from idp.oauth.parameters import Parameters
from idp.pages.i18n import Catalogue
from idp.texts import Text

_MAX_USERNAME = 128
_MAX_ATTRIBUTE = 2048
# (type of the input, autocomplete word of the HTML standard); everything else is plain text.
_INPUTS = {
    "email": ("email", "email"),
    "phone_number": ("tel", "tel"),
    "name": ("text", "name"),
    "given_name": ("text", "given-name"),
    "middle_name": ("text", "additional-name"),
    "family_name": ("text", "family-name"),
    "nickname": ("text", "nickname"),
    "birthdate": ("text", "bday"),
    "website": ("url", "url"),
    "picture": ("url", "photo"),
    "address": ("text", "street-address"),
    "gender": ("text", "sex"),
}
_SIGN_IN_LABELS = {
    frozenset({"email"}): "field.email",
    frozenset({"phone_number"}): "field.phone_number",
    frozenset({"email", "phone_number"}): "field.email_or_phone",
}
_ALIAS_LABELS = {
    frozenset({"email"}): "field.username_or_email",
    frozenset({"phone_number"}): "field.username_or_phone",
    frozenset({"email", "phone_number"}): "field.username_or_alias",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One input with its label."""

    name: str
    label: str
    type: str = "text"
    value: str = ""
    autocomplete: str = "off"
    hint: str = ""
    required: bool = True
    wrong: bool = False
    max_length: int = _MAX_ATTRIBUTE
    attribute: str = ""
    """The attribute that it fills; empty for the username."""

    @property
    def id(self) -> str:
        """An id for label and description; attribute names may hold a colon."""
        return f"field-{(self.attribute or self.name).replace(':', '-')}"


def sign_in_field(pool: Pool, catalogue: Catalogue, *, value: str, wrong: bool) -> Field:
    """Return the field in which people say who they are."""
    reachable = frozenset(("email", "phone_number"))
    if pool.username_attributes:
        key = _SIGN_IN_LABELS[frozenset(pool.username_attributes) & reachable]
    else:
        key = _ALIAS_LABELS.get(frozenset(pool.alias_attributes) & reachable, "field.username")
    kind = "email" if key == "field.email" else "tel" if key == "field.phone_number" else "text"
    return Field(
        "username", catalogue.text(key), kind, value, "username", wrong=wrong, max_length=_MAX_ATTRIBUTE
    )


def sign_up_attributes(pool: Pool) -> tuple[str, ...]:
    """Return the attributes that the sign-up form asks for besides the username.

    Required ones, and those whose verification carries the code: without an address no code could reach the
    person. The attribute that *is* the username is not asked for twice.
    """
    required = [entry.name for entry in pool.schema if entry.required and entry.name != "sub"]
    wanted = dict.fromkeys([*required, *pool.auto_verified])
    typed_as_username = pool.username_attributes if len(pool.username_attributes) == 1 else ()
    return tuple(name for name in wanted if name not in typed_as_username)


def sign_up_fields(
    pool: Pool, catalogue: Catalogue, *, form: Parameters, wrong: frozenset[str]
) -> tuple[Field, ...]:
    """Return the sign-up form's fields before the password, filled with what was typed."""
    attributes = sign_up_attributes(pool)
    return (
        _new_username(pool, catalogue, form, wrong),
        *attribute_fields(attributes, catalogue, form=form, wrong=wrong),
    )


def _new_username(pool: Pool, catalogue: Catalogue, form: Parameters, wrong: frozenset[str]) -> Field:
    key = _SIGN_IN_LABELS.get(frozenset(pool.username_attributes), "field.username")
    kind = "email" if key == "field.email" else "tel" if key == "field.phone_number" else "text"
    hint = catalogue.text("hint.phone_number") if kind == "tel" else ""
    return Field(
        "username",
        catalogue.text(key),
        kind,
        form.text("username"),
        "username",
        hint=hint,
        wrong="username" in wrong,
        max_length=_MAX_ATTRIBUTE if pool.username_attributes else _MAX_USERNAME,
    )


def attribute_fields(
    names: Iterable[str], catalogue: Catalogue, *, form: Parameters, wrong: frozenset[str]
) -> tuple[Field, ...]:
    """Return a field for each attribute, named as Cognito's sign-up form names it."""
    return tuple(_attribute_field(name, catalogue, form, is_wrong=name in wrong) for name in names)


def _attribute_field(attribute: str, catalogue: Catalogue, form: Parameters, *, is_wrong: bool) -> Field:
    kind, autocomplete = _INPUTS.get(attribute, ("text", "off"))
    name = attribute_field_name(attribute)
    return Field(
        name,
        label_of(attribute, catalogue),
        kind,
        form.text(name),
        autocomplete,
        hint=catalogue.texts.get(f"hint.{attribute}", ""),
        wrong=is_wrong,
        attribute=attribute,
    )


def attribute_field_name(attribute: str) -> str:
    """Return the name of an attribute's field; the brackets keep it from posing as another field."""
    return f"requiredAttributes[{attribute}]"


def read_attributes(names: Iterable[str], form: Parameters) -> dict[str, str]:
    """Take the asked-for attributes out of a form; nothing that was not asked for."""
    return {name: value for name in names if (value := form.text(attribute_field_name(name)).strip())}


def label_of(attribute: str, catalogue: Catalogue) -> str:
    """Return what people call an attribute."""
    return catalogue.texts.get(f"field.{attribute}", attribute.removeprefix("custom:"))


def policy_lines(pool: Pool, catalogue: Catalogue) -> list[str]:
    """Return the password rules of the pool, one short line each."""
    policy = pool.password_policy
    lines = [catalogue.text("policy.length", count=policy.minimum_length)]
    wanted = {
        "policy.lower": policy.require_lowercase,
        "policy.upper": policy.require_uppercase,
        "policy.number": policy.require_numbers,
        "policy.symbol": policy.require_symbols,
    }
    return lines + [catalogue.text(key) for key, is_wanted in wanted.items() if is_wanted]


def translate(text: Text, catalogue: Catalogue) -> str:
    """Say a text of the services in the page's language, attributes by their label."""
    values = dict(text.values)
    if "attribute" in values:
        values["attribute"] = label_of(values["attribute"], catalogue)
    return catalogue.text(f"text.{text.key}", **values)
