"""What forms ask for, by the pool's username mode, schema and verification."""

import pytest

from idp import texts
from idp.model import PasswordPolicy, Pool, SchemaAttribute
from idp.oauth.parameters import Parameters
from idp.pages.fields import (
    policy_lines,
    read_attributes,
    sign_in_field,
    sign_up_attributes,
    sign_up_fields,
    translate,
)
from idp.pages.i18n import catalogues

ENGLISH, KOREAN = catalogues()["en"], catalogues()["ko"]


def pool(**changes: object) -> Pool:
    return Pool("local_one", "demo", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "label", "kind"),
    [
        ({}, "Username", "text"),
        ({"username_attributes": ("email",)}, "Email", "email"),
        ({"username_attributes": ("phone_number",)}, "Phone number", "tel"),
        ({"username_attributes": ("email", "phone_number")}, "Email or phone number", "text"),
        ({"alias_attributes": ("email",)}, "Username or email", "text"),
        ({"alias_attributes": ("phone_number", "preferred_username")}, "Username or phone number", "text"),
        ({"alias_attributes": ("preferred_username",)}, "Username", "text"),
    ],
    ids=str,
)
def test_sign_in_asks_for_what_the_pool_knows_people_by(
    changes: dict[str, object], label: str, kind: str
) -> None:
    field = sign_in_field(pool(**changes), ENGLISH, value="", wrong=False)
    assert (field.label, field.type, field.autocomplete) == (label, kind, "username")


def test_sign_up_asks_for_required_attributes_and_where_the_code_goes() -> None:
    schema = (SchemaAttribute("sub", required=True), SchemaAttribute("name", required=True))
    assert sign_up_attributes(pool(schema=schema, auto_verified=("email",))) == ("name", "email")


def test_sign_up_does_not_ask_twice_for_the_email_that_is_the_username() -> None:
    schema = (SchemaAttribute("email", required=True),)
    one = pool(schema=schema, username_attributes=("email",), auto_verified=("email",))
    assert sign_up_attributes(one) == ()
    assert [field.name for field in sign_up_fields(one, ENGLISH, form=Parameters(), wrong=frozenset())] == [
        "username"
    ]


def test_form_gives_only_the_attributes_that_were_asked_for() -> None:
    form = Parameters(
        (
            ("requiredAttributes[name]", " Mina "),
            ("requiredAttributes[custom:admin]", "true"),
            ("email", "x@y"),
        )
    )
    assert read_attributes(("name", "email"), form) == {"name": "Mina"}


def test_attribute_ids_are_usable_in_a_label() -> None:
    schema = (SchemaAttribute("custom:team", required=True),)
    fields = sign_up_fields(pool(schema=schema), ENGLISH, form=Parameters(), wrong=frozenset({"custom:team"}))
    assert (fields[1].id, fields[1].label, fields[1].wrong) == ("field-custom-team", "team", True)


def test_policy_is_told_in_full() -> None:
    policy = PasswordPolicy(minimum_length=12, require_symbols=False)
    lines = policy_lines(pool(password_policy=policy), ENGLISH)
    assert lines == ["at least 12 characters", "a lowercase letter", "an uppercase letter", "a number"]


def test_refusal_names_the_attribute_by_its_label() -> None:
    text = texts.ATTRIBUTE_UNFIT.filled(attribute="birthdate", problem="x")
    assert translate(text, ENGLISH) == "Birthdate: please check this value."
    assert translate(text, KOREAN).startswith("생년월일")
