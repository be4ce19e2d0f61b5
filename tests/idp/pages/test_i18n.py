"""Both languages say the same things, and the right one is chosen."""

import re

import pytest

from idp import texts
from idp.pages.i18n import catalogues, choose_language, known_language

GAP = re.compile(r"\{(\w+)\}")


def test_english_comes_first_and_korean_is_there() -> None:
    assert list(catalogues()) == ["en", "ko"]


def test_catalogues_have_the_same_keys_and_gaps() -> None:
    english, *others = catalogues().values()
    for other in others:
        assert dict.fromkeys(other.texts) == dict.fromkeys(english.texts)
        for key, text in english.texts.items():
            assert set(GAP.findall(other.texts[key])) == set(GAP.findall(text)), key


def test_every_text_of_the_services_is_translated() -> None:
    known = [value for value in vars(texts).values() if isinstance(value, texts.Text)]
    assert known
    for text in known:
        for catalogue in catalogues().values():
            translation = catalogue.texts[f"text.{text.key}"]
            assert set(GAP.findall(translation)) <= set(GAP.findall(text.template))


def test_korean_catalogue_is_korean() -> None:
    untranslated = [
        key for key, text in catalogues()["ko"].texts.items() if not re.search("[가-힣]", GAP.sub("", text))
    ]
    assert untranslated == []


@pytest.mark.parametrize(
    ("parameter", "cookie", "accept", "chosen"),
    [
        ("ko", "en", "en", "ko"),
        ("ko-KR", None, None, "ko"),
        ("de", "ko", "en", "ko"),
        (None, None, "de, ko;q=0.8, en;q=0.9", "en"),
        (None, None, "ko-KR,ko;q=0.9", "ko"),
        (None, None, "ko;q=0, fr", "en"),
        (None, None, "ko;q=x", "en"),
        (None, None, None, "en"),
        ("../../etc/passwd", "<script>", "\x00", "en"),
    ],
)
def test_language_is_the_first_known_wish(
    parameter: str | None, cookie: str | None, accept: str | None, chosen: str
) -> None:
    assert choose_language(parameter=parameter, cookie=cookie, accept=accept) == chosen


def test_unknown_lang_parameter_is_none() -> None:
    assert known_language("xx") is None
    assert known_language("ko-KR") == "ko"
