"""Texts are sealed for one row, with AES-GCM as NIST and another implementation have it."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from hypothesis import given
from hypothesis import strategies as st

from simpost.config.text_keys import OWN_KEY, TextKey, parse_text_keys
from simpost.domain.messages import Category
from simpost.domain.texts import TextAbsence
from simpost.store.text_seal import TextSeal, place_of

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "aes_gcm.json").read_text())
SECRETS_KEY = Fernet.generate_key().decode()
NEW, OLD = TextKey("2026-11", bytes(range(32))), TextKey("2026-01", bytes(range(1, 33)))
PLACE = place_of(b"messages", 7, bytes(16))


def seal(*keys: TextKey) -> TextSeal:
    return TextSeal(SECRETS_KEY, keys)


@pytest.mark.parametrize("vector", VECTORS["vectors"])
def test_sealed_octets_open_as_nist_says(vector):
    facts = {name: bytes.fromhex(value or "") for name, value in vector.items()}
    texts = seal(TextKey("nist", facts["key"]))
    sealed = facts["iv"] + facts["ciphertext"] + facts["tag"]
    opened = texts.open_octets("nist", facts["aad"], sealed)
    expected = TextAbsence.DAMAGED if vector["plaintext"] is None else facts["plaintext"]
    assert opened == expected


@given(st.text(), st.integers(0, 2**31), st.binary(min_size=16, max_size=16))
def test_another_implementation_opens_what_was_sealed(text, account_id, row_id):
    place = place_of(b"parts", account_id, row_id, 2)
    octets = base64.b64decode(seal(NEW).seal(NEW.id, place, text))
    cipher = Cipher(AES(NEW.octets), GCM(octets[:12], octets[-16:])).decryptor()
    cipher.authenticate_additional_data(place)
    assert (cipher.update(octets[12:-16]) + cipher.finalize()).decode() == text
    cipher = Cipher(AES(NEW.octets), GCM(octets[:12], octets[-16:])).decryptor()
    cipher.authenticate_additional_data(place + b"0")
    with pytest.raises(InvalidTag):
        cipher.update(octets[12:-16]) + cipher.finalize()


@given(st.integers(0, 8 * 40 - 1))
def test_a_flipped_bit_is_found(bit):
    sealed = bytearray(seal(NEW).seal_octets(NEW.id, PLACE, b"hello, world"))
    sealed[bit // 8] ^= 1 << bit % 8
    assert seal(NEW).open_octets(NEW.id, PLACE, bytes(sealed)) is TextAbsence.DAMAGED


@pytest.mark.parametrize(
    "place",
    [
        place_of(b"parts", 7, bytes(16)),
        place_of(b"messages", 8, bytes(16)),
        place_of(b"messages", 7, b"\x01" + bytes(15)),
        place_of(b"messages", 7, bytes(16), 1),
    ],
)
def test_a_text_opens_in_no_other_place(place):
    assert seal(NEW).open(NEW.id, place, seal(NEW).seal(NEW.id, PLACE, "hi")) == "damaged"


@pytest.mark.parametrize("sealed", ["", "AAAA", "no base64", "ä", "AA" * 40])
def test_what_was_never_sealed_is_damaged(sealed):
    assert seal(NEW).open(NEW.id, PLACE, sealed) is TextAbsence.DAMAGED


def test_equal_texts_look_different():
    texts = seal(NEW)
    assert len({texts.seal(NEW.id, PLACE, "1234") for _ in range(100)}) == 100


def test_the_first_key_seals_and_all_open():
    sealed = seal(OLD).seal(OLD.id, PLACE, "hi")
    texts = seal(NEW, OLD)
    assert (texts.key_id, texts.code_key_id) == (NEW.id, NEW.id)
    assert texts.open(OLD.id, PLACE, sealed) == "hi"
    assert seal(NEW).open(OLD.id, PLACE, sealed) is TextAbsence.KEY_MISSING


def test_without_a_key_only_codes_are_sealed():
    texts = seal()
    assert texts.key_for(Category.NOTICE) is None
    assert texts.key_for(Category.CODE) == OWN_KEY
    sealed = texts.seal(OWN_KEY, PLACE, "483911")
    assert seal(NEW).open(OWN_KEY, PLACE, sealed) == "483911"
    other = TextSeal(Fernet.generate_key().decode())
    assert other.open(OWN_KEY, PLACE, sealed) is TextAbsence.DAMAGED


def test_keys_are_read_in_either_base64_and_never_shown():
    octets = b"\xfb\xff" * 16
    shown = base64.b64encode(octets).decode(), base64.urlsafe_b64encode(octets).decode()
    keys = parse_text_keys(f" a:{shown[0]}, b.1:{shown[1]} ")
    assert keys == (TextKey("a", octets), TextKey("b.1", octets))
    assert shown[0] not in repr(keys)
    assert parse_text_keys("") == parse_text_keys("  ") == ()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("AAAA", "must be ID:KEY"),
        (":AAAA", "must be ID:KEY"),
        (f"a b:{'A' * 43}=", "must be ID:KEY"),
        ("a:", "key 'a' must be 32 octets in base64"),
        (f"a:{'A' * 42}==", "key 'a' must be 32 octets in base64"),
        (f"a:{'!' * 44}", "key 'a' must be 32 octets in base64"),
        (f"a:{'ö' * 44}", "key 'a' must be 32 octets in base64"),
        (f"secrets_key:{'A' * 43}=", "reserved"),
        (f"a:{'A' * 43}=,a:{'A' * 43}=", "two keys with the id 'a'"),
        (",".join(f"k{n}:{'A' * 43}=" for n in range(9)), "at most 8 keys"),
    ],
)
def test_a_wrong_key_is_one_clear_sentence_without_the_key(keys, said):
    with pytest.raises(ValueError, match=said) as raised:
        parse_text_keys(keys)
    assert "AAAA" not in str(raised.value)
