"""The same text in fewer parts, and the replacements made."""

import unicodedata

import pytest
from hypothesis import given, settings

from simpost.domain.options import Replacement
from simpost.text import GSM7, LATIN1, TooManyParts, explain, segment, spell

from .strategies import languages, texts

LONG = "a" * 90


@pytest.mark.parametrize("text", ["cafe\u0301", "A\u030angstro\u0308m", "man\u0303ana", "5 \u212a"])
def test_decomposed_accents_that_fit_gsm_7_bit_are_composed(text):
    found = spell(text)
    assert found.text == unicodedata.normalize("NFC", text)
    assert found.segments.encoding == GSM7
    assert "".join(found.segments.parts) == found.text


def test_composing_says_what_it_replaced():
    found = spell("cafe\u0301 e\u0301 A\u030a")
    assert found.replaced == (Replacement("e\u0301", "é", 2), Replacement("A\u030a", "Å", 1))


def test_accents_are_composed_for_a_national_table_and_for_latin_1():
    turkish = unicodedata.normalize("NFD", "Ağ bağlantısı " * 9)
    assert spell(turkish, languages=frozenset({1})).segments.encoding.locking == 1
    assert spell("a\u0302", default=LATIN1).segments.encoding == LATIN1


def test_accents_are_composed_in_ucs2_where_that_saves_parts():
    korean = unicodedata.normalize("NFD", "안녕하세요" * 13)
    assert len(segment(korean).parts) == 3
    assert len(spell(korean).segments.parts) == 1
    assert spell("я" + "e\u0301").text == "я" + "e\u0301"


def test_a_character_composing_would_take_apart_stays():
    assert spell("\u0958" * 71).text == "\u0958" * 71


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        (f"It’s “{LONG}” – ok…", f'It\'s "{LONG}" - ok...'),
        (f"Ｃｏｄｅ １２３！{LONG}", f"Code 123!{LONG}"),
        (f"ﬁnal ½ cup, 1½ cups {LONG}", f"final 1/2 cup, 1 1/2 cups {LONG}"),
        (f"cafe\u0301’s{LONG}", f"café's{LONG}"),
        (f"zero\u200bwidth{LONG}", f"zerowidth{LONG}"),
    ],
)
def test_look_alikes_are_sent_where_they_save_parts(text, sent):
    found = spell(text, look_alikes=True)
    assert (found.text, found.segments.encoding, len(found.segments.parts)) == (sent, GSM7, 1)
    assert len(spell(text).segments.parts) == 2


def test_look_alikes_say_what_they_replaced():
    found = spell(f"It’s – it’s 1½{LONG}", look_alikes=True)
    assert found.replaced == (
        Replacement("’", "'", 2),
        Replacement("–", "-", 1),
        Replacement("½", " 1/2", 1),
    )


@pytest.mark.parametrize("text", ["It’s", f"It’s 👍 {LONG}", f"plain {LONG}"])
def test_look_alikes_that_save_nothing_are_not_sent(text):
    found = spell(text, look_alikes=True)
    assert (found.text, found.replaced) == (text, ())


def test_only_what_no_allowed_table_has_is_replaced():
    text = "Ağ “bağlantısı” " * 9
    found = spell(text, look_alikes=True, languages=frozenset({1}))
    assert found.text == text.replace("“", '"').replace("”", '"')
    assert found.segments.encoding.label == "gsm7+locking1"


@pytest.mark.parametrize(
    "text", ["می\u200cخواهم", "👨\u200d👩\u200d👧", "❤\ufe0f", "1\ufe0f\u20e3"]
)
def test_joiners_and_separators_are_never_superfluous(text):
    drivers = {each.character: each.look_alike for each in explain(text).forced}
    (hidden,) = set(drivers) & set("\u200c\u200d\ufe0f")
    assert drivers[hidden] is None


def test_zwnj_stays_in_persian_though_the_table_lacks_it():
    persian = "می\u200cخواهم " * 12
    found = spell(persian, look_alikes=True, languages=frozenset({13}))
    assert found.text == persian


def test_an_invisible_character_between_gsm_characters_is_superfluous():
    (driver,) = explain("code\u200d 1234").forced
    assert driver.look_alike == ""


def test_too_many_parts_are_counted_as_they_would_be_sent():
    with pytest.raises(TooManyParts) as caught:
        spell("’" * 400, look_alikes=True, max_parts=2)
    assert caught.value.parts == 3


@given(texts, languages)
@settings(deadline=None)  # many ways to cut are compared, on machines of any speed
def test_a_spelling_never_costs_more_and_is_the_same_text_unless_asked(text, allowed):
    plain = segment(text, languages=allowed)
    usual = spell(text, languages=allowed)
    asked = spell(text, languages=allowed, look_alikes=True)
    assert len(asked.segments.parts) <= len(usual.segments.parts) <= len(plain.parts)
    assert unicodedata.normalize("NFC", usual.text) == unicodedata.normalize("NFC", text)
    for each in (usual, asked):
        assert "".join(each.segments.parts) == each.text
        assert bool(each.replaced) == (each.text != text)
