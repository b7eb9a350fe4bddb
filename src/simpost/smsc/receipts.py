"""Variants of the text and ids of receipts, as message centres write them. Pure."""

from __future__ import annotations

import re
from typing import Final

from simpost.smsc.faults import ReceiptId, ShapeReceipt

RECEIPT: Final = 0x04  # esm_class of an SMSC delivery receipt (SMPP 3.4 5.2.12)
INTERMEDIATE: Final = 0x20
GSM_NETWORK: Final = 3  # network type of network_error_code (SMPP 3.4 5.3.2.31)

_NEXT: Final = re.compile(rb" (?=(?:sub|dlvrd|submit date|done date|stat|err):)")


def receipt_ids_of(message_id: str, base: int, form: ReceiptId) -> tuple[str, str]:
    """The id in the receipt's text and in its TLV; `base` is the number base of `message_id`."""
    written = _format_id(message_id, base, form)
    return (
        message_id if form.where == "tlv" else written,
        message_id if form.where == "text" else written,
    )


def reshape_text(text: bytes, shape: ShapeReceipt) -> bytes:
    """The text of Appendix B without some fields, with another separator, or empty."""
    if not shape.text:
        return b""
    head, _, repeated = text.partition(b" text:")
    fields = [*_NEXT.split(head), b"text:" + repeated]
    kept = [field for field in fields if _label(field) not in shape.omit]
    return shape.separator.encode("latin-1", "replace").join(kept)


def _label(field: bytes) -> str:
    return re.split(rb"[ :]", field, maxsplit=1)[0].decode()


def _format_id(message_id: str, base: int, form: ReceiptId) -> str:
    text = message_id
    if form.base is not None:
        text = format(int(message_id, base), "X" if form.base == "hex" else "d")
    text = text.lower() if form.case == "lower" else text.upper()
    return text.zfill(form.width)
