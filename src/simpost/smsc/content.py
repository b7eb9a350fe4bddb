"""What one short message carries, and what a handset shows of it.

Taking a message in reads as little as possible: the octets are decoded when somebody looks.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from simpost.smpp import DataSm, SubmitSm, Tag
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
    """Where a part stands in its message; `kind` keeps references of different sizes apart."""

    kind: str
    reference: int
    total: int
    number: int


class Content(NamedTuple):
    """The user data of one PDU and what is needed to read it.

    Attributes:
        octets: user data, its header included.
        data_coding: as it came (SMPP 3.4 5.2.19), or what 0 stands for.
        header: the parsed header, None where esm_class promises none.
        place: where the part stands in its message, None for a message of one part.
        subunit: the TLV dest_addr_subunit, which some links use for the message class.
    """

    octets: bytes
    data_coding: int = 0
    header: Header | None = None
    place: SegmentPosition | None = None
    subunit: bytes | None = None


def content_of(request: Submit, default_coding: int = 0) -> Content:
    """Read where the text is and where the part belongs; never raises.

    `default_coding` is the data_coding that 0 stands for.
    """
    coding = request.data_coding or default_coding
    octets = request.short_message if isinstance(request, SubmitSm) else b""
    if not request.tlvs and not request.esm_class & UDHI:
        return Content(octets, coding)
    octets = octets or request.tlv(Tag.MESSAGE_PAYLOAD) or b""
    header = parse_header(octets) if request.esm_class & UDHI else None
    place = _place(header) or _sar_place(request)
    subunit = request.tlv(Tag.DEST_ADDR_SUBUNIT)
    return Content(octets, coding, header, place, subunit)


def text_of(content: Content, *, packed: bool) -> str:
    """What the handset shows. Binary shows as hex; `packed` says how the link carries GSM 7.

    Each part is decoded by itself, as the strictest handset does: a surrogate or escape pair cut in
    two shows as what it became.
    """
    alphabet, _ = coding_of(content.data_coding)
    octets = text_octets(content.octets, content.header, alphabet, packed=packed, as_shown=True)
    if alphabet == "binary":
        return octets.hex(" ")
    return read_text(octets, received_label(alphabet, content.header))


def encoding_of(content: Content) -> str:
    """Its name: gsm7, gsm7+single1 ..., ucs2, latin1, ascii, jis ..., or binary."""
    return received_label(coding_of(content.data_coding).alphabet, content.header)


def class_of(content: Content) -> int | None:
    """The message class (TS 23.038 4), 0 is flash; None where nothing says one."""
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


def _place(header: Header | None) -> SegmentPosition | None:
    found = header.concatenation if header else None
    if found is None or found.total == 1:
        return None
    return SegmentPosition(f"udh{found.bits}", found.reference, found.total, found.number)


def _sar_place(request: Submit) -> SegmentPosition | None:
    """SMPP 3.4 5.3.2.22-24; parts that number wrongly are shown each by itself."""
    reference = request.tlv(Tag.SAR_MSG_REF_NUM)
    total = int.from_bytes(request.tlv(Tag.SAR_TOTAL_SEGMENTS) or b"", "big")
    number = int.from_bytes(request.tlv(Tag.SAR_SEGMENT_SEQNUM) or b"", "big")
    if reference is None or not 1 <= number <= total or not 1 < total <= 255:
        return None
    return SegmentPosition("sar", int.from_bytes(reference, "big"), total, number)
