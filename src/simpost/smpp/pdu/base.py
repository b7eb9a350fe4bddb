"""What every PDU has (SMPP 3.4 3.2), and how a class declares its body.

A body is declared by annotations in the order of the standard's table, each naming its kind:

    source_addr_ton: SourceTon = 0

`layout` reads them back as (name, kind) pairs; nothing else knows the order of fields. Values are
given by keyword; a repr never shows a password, a text or TLVs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, get_type_hints

from simpost.smpp.command import RESPONSE_BIT
from simpost.smpp.fields import FieldType
from simpost.smpp.tlv import UNREADABLE, Tlvs


@dataclass(slots=True)
class Pdu:
    """Header and optional part.

    `response` is the class that answers it, None where the standard has no answer.
    `omits_body_on_error`: the standard leaves the body away when command_status is not zero.
    """

    command_id: ClassVar[int]
    response: ClassVar[type[Pdu] | None] = None
    omits_body_on_error: ClassVar[bool] = False

    command_status: int = 0
    sequence_number: int = 0
    tlvs: Tlvs = field(default=(), repr=False)

    @property
    def is_response(self) -> bool:
        """Whether the PDU is a response: its command id has the highest bit."""
        return self.command_id & RESPONSE_BIT != 0

    @property
    def unreadable(self) -> bytes:
        """The rest of the optional part that could not be read."""
        return self.tlvs[-1][1] if self.tlvs and self.tlvs[-1][0] == UNREADABLE else b""

    def tlv(self, tag: int) -> bytes | None:
        """The first value under `tag`."""
        for found, value in self.tlvs:
            if found == tag:
                return value
        return None

    def tlv_values(self, tag: int) -> list[bytes]:
        """Every value under `tag`, in order: broadcasts repeat them."""
        return [value for found, value in self.tlvs if found == tag]


@dataclass(slots=True)
class UnknownPdu(Pdu):
    """A command no standard names; its body is kept and written back as it came."""

    command_id: int = 0  # type: ignore[misc]  # of the instance: there is no class for it
    body: bytes = field(default=b"", repr=False)


def layout(pdu: type[Pdu]) -> tuple[tuple[str, FieldType], ...]:
    """The body's fields as (name, kind), in the order of the wire."""
    hints = get_type_hints(pdu, include_extras=True)
    return tuple(
        (name, hint.__metadata__[0])
        for name, hint in hints.items()
        if hasattr(hint, "__metadata__")
    )
