import unicodedata

import pytest
from gsmcodecs.charmaps import GSMCHARMAPS

from simpost.text import LANGUAGES, LOCKING_LANGUAGES
from simpost.text.tables import read_table

TABLES = [
    *(("locking", language) for language in (0, *sorted(LOCKING_LANGUAGES))),
    *(("single", language) for language in (0, *sorted(LANGUAGES))),
]

# Where gsmcodecs 1.0.0 says otherwise, and why we do not follow: (ours, theirs).
DISAGREEMENTS = {
    # A.3.7 misprints 0CAA (PA), which it also has at 3D; between TTHA 0CA0 and DDHA 0CA2 stands
    # DDA 0CA1, which would have no code at all. Android reads it the same way.
    ("locking", 7, 0x24): ("\u0ca1", "\u0caa"),
    # A.3.13 has the comma, as every table of Annex A.3 at 2C; the apostrophe is single shift 09.
    ("locking", 13, 0x2C): (",", "'"),
    # A.2.12 has the euro sign, as every table of Annex A.2 at 65.
    ("single", 12, 0x65): ("€", None),
}


def theirs(kind: str, language: int) -> dict[int, str]:
    key = {"locking": "locking", "single": "singleShift"}[kind]
    table = GSMCHARMAPS[language][key]["decode"]
    return {code: chr(point) for code, point in table.items() if code != 0x1B}


@pytest.mark.parametrize(("kind", "language"), TABLES)
def test_a_table_says_what_an_independent_transcription_says(kind, language):
    ours, other = read_table(kind, language), theirs(kind, language)
    differing = {
        (kind, language, code): (ours.get(code), other.get(code))
        for code in ours.keys() | other.keys()
        if ours.get(code) != other.get(code)
    }
    known = {key: both for key, both in DISAGREEMENTS.items() if key[:2] == (kind, language)}
    assert differing == known


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
