"""Where a part stands in its message by the sar TLVs (SMPP 3.4 5.3.2.22 to 5.3.2.24)."""

from __future__ import annotations

from typing import NamedTuple

from simpost.smpp.pdu import Pdu
from simpost.smpp.tlv import Tag


class SarPosition(NamedTuple):
    """Reference, number of parts, and the number of this part, from 1."""

    reference: int
    total: int
    number: int


def sar_position(request: Pdu) -> SarPosition | None:
    """The position from the sar TLVs; `None` without them, or if their numbers are invalid."""
    reference = request.tlv(Tag.SAR_MSG_REF_NUM)
    total = int.from_bytes(request.tlv(Tag.SAR_TOTAL_SEGMENTS) or b"", "big")
    number = int.from_bytes(request.tlv(Tag.SAR_SEGMENT_SEQNUM) or b"", "big")
    if reference is None or len(reference) > 4 or not 1 <= number <= total or not 1 < total <= 255:
        return None
    return SarPosition(int.from_bytes(reference, "big"), total, number)
