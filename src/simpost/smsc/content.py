"""The user data of one short message, and the text that a handset shows.

Reading a submit decodes nothing: the text is decoded when it is displayed.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from simpost.smpp import DataSm, SubmitSm, Tag, sar_position
from simpost.text import (
    Header,
    coding_of,
    fill_bits_after,
    parse_header,
    read_text,
    received_label,
    text_octets,
)

Submit: TypeAlias = SubmitSm | DataSm

UDHI: Final = 0x40
"""Bit of esm_class: the text begins with a user data header (SMPP 3.4 5.2.12)."""
PART_OCTETS: Final = 140

_SUBUNIT_CLASS: Final = {b"\x01": 0, b"\x02": 1, b"\x03": 2, b"\x04": 3}


class SegmentPosition(NamedTuple):
    """Number of a part in its message; `kind` separates references of different sizes."""

    kind: str
    reference: int
    total: int
    number: int


class Content(NamedTuple):
    """The user data of one PDU and what is needed to read it.

    Attributes:
        octets: user data with its header.
        data_coding: as received (SMPP 3.4 5.2.19), or the meaning of 0.
        header: the parsed user data header; None without UDHI in esm_class.
        position: number of the part in its message; None for a message of one part.
        subunit: the TLV dest_addr_subunit, which some ESMEs use for the message class.
    """

    octets: bytes
    data_coding: int = 0
    header: Header | None = None
    position: SegmentPosition | None = None
    subunit: bytes | None = None


def content_of(request: Submit, default_coding: int = 0) -> Content:
    """The content of a submit_sm or data_sm; never raises.

    `default_coding` is the data_coding that 0 stands for.
    """
    coding = request.data_coding or default_coding
    octets = request.short_message if isinstance(request, SubmitSm) else b""
    if not request.tlvs and not request.esm_class & UDHI:
        return Content(octets, coding)
    octets = octets or request.tlv(Tag.MESSAGE_PAYLOAD) or b""
    header = parse_header(octets) if request.esm_class & UDHI else None
    position = _udh_position(header) or _sar_position(request)
    subunit = request.tlv(Tag.DEST_ADDR_SUBUNIT)
    return Content(octets, coding, header, position, subunit)


def text_of(content: Content, *, packed: bool) -> str:
    """The text that the handset shows, or hex for binary; `packed`: GSM 7 septets are packed.

    Each part is decoded by itself, as on the strictest handsets: the halves of a surrogate or
    escape pair that is cut in two are visible.
    """
    alphabet, _ = coding_of(content.data_coding)
    octets = text_octets(content.octets, content.header, alphabet, packed=packed, as_shown=True)
    if alphabet == "binary":
        return octets.hex(" ")
    return read_text(octets, received_label(alphabet, content.header))


def encoding_of(content: Content) -> str:
    """The name of the encoding: gsm7, gsm7+single1 ..., ucs2, latin1, ascii, jis ..., binary."""
    return received_label(coding_of(content.data_coding).alphabet, content.header)


def class_of(content: Content) -> int | None:
    """The message class (TS 23.038 4), 0 is flash; None when none is given."""
    _, message_class = coding_of(content.data_coding)
    if message_class is None and content.subunit is not None:
        return _SUBUNIT_CLASS.get(content.subunit)
    return message_class


def fits_one_part(content: Content, *, packed: bool) -> bool:
    """Whether the air interface can carry it in one part: 140 octets (TS 23.040 9.2.3.24)."""
    octets = len(content.octets)
    if packed or coding_of(content.data_coding)[0] != "gsm7":
        return octets <= PART_OCTETS
    start = content.header.octets if content.header else 0
    return start * 8 + fill_bits_after(start) + (octets - start) * 7 <= PART_OCTETS * 8


def _udh_position(header: Header | None) -> SegmentPosition | None:
    found = header.concatenation if header else None
    if found is None or found.total == 1:
        return None
    return SegmentPosition(f"udh{found.bits}", found.reference, found.total, found.number)


def _sar_position(request: Submit) -> SegmentPosition | None:
    """From the sar TLVs (SMPP 3.4 5.3.2.22-24); None if their numbers are invalid."""
    found = sar_position(request)
    return SegmentPosition("sar", *found) if found else None
