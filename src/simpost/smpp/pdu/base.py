"""The base of all PDUs (SMPP 3.4 3.2), and how a class declares its body.

The annotations of a class are its body, in the order of the standard's table, each with its field
type:

    source_addr_ton: SourceTon = 0

`layout` returns them as (name, field type) pairs. Use keyword arguments. A repr omits passwords,
texts and TLVs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, get_type_hints

from simpost.smpp.command import RESPONSE_BIT
from simpost.smpp.fields import FieldType
from simpost.smpp.tlv import UNREADABLE, Tlvs


@dataclass(slots=True)
class Pdu:
    """Header and optional parameters.

    Attributes:
        command_id: of the class (SMPP 3.4 5.1.2).
        response: the class of its response; `None` if the standard has none.
        omits_body_on_error: it has no body if command_status is not 0.
        command_status: 0 in requests; the result in responses (SMPP 3.4 5.1.3).
        sequence_number: set by the session that sends it.
        tlvs: (tag, value) pairs in their order on the wire.
    """

    command_id: ClassVar[int]
    response: ClassVar[type[Pdu] | None] = None
    omits_body_on_error: ClassVar[bool] = False

    command_status: int = 0
    sequence_number: int = 0
    tlvs: Tlvs = field(default=(), repr=False)

    @property
    def is_response(self) -> bool:
        """Whether the PDU is a response."""
        return self.command_id & RESPONSE_BIT != 0

    @property
    def unreadable(self) -> bytes:
        """The octets after the last valid TLV; empty if all could be decoded."""
        return self.tlvs[-1][1] if self.tlvs and self.tlvs[-1][0] == UNREADABLE else b""

    def tlv(self, tag: int) -> bytes | None:
        """Return the first value of `tag`; `None` if there is none."""
        for found, value in self.tlvs:
            if found == tag:
                return value
        return None

    def tlv_values(self, tag: int) -> list[bytes]:
        """Return every value of `tag`, in order: broadcasts repeat tags."""
        return [value for found, value in self.tlvs if found == tag]


@dataclass(slots=True)
class UnknownPdu(Pdu):
    """A PDU of a command that no standard defines; `body` has its octets."""

    command_id: int = 0  # type: ignore[misc]  # per instance, not per class
    body: bytes = field(default=b"", repr=False)


def layout(pdu: type[Pdu]) -> tuple[tuple[str, FieldType], ...]:
    """Return the fields of the body as (name, field type), in their order on the wire."""
    hints = get_type_hints(pdu, include_extras=True)
    return tuple(
        (name, hint.__metadata__[0])
        for name, hint in hints.items()
        if hasattr(hint, "__metadata__")
    )
