"""Encodings: an alphabet and its national shift tables, and the units that fit into a part."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, TypeAlias

from simpost.text.errors import TextError

Alphabet: TypeAlias = Literal["gsm7", "ucs2", "latin1", "ascii", "binary"]
ReferenceBits: TypeAlias = Literal[8, 16]

LANGUAGES = {
    1: "Turkish",
    2: "Spanish",
    3: "Portuguese",
    4: "Bengali",
    5: "Gujarati",
    6: "Hindi",
    7: "Kannada",
    8: "Malayalam",
    9: "Oriya",
    10: "Punjabi",
    11: "Tamil",
    12: "Telugu",
    13: "Urdu",
}
"""National language identifiers, TS 23.038 6.2.1.2.4."""

_ISO_639 = {
    "tr": 1,
    "es": 2,
    "pt": 3,
    "bn": 4,
    "gu": 5,
    "hi": 6,
    "kn": 7,
    "ml": 8,
    "or": 9,
    "pa": 10,
    "ta": 11,
    "te": 12,
    "ur": 13,
}
_BY_NAME = {name.lower(): number for number, name in LANGUAGES.items()} | _ISO_639

LOCKING_LANGUAGES = frozenset(LANGUAGES) - {2}
"""Languages with a locking shift table: A.3.2 (Spanish) is void."""

USER_DATA_OCTETS = 140
"""Octets of user data in one PDU, header included (TS 23.040 9.2.3.24)."""

_CONCATENATION_OCTETS = {8: 5, 16: 6}
_SHIFT_OCTETS = 3
_LABEL = re.compile(
    r"(ucs2|latin1|ascii|binary)|gsm7(?:\+locking([1-9][0-9]?))?(?:\+single([1-9][0-9]?))?"
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An alphabet and, for gsm7, the national tables used in the whole part.

    Attributes:
        alphabet: "gsm7" counts septets, "ucs2" UTF-16 units; "latin1" (ISO 8859-1), "ascii" and
            "binary" count octets. A binary message is written as text in hex digits.
        locking: language whose table replaces the default alphabet (TS 23.038 A.3); 0 for none.
        single: language whose table replaces the extension table (TS 23.038 A.2); 0 for none.
        label: a stable name, such as "gsm7", "ucs2" or "gsm7+locking1+single1".
    """

    alphabet: Alphabet
    locking: int = 0
    single: int = 0
    label: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.alphabet != "gsm7" and (self.locking or self.single):
            raise ValueError(f"{self.alphabet} has no shift tables")
        if self.locking and self.locking not in LOCKING_LANGUAGES:
            raise ValueError(f"language {self.locking} has no locking shift table")
        if self.single and self.single not in LANGUAGES:
            raise ValueError(f"language {self.single} has no single shift table")
        locking = f"+locking{self.locking}" if self.locking else ""
        single = f"+single{self.single}" if self.single else ""
        object.__setattr__(self, "label", f"{self.alphabet}{locking}{single}")

    @property
    def shift_octets(self) -> int:
        """Octets of the shift elements in the user data header of every part."""
        return _SHIFT_OCTETS * (bool(self.locking) + bool(self.single))


GSM7 = Encoding("gsm7")
UCS2 = Encoding("ucs2")
LATIN1 = Encoding("latin1")
ASCII = Encoding("ascii")
BINARY = Encoding("binary")

_PLAIN = {encoding.label: encoding for encoding in (UCS2, LATIN1, ASCII, BINARY)}


def parse_language(text: str) -> int:
    """Return a language given by number, English name or ISO 639 code; raises TextError."""
    word = text.strip().lower()
    if word.isascii() and word.isdigit() and len(word) <= 2 and int(word) in LANGUAGES:
        return int(word)
    if word not in _BY_NAME:
        known = ", ".join(f"{code} ({LANGUAGES[number]})" for code, number in _ISO_639.items())
        raise TextError(f"{text!r} is no language with a table; there are 1 to 13: {known}.")
    return _BY_NAME[word]


@cache
def parse_encoding(label: str) -> Encoding:
    """Return the encoding a label names; raises TextError for any other text."""
    match = _LABEL.fullmatch(label)
    if match is None:
        raise TextError("This is not the label of an encoding.")
    if match[1]:
        return _PLAIN[label]
    try:
        return Encoding("gsm7", int(match[2] or 0), int(match[3] or 0))
    except ValueError as error:
        raise TextError("The label names a table that does not exist.") from error


@cache
def units_per_part(
    encoding: Encoding, *, joined: bool, reference_bits: ReferenceBits, element_octets: int = 0
) -> int:
    """Return how many units fit into one part beside its user data header.

    Units are septets for gsm7, UTF-16 units for ucs2, octets for the others; `joined` parts carry
    a concatenation element, and `element_octets` is what further elements take. A septet text
    starts on a septet edge after the header (TS 23.040 9.2.3.24).
    """
    header = encoding.shift_octets + element_octets
    header += _CONCATENATION_OCTETS[reference_bits] if joined else 0
    octets = USER_DATA_OCTETS - (header + 1 if header else 0)
    match encoding.alphabet:
        case "gsm7":
            return octets * 8 // 7
        case "ucs2":
            return octets // 2
        case _:
            return octets
