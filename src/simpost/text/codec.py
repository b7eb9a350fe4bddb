"""The user data of one part, without its header: characters to octets and back."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from simpost.text.alphabet import septets_of
from simpost.text.errors import Unencodable

if TYPE_CHECKING:
    from simpost.text.encoding import Encoding

_ESCAPED = re.compile(rb"\x1b([\x00-\xff]?)")
_ONLY_CHARACTERS = re.compile("[^\ud800-\udfff]*")
# Without 0x80 to 0x9F: control characters in ISO 8859-1, but quotes and the euro sign for peers
# that read Windows-1252.
_ONLY_LATIN1 = re.compile("[\x00-\x7f\xa0-\xff]*")
_ONLY_ASCII = re.compile("[\x00-\x7f]*")
_ONLY_HEX_PAIRS = re.compile("(?:[0-9a-fA-F]{2})*")


def encode(part: str, encoding: Encoding) -> bytes:
    """Return the user data of a part: septets one per octet for gsm7, UTF-16BE for ucs2.

    Raises Unencodable for a character the encoding does not have. Characters beyond the BMP
    become surrogate pairs, which UCS-2 officially lacks and handsets read. The text of a binary
    part is its octets in hex digits.
    """
    if encoding.alphabet == "ucs2":
        try:
            return part.encode("utf-16-be")
        except UnicodeEncodeError as error:
            raise Unencodable(error.start, encoding.label) from None
    if encoding.alphabet != "gsm7":
        return _octets(part, encoding)
    alphabet = septets_of(encoding.locking, encoding.single)
    if (octets := alphabet.shared_octets(part)) is not None:
        return octets
    if alphabet.only_known.fullmatch(part) is None:
        known = alphabet.only_known.match(part)
        raise Unencodable(known.end() if known else 0, encoding.label)
    return part.translate(alphabet.septets).encode("latin-1")


def decode(octets: bytes, encoding: Encoding) -> str:
    """Return the text of user data, whatever the octets are; never raises.

    Octets that are no character become U+FFFD: for gsm7 an octet above 0x7F or a code that its
    table leaves empty; for ucs2 a lone surrogate or an odd last octet. Escapes follow TS 23.038
    6.2.1.1: an unknown pair shows the character of the basic table, a second escape or an escape
    at the end shows a space. Binary is shown as hex digits.
    """
    match encoding.alphabet:
        case "ucs2":
            return octets.decode("utf-16-be", "replace")
        case "latin1":
            return octets.decode("latin-1")
        case "ascii":
            return octets.decode("ascii", "replace")
        case "binary":
            return octets.hex()
        case "gsm7":
            return _shown(octets, encoding)


def is_encodable(text: str, encoding: Encoding) -> bool:
    """Whether the encoding has every character of the text."""
    return encodable_length(text, encoding) == len(text)


def encodable_length(text: str, encoding: Encoding) -> int:
    """How many characters of the text come before the first one the encoding does not have."""
    match encoding.alphabet:
        case "gsm7":
            known = septets_of(encoding.locking, encoding.single).only_known.match(text)
        case "ucs2":
            known = _ONLY_CHARACTERS.match(text)
        case "latin1":
            known = _ONLY_LATIN1.match(text)
        case "ascii":
            known = _ONLY_ASCII.match(text)
        case "binary":
            known = _ONLY_HEX_PAIRS.match(text)
    return known.end() if known else 0


def _octets(part: str, encoding: Encoding) -> bytes:
    known = encodable_length(part, encoding)
    if known < len(part):
        raise Unencodable(known, encoding.label)
    return bytes.fromhex(part) if encoding.alphabet == "binary" else part.encode("latin-1")


def _shown(octets: bytes, encoding: Encoding) -> str:
    alphabet = septets_of(encoding.locking, encoding.single)
    plain, *rest = _ESCAPED.split(octets)
    text = codecs.charmap_decode(plain, "replace", alphabet.characters)[0]
    if not rest:
        return text
    shown = [text]
    for code, run in zip(rest[::2], rest[1::2], strict=True):
        shown.append(alphabet.escaped[code])
        shown.append(codecs.charmap_decode(run, "replace", alphabet.characters)[0])
    return "".join(shown)
