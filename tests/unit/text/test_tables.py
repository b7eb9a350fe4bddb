import json
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from gsmcodecs.charmaps import GSMCHARMAPS
from hypothesis import given
from hypothesis import strategies as st

from simpost.text import LANGUAGES, LOCKING_LANGUAGES, Encoding, decode, encode
from simpost.text.alphabet import septets_of
from simpost.text.tables import read_table

from .strategies import ENCODINGS

TABLES = [
    *(("locking", language) for language in (0, *sorted(LOCKING_LANGUAGES))),
    *(("single", language) for language in (0, *sorted(LANGUAGES))),
]

PUBLIC = json.loads((Path(__file__).parents[2] / "vectors" / "text_tables.json").read_text("utf-8"))
TRANSCRIPTIONS = ("android", "lib3gpp23038", "gsmcodecs")

# Where a transcription differs from ours, and why ours stays: (ours, theirs). No code is here for
# more than one of them but 24 of table 7.
DISAGREEMENTS = {
    "android": {},
    "lib3gpp23038": {
        # A note of 6.2.1 explains that the capital stands here, whatever the font shows.
        ("locking", 0, 0x09): ("Ç", "ç"),
        # A space that stands at 20, too; table A.3.1 keeps the letter of the default alphabet.
        ("locking", 1, 0x1F): ("É", " "),
        ("locking", 7, 0x24): ("\u0ca1", "\u0caa"),
        # The nukta, which stands at 4D, too.
        ("locking", 9, 0x47): ("\u0b33", "\u0b3c"),
        # Digits written as something else: 0A6D as a letter, 0BEE twice, 0C6C and 0C6D with a 6.
        ("single", 10, 0x23): ("\u0a6d", "O"),
        ("single", 11, 0x24): ("\u0bee", "\u0bef"),
        ("single", 12, 0x22): ("\u0c6c", "\u06cc"),
        ("single", 12, 0x23): ("\u0c6d", "\u06cd"),
        # A.2.12 has the euro sign, as every table of Annex A.2 at 65.
        ("single", 12, 0x65): ("€", None),
    },
    "gsmcodecs": {
        # A.3 has the comma in every table at 2C; the apostrophe is single shift 09.
        **{("locking", language, 0x2C): (",", "'") for language in range(4, 14)},
        # A.3.7 misprints 0CAA (PA), which it also has at 3D; between TTHA 0CA0 and DDHA 0CA2
        # stands DDA 0CA1, which would have no code at all. Android reads it the same way.
        ("locking", 7, 0x24): ("\u0ca1", "\u0caa"),
        ("single", 12, 0x65): ("€", None),
    },
}


@cache
def theirs(who: str, kind: str, language: int) -> dict[int, str]:
    if who == "gsmcodecs":
        key = {"locking": "locking", "single": "singleShift"}[kind]
        table = GSMCHARMAPS[language][key]["decode"]
        return {code: chr(point) for code, point in table.items() if code != 0x1B}
    points = PUBLIC[who][f"{kind} {language}"].split()
    return {code: chr(int(point, 16)) for code, point in enumerate(points) if point != "----"}


def read_with_android(octets: bytes, encoding: Encoding) -> str:
    """Decode septets, one an octet, with tables and code that are not ours."""
    basic = theirs("android", "locking", encoding.locking)
    extension = theirs("android", "single", encoding.single)
    shown, codes = "", iter(octets)
    for code in codes:
        shown += extension[next(codes)] if code == 0x1B else basic[code]
    return shown


@pytest.mark.parametrize("who", TRANSCRIPTIONS)
@pytest.mark.parametrize(("kind", "language"), TABLES)
def test_a_table_says_what_independent_transcriptions_say(kind, language, who):
    ours, other = read_table(kind, language), theirs(who, kind, language)
    differing = {
        (kind, language, code): (ours.get(code), other.get(code))
        for code in ours.keys() | other.keys()
        if ours.get(code) != other.get(code)
    }
    known = {key: both for key, both in DISAGREEMENTS[who].items() if key[:2] == (kind, language)}
    assert differing == known


def test_two_of_three_transcriptions_say_what_we_say_but_for_two_codes():
    alone = {
        (kind, language, code)
        for kind, language in TABLES
        for code, char in read_table(kind, language).items()
        if [theirs(who, kind, language).get(code) for who in TRANSCRIPTIONS].count(char) < 2
    }
    assert alone == {("locking", 7, 0x24), ("single", 12, 0x65)}


@given(st.data())
def test_tables_that_are_not_ours_decode_what_we_encode(data):
    encoding = data.draw(st.sampled_from(ENCODINGS))
    alphabet = septets_of(encoding.locking, encoding.single)
    known = st.sampled_from(sorted(alphabet.singles | alphabet.pairs))
    text = data.draw(st.text(known))
    octets = encode(text, encoding)
    assert read_with_android(octets, encoding) == text
    assert decode(octets, encoding) == text


@pytest.mark.parametrize("language", sorted(LOCKING_LANGUAGES - {1, 3}))
def test_a_comma_and_an_apostrophe_arrive_as_they_were_sent(language):
    encoding = Encoding("gsm7", language, language)
    octets = encode("1, 2 'a'", encoding)
    assert octets == b"1, 2 \x1b\x09a\x1b\x09"
    assert read_with_android(octets, encoding) == "1, 2 'a'"


@pytest.mark.parametrize(("kind", "language"), TABLES)
def test_no_table_gives_the_escape_code_a_character(kind, language):
    assert 0x1B not in read_table(kind, language)


@pytest.mark.parametrize(("kind", "language"), TABLES)
def test_every_code_is_a_septet(kind, language):
    assert all(0 <= code < 0x80 for code in read_table(kind, language))


@pytest.mark.parametrize("language", [0, *sorted(LOCKING_LANGUAGES)])
def test_every_locking_table_keeps_line_feed_return_space_and_digits(language):
    table = read_table("locking", language)
    assert (table[0x0A], table[0x0D], table[0x20]) == ("\n", "\r", " ")
    assert "".join(table[code] for code in range(0x30, 0x3A)) == "0123456789"


@pytest.mark.parametrize("language", [0, *sorted(LANGUAGES)])
def test_every_single_shift_table_keeps_the_default_extension(language):
    default, table = read_table("single", 0), read_table("single", language)
    assert default.items() <= table.items()


def test_the_spanish_locking_table_is_void():
    with pytest.raises(FileNotFoundError):
        read_table("locking", 2)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0x00, "COMMERCIAL AT"),
        (0x09, "LATIN CAPITAL LETTER C WITH CEDILLA"),
        (0x24, "CURRENCY SIGN"),
        (0x40, "INVERTED EXCLAMATION MARK"),
        (0x5F, "SECTION SIGN"),
        (0x60, "INVERTED QUESTION MARK"),
    ],
)
def test_the_default_alphabet_holds_what_implementations_get_wrong(code, name):
    assert unicodedata.name(read_table("locking", 0)[code]) == name
