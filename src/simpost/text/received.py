"""Reads received octets of a short message as text."""

from __future__ import annotations

import codecs
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from simpost.text.codec import decode
from simpost.text.encoding import GSM7, LANGUAGES, LOCKING_LANGUAGES, Encoding, parse_encoding
from simpost.text.septets import fill_bits_after, unpack_septets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simpost.text.udh import Header

_BY_CODING: Final = {
    0x01: "ascii",
    0x03: "latin1",
    0x05: "jis",
    0x06: "cyrillic",
    0x07: "hebrew",
    0x08: "ucs2",
    0x0A: "jis",  # ISO-2022-JP
    0x0D: "jis",  # with JIS X 0212
    0x0E: "ksc5601",
}
_CHARSETS: Final = {"cyrillic": "iso8859-5", "hebrew": "iso8859-8"}
"""Alphabets that are read and never written, by the name of their codec."""
_LATIN1: Final = "".join(
    bytes((octet,)).decode("cp1252" if octet not in b"\x81\x8d\x8f\x90\x9d" else "latin-1")
    for octet in range(256)
)
"""Latin-1 as it is sent in the field: 0x80 to 0x9F are those of Windows-1252."""
_BIG_ENDIAN: Final = b"\xfe\xff"
_LITTLE_ENDIAN: Final = b"\xff\xfe"
_ESCAPE: Final = b"\x1b"


class Coding(NamedTuple):
    """The alphabet of a data_coding, and its message class if it has one."""

    alphabet: str
    message_class: int | None


@cache
def coding_of(data_coding: int) -> Coding:
    """Alphabet and class of a data_coding (SMPP 3.4 5.2.19, TS 23.038 4).

    Binary where it cannot be read as text: compressed, reserved, and alphabets without a table.
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
    """The label of alphabet and national tables; an unknown table is read as the default."""
    if alphabet != "gsm7":
        return alphabet
    if header is None or not (header.locking or header.single):
        return GSM7.label
    locking = header.locking if header.locking in LOCKING_LANGUAGES else 0
    single = header.single if header.single in LANGUAGES else 0
    return Encoding("gsm7", locking, single).label


def text_octets(
    octets: bytes, header: Header | None, alphabet: str, *, packed: bool, as_shown: bool = False
) -> bytes:
    """User data without its header; packed septets are returned one per octet.

    SMPP counts octets, so seven bits left over may be padding or a character. A CR is padding
    (TS 23.038 6.1.2.3.1). Zero bits are read as padding too; a handset shows them as an @, and
    `as_shown` keeps it. A header longer than the user data is read as no header.
    """
    start = header.octets if header else 0
    if header and header.broken and start >= len(octets):
        start = 0
    octets = octets[start:]
    if alphabet != "gsm7" or not packed:
        return octets
    fill_bits = fill_bits_after(start)
    septets = unpack_septets(octets, len(octets) * 8 // 7, fill_bits)
    is_full = (len(octets) * 8 - fill_bits) % 7 == 0
    is_filled = septets.endswith(b"\r") or (not as_shown and septets.endswith(b"\0"))
    return septets[:-1] if is_full and is_filled else septets


def join_octets(parts: Iterable[bytes], label: str) -> bytes:
    """Neighbouring parts as octets of one text; a byte order mark applies to all parts after it."""
    if label != "ucs2":
        return b"".join(parts)
    joined: list[bytes] = []
    is_little = False
    for part in parts:
        mark = part[:2]
        if mark in (_BIG_ENDIAN, _LITTLE_ENDIAN):
            is_little = mark == _LITTLE_ENDIAN
        text = part.removeprefix(_LITTLE_ENDIAN if is_little else _BIG_ENDIAN)
        joined.append(_swapped(text) if is_little else text)
    return b"".join(joined)


def read_text(octets: bytes, label: str) -> str:
    """The text of octets under a label of `received_label`; never raises. Binary reads as hex.

    A byte order mark decides the order and is no text (RFC 2781 3.2). Japanese is read as
    ISO-2022-JP, EUC-JP or Shift JIS, whichever its octets are.
    """
    match label:
        case "latin1":
            return codecs.charmap_decode(octets, "replace", _LATIN1)[0]
        case "ucs2":
            return join_octets((octets,), label).decode("utf-16-be", "replace")
        case "jis":
            return _read_japanese(octets)
        case "ksc5601":
            return octets.decode("iso2022_kr" if _ESCAPE in octets else "cp949", "replace")
        case _:
            charset = _CHARSETS.get(label)
            return (
                octets.decode(charset, "replace")
                if charset
                else decode(octets, parse_encoding(label))
            )


def _read_japanese(octets: bytes) -> str:
    if _ESCAPE in octets:
        return octets.decode("iso2022_jp_ext", "replace")
    try:
        return octets.decode("euc_jp")
    except UnicodeDecodeError:
        return octets.decode("cp932", "replace")


def _swapped(octets: bytes) -> bytes:
    even = len(octets) & ~1
    swapped = bytearray(octets)
    swapped[0:even:2], swapped[1:even:2] = octets[1:even:2], octets[0:even:2]
    return bytes(swapped)
