"""Texts as upstream APIs take them: counted in their unit, whole or as numbered texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.text import (
    GSM7,
    UCS2,
    CallLimit,
    TextTooLong,
    TooManyParts,
    call_texts,
    is_encodable,
)


def texts_of(text, limit, *, numbered=True, max_parts=255):
    encoding = GSM7 if is_encodable(text, GSM7) else UCS2
    return call_texts(text, encoding, limit, is_numbered=numbered, max_parts=max_parts)


def numbered(found):
    total = len(found.texts)
    return [f"{at}/{total} {each}" for at, each in enumerate(found.texts, 1)]


@pytest.mark.parametrize(
    ("unit", "most", "text"),
    [
        ("characters", 500, "a" * 500),
        ("characters", 500, "\U0001f600" * 500),
        ("utf16", 500, "\U0001f600" * 250),
        ("octets", 500, "€" * 166),
        ("sms", 1, "a" * 160),
        ("sms", 1, "€" * 80),
        ("sms", 1, "ж" * 70),
        ("sms", 2, "a" * 306),
    ],
)
def test_a_text_up_to_the_limit_is_one_request_and_one_more_is_refused(unit, most, text):
    limit = CallLimit(most, unit)
    assert texts_of(text, limit, numbered=False).texts == (text,)
    assert texts_of(text, limit).texts == (text,)  # alone, so without a number
    longer = text + text[0]
    with pytest.raises(TextTooLong, match=f"{most} at most in a request"):
        texts_of(longer, limit, numbered=False)
    found = texts_of(longer, limit)
    assert len(found.texts) == 2
    assert "".join(found.texts) == longer


def _size(text, unit):
    """Counted by the standard library alone."""
    match unit:
        case "characters":
            return len(text)
        case "utf16":
            return len(text.encode("utf-16-le")) // 2
        case "octets":
            return len(text.encode())
        case _:
            pairs = sum(text.count(char) for char in "^{}\\[~]|€\f")
            is_gsm = is_encodable(text, GSM7)
            return (len(text) + pairs) / 160 if is_gsm else len(text.encode("utf-16-le")) / 140


@given(
    st.text("ab €\U0001f600\u0436{\u0301", max_size=900),
    st.sampled_from(["characters", "utf16", "octets", "sms"]),
)
def test_numbered_texts_fit_and_joined_they_are_the_text(text, unit):
    limit = CallLimit(1 if unit == "sms" else 60, unit)
    try:
        found = texts_of(text, limit)
    except TooManyParts:
        assert _size(text, unit) > 80 * limit.most
        return
    assert "".join(found.texts) == text
    shown = numbered(found) if len(found.texts) > 1 else [text]
    assert [each for each in shown if _size(each, unit) > limit.most] == []
    if unit == "sms":
        assert list(found.segments) == shown


def test_a_cut_is_after_a_word_where_there_is_one():
    text = "one two three four five " * 20
    found = texts_of(text, CallLimit(1, "sms"))
    assert [each[-1] for each in found.texts] == [" "] * len(found.texts)


def test_ten_texts_have_room_for_two_digits():
    found = texts_of("a" * 1_500, CallLimit(1, "sms"))
    assert len(found.texts) == 10
    assert [len(each) for each in numbered(found)][:9] == [159] * 9


def test_more_parts_than_allowed_are_refused_with_their_number():
    with pytest.raises(TooManyParts) as error:
        texts_of("a" * 2_000, CallLimit(500, "characters"), max_parts=10)
    assert error.value.parts > 10
    with pytest.raises(TooManyParts):
        texts_of("a" * 160 * 100, CallLimit(1, "sms"))


def test_a_limit_without_room_for_the_number_is_refused():
    with pytest.raises(TextTooLong):
        texts_of("abcdef", CallLimit(4, "characters"))
