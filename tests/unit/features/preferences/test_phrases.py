"""What we say to travellers."""

import pytest

from simpost.domain.messages import Category
from simpost.domain.policy.replies import ReplyWords
from simpost.domain.policy.reply_words import LANGUAGES, Action
from simpost.features.preferences.phrases import PHRASES, choose_language
from simpost.text import GSM7, segment

ALL = (Category.PROMOTION, Category.NOTICE, Category.SUPPORT)


@pytest.mark.parametrize("language", PHRASES)
@pytest.mark.parametrize("action", Action)
def test_an_answer_is_one_part_of_gsm7(language, action):
    segments = segment(PHRASES[language].answer(action, ALL, ""))
    assert (segments.encoding, len(segments.parts)) == (GSM7, 1)


@pytest.mark.parametrize("language", PHRASES)
@pytest.mark.parametrize("action", Action)
def test_an_answer_that_comes_back_changes_nothing(language, action):
    words = ReplyWords(each.language for each in LANGUAGES)
    assert words.read(PHRASES[language].answer(action, ALL, "Shop")).word is None


def test_the_name_of_the_account_is_in_front():
    text = PHRASES["en"].answer(Action.STOP, [Category.PROMOTION], "Shop")
    assert text.startswith("Shop: Stopped: Offers. ")


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        (("fr",), "fr"),
        (("pt-BR", "fr"), "pt"),
        (("", "th", "DE-at"), "de"),
        (("th", ""), "en"),
        ((), "en"),
    ],
)
def test_the_first_known_language_is_chosen(wanted, language):
    assert choose_language(*wanted) == language
