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
from simpost.text.explanation import Alternative, CostDriver, Explanation, explain
from simpost.text.lookalikes import LOOK_ALIKES
from simpost.text.segments import MAX_PARTS, Segments, cheapest, segment, segment_as
from simpost.text.septets import fill_bits_after, pack_septets, unpack_septets
from simpost.text.udh import (
    Concatenation,
    Element,
    Header,
    Ports,
    build_header,
    concat_header,
    concatenation_element,
    language_elements,
    parse_header,
    part_header,
)

__all__ = [
    "GSM7",
    "LANGUAGES",
    "LOCKING_LANGUAGES",
    "LOOK_ALIKES",
    "MAX_PARTS",
    "UCS2",
    "Alphabet",
    "Alternative",
    "Concatenation",
    "CostDriver",
    "Element",
    "Encoding",
    "Explanation",
    "Header",
    "Ports",
    "ReferenceBits",
    "Segments",
    "TextError",
    "TooManyParts",
    "Unencodable",
    "build_header",
    "cheapest",
    "concat_header",
    "concatenation_element",
    "decode",
    "encode",
    "explain",
    "fill_bits_after",
    "language_elements",
    "pack_septets",
    "parse_encoding",
    "parse_header",
    "part_header",
    "segment",
    "segment_as",
    "units_per_part",
    "unpack_septets",
]
