"""Texts of one-time codes: one part, the code first, the exact last lines."""

import re

import pytest

from simpost.features.verifications.texts import LANGUAGES, NO_ENDING, Ending, code_text
from simpost.text import spell

IN_UCS2 = {"ar", "ja", "zh"}
"""Languages that have no GSM 7 bit alphabet."""
ENDINGS = [
    NO_ENDING,
    Ending(host="login.example.com"),
    Ending(app_hash="FA+9qCX9VSu"),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ending", ENDINGS, ids=["plain", "host", "app"])
@pytest.mark.parametrize("code", ["4829", "4829105555"])
def test_every_text_is_one_part_with_the_code_first(language, ending, code):
    text = code_text(code, language, ending)
    segments = spell(text, look_alikes=False).segments
    assert len(segments.parts) == 1
    assert segments.encoding.label == ("ucs2" if language in IN_UCS2 else "gsm7")
    assert re.match(rf"{code} \S", text)


def test_there_are_twelve_languages():
    assert len(LANGUAGES) == 12


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("", "en"),
        ("de-AT", "de"),
        ("pt-BR", "pt"),
        ("zh-CN", "zh"),
        ("nb", "en"),
    ],
)
def test_the_best_language_is_used(wanted, language):
    assert code_text("482910", wanted) == code_text("482910", language)


def test_the_last_line_binds_the_code_to_a_website():
    """As in the examples of https://wicg.github.io/sms-one-time-codes/."""
    *_, blank, last = code_text("747723", "en", Ending(host="example.com")).split("\n")
    assert (blank, last) == ("", "@example.com #747723")


def test_the_last_line_is_the_hash_of_an_android_app():
    """The SMS Retriever API reads messages of at most 140 octets that end in the hash."""
    for language in LANGUAGES:
        text = code_text("482910", language, Ending(app_hash="FA+9qCX9VSu"))
        assert text.endswith("\nFA+9qCX9VSu")
        assert len(text.encode()) <= 140
