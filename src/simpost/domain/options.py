"""Options of a message beside its text; with them the same octets can be sent again."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class Concatenation(StrEnum):
    """Methods to join the parts of a long message. A message uses one of them."""

    UDH8 = "udh8"
    """By a header with a reference of one octet (TS 23.040 9.2.3.24.1)."""
    UDH16 = "udh16"
    """By a header with a reference of two octets (TS 23.040 9.2.3.24.8)."""
    SAR = "sar"
    """By the TLVs sar_msg_ref_num, sar_total_segments, sar_segment_seqnum (SMPP 3.4 5.3.2.22)."""
    PAYLOAD = "payload"
    """None: the carrier gets the whole text in message_payload and cuts it itself."""
    NUMBERED = "numbered"
    """None: each part is a text of its own that begins with its number and their total."""


class Ports(msgspec.Struct, frozen=True, gc=False):
    """Application port addresses (TS 23.040 9.2.3.24.3 and 9.2.3.24.4)."""

    destination: int
    source: int = 0
    bits: Literal[8, 16] = 16


class Replacement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A replacement of characters in the text, and how often it was made."""

    character: str
    replacement: str
    count: int = 1


class TemplateRef(msgspec.Struct, frozen=True, gc=False):
    """The template of a message: its name, the version, and the language of the text."""

    name: str
    version: int
    language: str


class Options(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Options of the request, and the method that joins the parts.

    Attributes:
        concatenation: none when there is nothing to join; then a long message goes as the carrier's
            settings say.
        message_class: 0 is flash (TS 23.038 4); none leaves it to the handset.
        receipt: whether a receipt is requested. Without one, `sent` is the last known state.
        ports: of the application that gets it, on the handset.
        template: what the text was rendered from; `None` if the caller gave a text.
        replaced: the characters that were composed or replaced by look-alikes. The text of a
            message is the text after that.
    """

    concatenation: Concatenation | None = msgspec.field(default=None, name="joining")
    message_class: int | None = None
    receipt: bool = True
    ports: Ports | None = None
    replaced: tuple[Replacement, ...] = ()
    template: TemplateRef | None = None


DEFAULT_OPTIONS = Options()
