"""The kinds of field the standard builds bodies from (SMPP 3.4 3.1).

C-octet strings are read and written as Latin-1, so every octet is one character and none is lost.
Writing refuses what the standard forbids and never cuts; reading takes longer strings as they come
up to `TOLERATED_OCTETS`, because message centres send them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Protocol, TypeAlias

from simpost.smpp.errors import FieldError
from simpost.smpp.status import Status

TOLERATED_OCTETS: Final = 255


class FieldType(Protocol):
    """How one field is written and read; both raise `FieldError`."""

    def encode(self, name: str, value: Any) -> bytes:
        """The octets of a value."""
        ...

    def decode(self, name: str, body: bytes, at: int) -> tuple[Any, int]:
        """The value at octet `at`, and the octet after it."""


@dataclass(frozen=True, slots=True)
class Integer:
    """Unsigned, big endian."""

    octets: int
    status: int = Status.ESME_RSYSERR

    def encode(self, name: str, value: int) -> bytes:
        """The octets of a number; raises FieldError if it does not fit."""
        try:
            return value.to_bytes(self.octets, "big")
        except OverflowError:
            raise FieldError(name, f"does not fit {self.octets} octets", self.status) from None

    def decode(self, name: str, body: bytes, at: int) -> tuple[int, int]:
        """The number at octet `at`, and the octet after it; raises FieldError."""
        end = at + self.octets
        if end > len(body):
            raise FieldError(name, "is missing", Status.ESME_RINVCMDLEN)
        return int.from_bytes(body[at:end], "big"), end


@dataclass(frozen=True, slots=True)
class CString:
    """C-octet string of at most `max_octets`, the final NUL included."""

    max_octets: int
    status: int

    def encode(self, name: str, value: str) -> bytes:
        """The octets of a string with its NUL; raises FieldError."""
        if len(value) >= self.max_octets:
            what = f"{len(value)} characters, at most {self.max_octets - 1}"
            raise FieldError(name, what, self.status)
        if "\0" in value:
            raise FieldError(name, "holds a NUL", self.status)
        try:
            return value.encode("latin-1") + b"\0"
        except UnicodeEncodeError:
            raise FieldError(name, "is not Latin-1", self.status) from None

    def decode(self, name: str, body: bytes, at: int) -> tuple[str, int]:
        """The string at octet `at`, and the octet after its NUL; raises FieldError."""
        end = body.find(0, at)
        if end < 0:
            raise FieldError(name, "has no end", Status.ESME_RINVCMDLEN)
        if end - at > TOLERATED_OCTETS:
            raise FieldError(name, f"{end - at} octets", self.status)
        return body[at:end].decode("latin-1"), end + 1


@dataclass(frozen=True, slots=True)
class Time(CString):
    """Empty or 16 characters and NUL (SMPP 3.4 7.1.1)."""

    def encode(self, name: str, value: str) -> bytes:
        """The octets of a time with their NUL; raises FieldError."""
        if len(value) not in {0, 16}:
            raise FieldError(name, "is neither empty nor 16 characters", self.status)
        return CString.encode(self, name, value)


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """`sm_length` and that many octets of any value: at most 254 in SMPP 3.4, 255 in 5.0."""

    def encode(self, name: str, value: bytes) -> bytes:
        """The length octet and the user data; raises FieldError."""
        if len(value) > 255:
            raise FieldError(name, f"{len(value)} octets, at most 255", Status.ESME_RINVMSGLEN)
        return bytes((len(value),)) + value

    def decode(self, name: str, body: bytes, at: int) -> tuple[bytes, int]:
        """The user data after its length at `at`, and the octet after it; raises FieldError."""
        if at >= len(body):
            raise FieldError("sm_length", "is missing", Status.ESME_RINVCMDLEN)
        end = at + 1 + body[at]
        if end > len(body):
            raise FieldError(name, "is shorter than sm_length", Status.ESME_RINVMSGLEN)
        return body[at + 1 : end], end


U8: TypeAlias = Annotated[int, Integer(1)]
EsmClass: TypeAlias = Annotated[int, Integer(1, Status.ESME_RINVESMCLASS)]
SystemId: TypeAlias = Annotated[str, CString(16, Status.ESME_RINVSYSID)]
Password: TypeAlias = Annotated[str, CString(9, Status.ESME_RINVPASWD)]
SystemType: TypeAlias = Annotated[str, CString(13, Status.ESME_RINVSYSTYP)]
AddressRange: TypeAlias = Annotated[str, CString(41, Status.ESME_RBINDFAIL)]
ServiceType: TypeAlias = Annotated[str, CString(6, Status.ESME_RINVSERTYP)]
SourceTon: TypeAlias = Annotated[int, Integer(1, Status.ESME_RINVSRCTON)]
SourceNpi: TypeAlias = Annotated[int, Integer(1, Status.ESME_RINVSRCNPI)]
SourceAddress: TypeAlias = Annotated[str, CString(21, Status.ESME_RINVSRCADR)]
LongSourceAddress: TypeAlias = Annotated[str, CString(65, Status.ESME_RINVSRCADR)]
DestTon: TypeAlias = Annotated[int, Integer(1, Status.ESME_RINVDSTTON)]
DestNpi: TypeAlias = Annotated[int, Integer(1, Status.ESME_RINVDSTNPI)]
DestAddress: TypeAlias = Annotated[str, CString(21, Status.ESME_RINVDSTADR)]
LongDestAddress: TypeAlias = Annotated[str, CString(65, Status.ESME_RINVDSTADR)]
MessageId: TypeAlias = Annotated[str, CString(65, Status.ESME_RINVMSGID)]
ScheduleTime: TypeAlias = Annotated[str, Time(17, Status.ESME_RINVSCHED)]
ExpiryTime: TypeAlias = Annotated[str, Time(17, Status.ESME_RINVEXPIRY)]
Text: TypeAlias = Annotated[bytes, ShortMessage()]
