"""Access keys of the API: what is read, what is refused, and that the secret stays out of reprs."""

import pytest

from idp.config import InvalidPools, parse_access

KEY = {"AccessKeyId": "ADMIN", "SecretAccessKey": "s" * 40}


def test_a_key_is_read_and_its_secret_is_not_shown() -> None:
    settings = parse_access(
        {"AccessKeys": [{**KEY, "UserPools": ["staff"]}, {**KEY, "AccessKeyId": "OTHER"}]}
    )
    assert settings.keys["ADMIN"].pools == ("staff",)
    assert settings.keys["OTHER"].pools is None
    assert settings.keys["ADMIN"].secret.reveal() == "s" * 40
    assert "sss" not in repr(settings)
    assert not settings.accepts_any


def test_nothing_is_accepted_where_nothing_is_said() -> None:
    settings = parse_access({})
    assert not settings.keys
    assert not settings.accepts_any


def test_a_key_kept_to_no_pool_manages_none() -> None:
    assert parse_access({"AccessKeys": [{**KEY, "UserPools": []}]}).keys["ADMIN"].pools == ()


@pytest.mark.parametrize(
    ("document", "place", "words"),
    [
        ({"AccessKeys": [{"AccessKeyId": "A"}]}, "AccessKeys[0]", "`SecretAccessKey` is missing"),
        ({"AccessKeys": [{**KEY, "SecretAccessKey": "short"}]}, "AccessKeys[0].SecretAccessKey", "16 to 256"),
        ({"AccessKeys": [{**KEY, "AccessKeyId": "a b"}]}, "AccessKeys[0].AccessKeyId", "letters, digits"),
        ({"AccessKeys": [KEY, KEY]}, "AccessKeys", "two keys have the id `ADMIN`"),
        ({"AccessKeys": [{**KEY, "Pools": []}]}, "AccessKeys[0].Pools", "unknown property"),
        ({"AccessKeys": [KEY], "SignatureCheck": "accept-any"}, "SignatureCheck", "asks for no key"),
        ({"SignatureCheck": "off"}, "SignatureCheck", "must be one of"),
    ],
    ids=["secret missing", "secret short", "id", "twice", "unknown", "both", "word"],
)
def test_a_mistake_is_told_with_its_place(document: dict[str, object], place: str, words: str) -> None:
    with pytest.raises(InvalidPools) as caught:
        parse_access(document)
    assert any(
        str(problem).startswith(f"{place}: ") and words in str(problem) for problem in caught.value.problems
    )
    assert "short" not in str(caught.value)
