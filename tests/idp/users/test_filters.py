"""The Filter of ListUsers: what it means, and that nothing else is read into it."""

import pytest

from idp.model import UserFilter
from idp.users.filters import BadFilter, parse_filter


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('email = "Ann@Example.com"', UserFilter("email", ("ann@example.com",))),
        ('email^="ann"', UserFilter("email", ("ann",), is_prefix=True)),
        ('"family_name"="Reddy"', UserFilter("family_name", ("reddy",))),
        ('username = "Ann"', UserFilter("username", ("Ann",))),
        ('sub = "1234"', UserFilter("sub", ("1234",))),
        (r'name = "a \"b\" \\ c"', UserFilter("name", ('a "b" \\ c',))),
        ('name = ""', UserFilter("name", ("",))),
        ('status = "Enabled"', UserFilter("enabled", ("true",))),
        ('status ^= "D"', UserFilter("enabled", ("false",))),
        ('status = "enabled"', UserFilter("enabled", ())),
        ('cognito:user_status = "confirmed"', UserFilter("status", ("CONFIRMED",))),
        ('cognito:user_status ^= "Force"', UserFilter("status", ("FORCE_CHANGE_PASSWORD",))),
        ('cognito:user_status = "nonsense"', UserFilter("status", ())),
        ("", None),
        ("  ", None),
    ],
)
def test_a_filter_is_read(text: str, wanted: UserFilter | None) -> None:
    assert parse_filter(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("email", "Error while parsing filter"),
        ('email = "a', "Error while parsing filter"),
        ('email = "a"b"', "Error while parsing filter"),
        (r'email = "a\"', "Error while parsing filter"),
        ('email == "a"', "Error while parsing filter"),
        ('email = "a" OR 1=1', "Error while parsing filter"),
        ('password_hash = "a"', "Invalid search attribute: password_hash"),
        ('custom:plan = "a"', "Invalid search attribute: custom:plan"),
    ],
)
def test_what_is_no_filter_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadFilter, match=message):
        parse_filter(text)
