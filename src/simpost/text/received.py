"""What was received, read: from the octets of a short message to the text a person sees."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from simpost.text.codec import decode
from simpost.text.encoding import GSM7, LANGUAGES, LOCKING_LANGUAGES, Encoding, parse_encoding
from simpost.text.septets import fill_bits_after, unpack_septets

if TYPE_CHECKING:
    from simpost.text.udh import Header

_BY_CODING: Final = {
    0x01: "ascii",
    0x03: "latin1",
    0x06: "cyrillic",
    0x07: "hebrew",
    0x08: "ucs2",
}
_CHARSETS: Final = {"cyrillic": "iso8859-5", "hebrew": "iso8859-8"}
"""Alphabets that are read and never written."""


class Coding(NamedTuple):
    """What a data_coding says: the alphabet, and the message class if it tells one."""

    alphabet: str
    message_class: int | None


@cache
def coding_of(data_coding: int) -> Coding:
    """Alphabet and class of a data_coding (SMPP 3.4 5.2.19, TS 23.038 4).

    What nobody can read as text is binary: compressed, reserved, and alphabets without a table.
    """
    if data_coding in _BY_CODING:
        return Coding(_BY_CODING[data_coding], None)
    group = data_coding >> 4
    low_class = data_coding & 0x03
    if group == 0xF:
        return Coding("binary" if data_coding & 0x04 else "gsm7", low_class)
    if group in {0xC, 0xD}:  # message waiting
        return Coding("gsm7", None)
    if group == 0xE:
        return Coding("ucs2", None)
    if group in {0x1, 0x4, 0x5}:  # general coding; 0x2 and 0x3 are compressed
        alphabet = ("gsm7", "binary", "ucs2", "binary")[data_coding >> 2 & 0x03]
        return Coding(alphabet, low_class if group & 0x1 else None)
    return Coding("gsm7" if data_coding == 0 else "binary", None)


def received_label(alphabet: str, header: Header | None) -> str:
    """Name alphabet and national tables; a table nobody knows leaves the default in force."""
    if alphabet != "gsm7":
        return alphabet
    if header is None or not (header.locking or header.single):
        return GSM7.label
    locking = header.locking if header.locking in LOCKING_LANGUAGES else 0
    single = header.single if header.single in LANGUAGES else 0
    return Encoding("gsm7", locking, single).label


def text_octets(octets: bytes, header: Header | None, alphabet: str, *, packed: bool) -> bytes:
    """User data without its header; packed septets come out one an octet.

    SMPP counts octets, so seven zero bits at the end are filling, not an @.
    """
    start = header.octets if header else 0
    octets = octets[start:]
    if alphabet != "gsm7" or not packed:
        return octets
    fill_bits = fill_bits_after(start)
    septets = unpack_septets(octets, len(octets) * 8 // 7, fill_bits)
    is_full = (len(octets) * 8 - fill_bits) % 7 == 0
    return septets[:-1] if is_full and septets.endswith(b"\0") else septets


def read_text(octets: bytes, label: str) -> str:
    """The text of octets under a label of `received_label`; never raises. Binary reads as hex."""
    charset = _CHARSETS.get(label)
    return octets.decode(charset, "replace") if charset else decode(octets, parse_encoding(label))
