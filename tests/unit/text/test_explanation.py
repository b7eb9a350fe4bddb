import pytest
from hypothesis import given, settings

from simpost.text import (
    GSM7,
    MAX_PARTS,
    CostDriver,
    Unencodable,
    cheapest,
    explain,
    segment,
)
from simpost.text.spelling import cheapest_spelling

from .strategies import gsm_texts, languages, texts


def test_the_characters_that_forced_ucs2_are_named():
    found = explain("It’s — it’s\t👍")
    assert found.forced == (
        CostDriver("’", "U+2019", "RIGHT SINGLE QUOTATION MARK", 2, 2, "'"),
        CostDriver("—", "U+2014", "EM DASH", 1, 5, "-"),
        CostDriver("\t", "U+0009", "control character", 1, 11, " "),
        CostDriver("👍", "U+1F44D", "THUMBS UP SIGN", 1, 12, None),
    )


def test_an_invisible_character_is_named_and_can_be_removed():
    (driver,) = explain("code 1234\u200b").forced
    assert (driver.code_point, driver.name, driver.look_alike) == (
        "U+200B",
        "ZERO WIDTH SPACE",
        "",
    )


def test_extension_characters_are_named_as_double():
    found = explain("[€] [€]")
    assert found.forced == ()
    assert [(each.character, each.count, each.first) for each in found.doubled] == [
        ("[", 2, 0),
        ("€", 2, 1),
        ("]", 2, 2),
    ]


def test_in_ucs2_extension_characters_count_once_and_emoji_twice():
    assert [each.character for each in explain("€я👍").doubled] == ["👍"]


@given(gsm_texts)
def test_a_plain_text_has_no_culprits_and_no_suggestions(text):
    found = explain(text)
    assert (found.forced, found.replaced, found.languages) == ((), None, ())


@given(texts, languages)
@settings(deadline=None)  # many ways to cut are compared, on machines of any speed
def test_an_explanation_is_of_the_text_as_it_would_be_sent(text, allowed):
    found = explain(text, languages=allowed)
    assert found.segments == cheapest_spelling(text, languages=allowed).segments
    assert bool(found.forced) == (cheapest_spelling(text).segments.encoding != GSM7)


@given(texts, languages)
@settings(deadline=None)  # many ways to cut are compared, on machines of any speed
def test_a_suggested_saving_is_real(text, allowed):
    found = explain(text, languages=allowed)
    now = len(found.segments.parts)
    for each in found.languages:
        sent = cheapest_spelling(text, languages=allowed | {each.language}).segments
        assert (sent.encoding, len(sent.parts)) == (each.encoding, each.parts)
        assert each.parts < now
    if found.replaced:
        assert found.replaced.text is not None
        sent = cheapest(found.replaced.text, 8, allowed)
        assert (sent.encoding, len(sent.parts)) == (found.replaced.encoding, found.replaced.parts)
        assert found.replaced.parts < now


def test_look_alikes_are_offered_when_they_save_parts():
    found = explain("It’s " + "a" * 90)
    assert found.replaced is not None
    assert found.replaced.text == "It's " + "a" * 90
    assert (len(found.segments.parts), found.replaced.parts) == (2, 1)


@pytest.mark.parametrize("text", ["It’s", "It’s 👍 " + "a" * 90])
def test_look_alikes_are_not_offered_when_they_save_nothing(text):
    assert explain(text).replaced is None


def test_languages_that_would_save_parts_are_offered_cheapest_first():
    found = explain("Ağ bağlantısı " * 9)
    assert len(found.segments.parts) == 2
    assert [(each.language, each.parts, each.encoding.label) for each in found.languages] == [
        (1, 1, "gsm7+locking1")
    ]


def test_a_language_already_allowed_is_not_offered():
    assert explain("Ağ bağlantısı " * 9, languages=frozenset({1})).languages == ()


def test_a_text_beyond_the_header_is_explained_all_the_same():
    found = explain("a" * 153 * (MAX_PARTS + 1))
    assert len(found.segments.parts) == MAX_PARTS + 1


def test_a_lone_surrogate_is_refused():
    with pytest.raises(Unencodable):
        explain("\ud800")


def test_sending_agrees_with_the_explanation():
    text = "Pay €5 – now"
    assert segment(text) == explain(text).segments
