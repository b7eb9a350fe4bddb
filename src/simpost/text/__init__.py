"""Text for SMS: alphabets, parts, user data and its header (TS 23.038, TS 23.040)."""

from __future__ import annotations

from simpost.domain.options import Ports
from simpost.text.calls import CallLimit, CallTexts, TextTooLong, call_texts
from simpost.text.codec import decode, encode, is_encodable
from simpost.text.encoding import (
    ASCII,
    BINARY,
    GSM7,
    LANGUAGES,
    LATIN1,
    LOCKING_LANGUAGES,
    UCS2,
    Alphabet,
    Encoding,
    ReferenceBits,
    parse_encoding,
    parse_language,
    units_per_part,
)
from simpost.text.errors import TextError, TooManyParts, Unencodable
from simpost.text.explanation import Alternative, CostDriver, Explanation, explain
from simpost.text.lookalikes import LOOK_ALIKES
from simpost.text.received import (
    Coding,
    coding_of,
    join_octets,
    read_text,
    received_label,
    text_octets,
)
from simpost.text.segments import (
    MAX_PARTS,
    Segments,
    cheapest,
    segment,
    segment_as,
    segment_octets,
)
from simpost.text.septets import CARRIAGE_RETURN, fill_bits_after, pack_septets, unpack_septets
from simpost.text.spelling import Spelling, may_save_parts, spell
from simpost.text.udh import (
    ConcatenationElement,
    Element,
    Header,
    build_header,
    concat_header,
    concatenation_element,
    language_elements,
    parse_header,
    part_header,
    ports_element,
)

__all__ = [
    "ASCII",
    "BINARY",
    "CARRIAGE_RETURN",
    "GSM7",
    "LANGUAGES",
    "LATIN1",
    "LOCKING_LANGUAGES",
    "LOOK_ALIKES",
    "MAX_PARTS",
    "UCS2",
    "Alphabet",
    "Alternative",
    "CallLimit",
    "CallTexts",
    "Coding",
    "ConcatenationElement",
    "CostDriver",
    "Element",
    "Encoding",
    "Explanation",
    "Header",
    "Ports",
    "ReferenceBits",
    "Segments",
    "Spelling",
    "TextError",
    "TextTooLong",
    "TooManyParts",
    "Unencodable",
    "build_header",
    "call_texts",
    "cheapest",
    "coding_of",
    "concat_header",
    "concatenation_element",
    "decode",
    "encode",
    "explain",
    "fill_bits_after",
    "is_encodable",
    "join_octets",
    "language_elements",
    "may_save_parts",
    "pack_septets",
    "parse_encoding",
    "parse_header",
    "parse_language",
    "part_header",
    "ports_element",
    "read_text",
    "received_label",
    "segment",
    "segment_as",
    "segment_octets",
    "spell",
    "text_octets",
    "units_per_part",
    "unpack_septets",
]
