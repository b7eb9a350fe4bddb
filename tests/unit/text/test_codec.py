import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.text import GSM7, UCS2, Encoding, Unencodable, decode, encode
from simpost.text.tables import read_table

from .strategies import ENCODINGS, gsm_texts

encodings = st.sampled_from([UCS2, *ENCODINGS])


@given(gsm_texts)
def test_a_gsm_text_comes_back_unchanged(text):
    assert decode(encode(text, GSM7), GSM7) == text


@given(st.text())
def test_a_ucs2_text_comes_back_unchanged(text):
    assert decode(encode(text, UCS2), UCS2) == text


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_character_of_every_table_comes_back(encoding):
    basic = read_table("locking", encoding.locking)
    extension = read_table("single", encoding.single)
    for char in {*basic.values(), *extension.values()}:
        assert decode(encode(char, encoding), encoding) == char


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_code_decodes_to_the_character_of_its_table(encoding):
    basic = read_table("locking", encoding.locking)
    extension = read_table("single", encoding.single)
    for code in set(range(128)) - {0x1B}:
        assert decode(bytes((code,)), encoding) == basic.get(code, "\ufffd")
        shown = extension.get(code, basic.get(code, "\ufffd"))
        assert decode(bytes((0x1B, code)), encoding) == shown


@given(st.binary(), encodings)
def test_decoding_never_raises(octets, encoding):
    assert isinstance(decode(octets, encoding), str)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("", ""),
        ("@", "00"),
        ("Ç", "09"),
        ("§", "5f"),
        ("_", "11"),
        ("Δ", "10"),
        ("\f^{}\\[~]|€", "1b0a1b141b281b291b2f1b3c1b3d1b3e1b401b65"),
    ],
)
def test_the_default_alphabet_encodes_by_the_standard(text, octets):
    assert encode(text, GSM7).hex() == octets


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("1b1b", " "),
        ("1b1b41", " A"),
        ("411b", "A "),
        ("1b41", "A"),
        ("1b00", "@"),
        ("1b", " "),
        ("1b65", "€"),
        ("80", "\ufffd"),
        ("1bff41", "\ufffdA"),
    ],
)
def test_escapes_are_shown_by_ts_23_038_6_2_1_1(octets, text):
    assert decode(bytes.fromhex(octets), GSM7) == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("d83ddc4d", "👍"),
        ("d83d", "\ufffd"),
        ("dc4d0041", "\ufffdA"),
        ("004100", "A\ufffd"),
        ("feff0041", "\ufeffA"),
    ],
)
def test_broken_utf16_is_replaced_and_nothing_else_is_lost(octets, text):
    assert decode(bytes.fromhex(octets), UCS2) == text


@pytest.mark.parametrize("char", ["`", "ç", "\t", "я", "\x1b", "👍"])
def test_a_character_outside_the_alphabet_is_refused_at_its_place(char):
    with pytest.raises(Unencodable) as caught:
        encode(f"ab€{char}", GSM7)
    assert (caught.value.position, caught.value.encoding) == (3, "gsm7")
    assert char not in str(caught.value).removeprefix("The character at index")


def test_a_lone_surrogate_is_refused_at_its_place():
    with pytest.raises(Unencodable) as caught:
        encode("ab\ud83d", UCS2)
    assert caught.value.position == 2


def test_a_locking_table_saves_the_escape():
    assert encode("ğ", Encoding("gsm7", 1)).hex() == "0c"
    assert encode("ğ", Encoding("gsm7", 0, 1)).hex() == "1b67"


def test_a_character_that_stands_twice_is_sent_by_its_lower_code():
    assert encode("¡*", Encoding("gsm7", 6, 6)).hex() == "1b131b0b"
