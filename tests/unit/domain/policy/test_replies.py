"""What a traveller's text says: words, spellings, polite tails, doubt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.policy.replies import (
    MOST_CHARACTERS,
    ReplyWords,
    normalize_reply,
    without_tails,
)
from simpost.domain.policy.reply_words import LANGUAGES, Action

WORDS = ReplyWords()


def action(text, words=WORDS):
    found = words.read(text).word
    return found.action if found else None


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop. ",
        "«STOP»",
        "stop!!! 🙏",
        "ＳＴＯＰ",
        "st\u00adop",
        "stóp",
        "Stop please",
        "STOP, thank you",
        "stop pls thanks",
        "stop svp",
        "STOP ALL",
        "stopall",
        "Unsubscribe",
        "opt-out",
        "OPT OUT",
        "arrêt",
        "ARRE\u0302T",
        "Baja",
        "darme de baja, por favor",
        "cancel",
        "END",
    ],
)
def test_a_stop_word_is_read_in_any_spelling(text):
    assert action(text) is Action.STOP


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("START", Action.START),
        ("unstop", Action.START),
        ("Alta", Action.START),
        ("help?", Action.HELP),
        ("INFO", Action.HELP),
        ("aide", Action.HELP),
    ],
)
def test_start_and_help_are_read(text, expected):
    assert action(text) is expected


@pytest.mark.parametrize(
    "text", ["Please stop", "do not stop", "stop it", "I want to unsubscribe", "STOP\x00x"]
)
def test_a_text_with_a_stop_word_among_others_is_doubtful(text):
    reply = WORDS.read(text)
    assert reply.word is None
    assert reply.is_doubtful


@pytest.mark.parametrize(
    "text",
    [
        "",
        "🙏",
        "yes",
        "hello",
        "when does my plan end?",
        "cancel my plan",
        "nonstop",
        "stopp",
        "s t o p",
    ],
)
def test_other_texts_say_nothing(text):
    assert WORDS.read(text).word is None
    assert not WORDS.read(text).is_doubtful


def test_a_language_without_a_source_acts_only_where_it_is_named():
    assert action("ABMELDEN") is None
    assert action("Abmelden!", ReplyWords(["de"])) is Action.STOP
    assert action("退订", ReplyWords(["zh"])) is Action.STOP
    assert ReplyWords(["zh"]).read("请退订谢谢").is_doubtful


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.language)
def test_every_word_of_the_list_is_read(language):
    words = ReplyWords([language.language])
    for expected, texts in (
        (Action.STOP, language.stop + language.ambiguous),
        (Action.START, language.start),
        (Action.HELP, language.help),
    ):
        for text in texts:
            assert action(text, words) is expected
            assert action(text.lower(), words) is expected


def test_settings_add_words_and_take_words_away():
    words = ReplyWords(stop=["genug"], start=["los"], help=["AYUDA"], ignored=["Cancel", "STOP"])
    assert action("GENUG", words) is Action.STOP
    assert action("los", words) is Action.START
    assert action("ayuda", words) is Action.HELP
    assert action("cancel", words) is None
    assert action("stop", words) is Action.STOP


def test_the_end_of_a_long_text_is_not_read():
    assert WORDS.read("x" * MOST_CHARACTERS + " stop").word is None
    assert not WORDS.read("x" * MOST_CHARACTERS + " stop").is_doubtful
    assert WORDS.read("stop" + " " * MOST_CHARACTERS).word is None


@given(st.text())
def test_a_normalized_text_stays_as_it_is(text):
    plain = normalize_reply(text)
    assert normalize_reply(plain) == plain


KNOWN = {
    normalize_reply(word)
    for each in LANGUAGES
    if each.source
    for word in (*each.stop, *each.ambiguous, *each.start, *each.help)
}
TAILED = st.tuples(st.sampled_from(sorted(KNOWN)), st.sampled_from(["", " please", "!"]))


@given(st.text(max_size=600) | TAILED.map("".join))
def test_any_text_acts_only_if_it_is_a_known_word(text):
    reply = WORDS.read(text)
    plain = normalize_reply(text)
    is_known = len(text) <= MOST_CHARACTERS and not KNOWN.isdisjoint({plain, without_tails(plain)})
    assert (reply.word is not None) == is_known
    assert not (reply.word and reply.is_doubtful)
