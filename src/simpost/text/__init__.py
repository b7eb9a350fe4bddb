"""Text for SMS: alphabets, parts, user data and its header (TS 23.038, TS 23.040)."""

from __future__ import annotations

from simpost.text.codec import decode, encode
from simpost.text.encoding import (
    GSM7,
    LANGUAGES,
    LOCKING_LANGUAGES,
    UCS2,
    Alphabet,
    Encoding,
    ReferenceBits,
    parse_encoding,
    units_per_part,
)
from simpost.text.errors import TextError, TooManyParts, Unencodable
from simpost.text.segments import MAX_PARTS, Segments, segment, segment_as

__all__ = [
    "GSM7",
    "LANGUAGES",
    "LOCKING_LANGUAGES",
    "MAX_PARTS",
    "UCS2",
    "Alphabet",
    "Encoding",
    "ReferenceBits",
    "Segments",
    "TextError",
    "TooManyParts",
    "Unencodable",
    "decode",
    "encode",
    "parse_encoding",
    "segment",
    "segment_as",
    "units_per_part",
]
