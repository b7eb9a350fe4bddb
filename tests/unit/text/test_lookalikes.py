import json
import unicodedata
from pathlib import Path

import pytest

from simpost.text import LOOK_ALIKES
from simpost.text.alphabet import septets_of

GSM = septets_of(0, 0).singles | septets_of(0, 0).pairs
TWILIO = {
    chr(int(point, 16)): spelling
    for point, spelling in json.loads(
        (Path(__file__).parents[2] / "vectors" / "text_lookalikes.json").read_text("utf-8")
    )["replaced"].items()
}
CONTROL_OR_MARK = {
    char for char in TWILIO if char != "\t" and unicodedata.category(char) in ("Cc", "Mn", "Me")
}
"""A tilde after a letter is not that letter, and a control character is no typography."""
OTHERWISE = {
    # Spaces: there they are two, or seven for a tab; a line ends with a line feed.
    **dict.fromkeys("\t\u00a0\u2000\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009", " "),
    **dict.fromkeys("\u200a\u202f\u205f\u3000", " "),
    **dict.fromkeys("\u2028\u2029", "\n"),
    # Quotation marks stay quotation marks: there a comma, and < > the wrong way round.
    **dict.fromkeys("\u201a\u2039\u203a", "'"),
    **dict.fromkeys("\ufe10\ufe11", ","),  # vertical commas: there an apostrophe
    "\u2022": "*",
}


@pytest.mark.parametrize(("char", "spelling"), LOOK_ALIKES.items(), ids=ascii)
def test_a_look_alike_is_gsm_for_something_that_is_not(char, spelling):
    assert char not in GSM
    assert set(spelling) <= GSM


def test_all_that_twilio_replaces_is_replaced_except_controls_and_marks():
    assert TWILIO.keys() - LOOK_ALIKES.keys() == CONTROL_OR_MARK
    differing = {
        char: LOOK_ALIKES[char]
        for char in TWILIO.keys() - CONTROL_OR_MARK
        if LOOK_ALIKES[char] != TWILIO[char]
    }
    assert differing == OTHERWISE


def test_full_width_ligatures_and_fractions_read_as_unicode_says():
    assert "".join(LOOK_ALIKES[char] for char in "Ａｂ９！") == "Ab9!"
    assert [LOOK_ALIKES[char] for char in "ﬁﬄĳⅧ½⅔№"] == [
        "fi",
        "ffl",
        "ij",
        "VIII",
        "1/2",
        "2/3",
        "No",
    ]


def test_the_usual_culprits_have_a_look_alike():
    assert "".join(LOOK_ALIKES[char] for char in "‘’“”–—…\u00a0\u200b") == "''\"\"--... "


def test_no_letter_loses_its_accent():
    assert not LOOK_ALIKES.keys() & set("áâãçêíóôõúāćčđęğıłńřśşšžőű")


def test_no_superscript_becomes_a_digit():
    assert not LOOK_ALIKES.keys() & set("¹²³⁴₂①")
