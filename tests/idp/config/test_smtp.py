"""The mail server's settings."""

import pytest

from idp.config import InvalidPools, parse_smtp


def test_reads_a_mail_server() -> None:
    settings = parse_smtp(
        {
            "Host": "mail.example.com",
            "Username": "me",
            "Password": "secret",
            "From": "Staff <login@example.com>",
        }
    )
    assert (settings.host, settings.port, settings.security) == ("mail.example.com", 587, "starttls")
    assert str(settings.sender) == "Staff <login@example.com>"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("sender", ["login@example.com", "<login@example.com>", '"A, B" <login@example.com>'])
def test_reads_sender_addresses(sender: str) -> None:
    assert parse_smtp({"Host": "mail", "From": sender}).sender.addr_spec == "login@example.com"


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_user_means_none(empty: str | None) -> None:
    settings = parse_smtp({"Host": "mail", "From": "a@b.c", "Username": empty, "Password": empty})
    assert (settings.username, settings.password) == (None, None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Host": "a b"}, "InvalidValue"),
        ({"Host": None}, "Missing"),
        ({"From": "nobody"}, "InvalidValue"),
        ({"From": "a@b.c\nBcc: d@e.f"}, "InvalidValue"),
        ({"From": None}, "Missing"),
        ({"Port": 0}, "InvalidValue"),
        ({"Security": "ssl"}, "InvalidValue"),
        ({"Username": "me"}, "Conflict"),
        ({"Username": "me", "Password": "secret", "Security": "none"}, "Conflict"),
        ({"Hots": "x"}, "UnknownKey"),
    ],
)
def test_mistakes(change: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidPools) as caught:
        parse_smtp({"Host": "mail", "From": "a@b.c", **change})
    assert [problem.code for problem in caught.value.problems] == [code]
