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


def encode(part: str, encoding: Encoding) -> bytes:
    """Return the user data of a part: septets one an octet for gsm7, UTF-16BE for ucs2.

    Raises Unencodable for a character the encoding does not have. Characters beyond the BMP
    become surrogate pairs, which UCS-2 officially lacks and handsets read.
    """
    if encoding.alphabet == "ucs2":
        try:
            return part.encode("utf-16-be")
        except UnicodeEncodeError as error:
            raise Unencodable(error.start, encoding.label) from None
    alphabet = septets_of(encoding.locking, encoding.single)
    if alphabet.only_known.fullmatch(part) is None:
        known = alphabet.only_known.match(part)
        raise Unencodable(known.end() if known else 0, encoding.label)
    return part.translate(alphabet.septets).encode("latin-1")


def decode(octets: bytes, encoding: Encoding) -> str:
    """Return the text of user data, whatever the octets are; never raises.

    What cannot be a character becomes U+FFFD: for gsm7 an octet above 0x7F or a code its table
    leaves empty; for ucs2 a lone surrogate or an odd last octet. Escapes follow TS 23.038
    6.2.1.1: an unknown pair shows the character of the basic table, a second escape or an escape
    at the end shows a space.
    """
    if encoding.alphabet == "ucs2":
        return octets.decode("utf-16-be", "replace")
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
