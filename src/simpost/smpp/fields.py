"""The field types of PDU bodies (SMPP 3.4 3.1).

C-octet strings are Latin-1: one character per octet, so nothing is lost. Encoding never truncates:
a value over its limit raises. Decoding accepts strings up to `TOLERATED_OCTETS`, because some
SMSCs exceed the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Protocol, TypeAlias

from simpost.smpp.errors import FieldError
from simpost.smpp.status import Status

TOLERATED_OCTETS: Final = 255
"""Longest C-octet string that is decoded, without its NUL."""


class FieldType(Protocol):
    """Encodes and decodes one field."""

    def encode(self, name: str, value: Any) -> bytes:
        """Return the octets of a value. Raises `FieldError`."""
        ...

    def decode(self, name: str, body: bytes, at: int) -> tuple[Any, int]:
        """Return the value at octet `at`, and the index after it. Raises `FieldError`."""


@dataclass(frozen=True, slots=True)
class Integer:
    """An unsigned integer, big endian.

    Attributes:
        octets: its length.
        status: reported if a value does not fit.
    """

    octets: int
    status: int = Status.ESME_RSYSERR

    def encode(self, name: str, value: int) -> bytes:
        """Return the octets of a number. Raises `FieldError` if it does not fit."""
        try:
            return value.to_bytes(self.octets, "big")
        except OverflowError:
            raise FieldError(name, f"does not fit {self.octets} octets", self.status) from None

    def decode(self, name: str, body: bytes, at: int) -> tuple[int, int]:
        """Return the number at octet `at`, and the index after it. Raises `FieldError`."""
        end = at + self.octets
        if end > len(body):
            raise FieldError(name, "is missing", Status.ESME_RINVCMDLEN)
        return int.from_bytes(body[at:end], "big"), end


@dataclass(frozen=True, slots=True)
class CString:
    """A NUL-terminated string.

    Attributes:
        max_octets: its longest length, NUL included.
        status: reported if a value is not valid.
    """

    max_octets: int
    status: int

    def encode(self, name: str, value: str) -> bytes:
        """Return the octets of a string with its NUL. Raises `FieldError`."""
        if len(value) >= self.max_octets:
            problem = f"{len(value)} characters, at most {self.max_octets - 1}"
            raise FieldError(name, problem, self.status)
        if "\0" in value:
            raise FieldError(name, "contains a NUL", self.status)
        try:
            return value.encode("latin-1") + b"\0"
        except UnicodeEncodeError:
            raise FieldError(name, "is not Latin-1", self.status) from None

    def decode(self, name: str, body: bytes, at: int) -> tuple[str, int]:
        """Return the string at octet `at`, and the index after its NUL. Raises `FieldError`."""
        end = body.find(0, at)
        if end < 0:
            raise FieldError(name, "has no end", Status.ESME_RINVCMDLEN)
        if end - at > TOLERATED_OCTETS:
            raise FieldError(name, f"{end - at} octets", self.status)
        return body[at:end].decode("latin-1"), end + 1


@dataclass(frozen=True, slots=True)
class Time(CString):
    """A time: empty or 16 characters, and a NUL (SMPP 3.4 7.1.1)."""

    def encode(self, name: str, value: str) -> bytes:
        """Return the octets of a time with its NUL. Raises `FieldError`."""
        if len(value) not in {0, 16}:
            raise FieldError(name, "is neither empty nor 16 characters", self.status)
        return CString.encode(self, name, value)


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """`sm_length` and as many octets: at most 254 in SMPP 3.4, 255 in SMPP 5.0."""

    def encode(self, name: str, value: bytes) -> bytes:
        """Return the length octet and the user data. Raises `FieldError`."""
        if len(value) > 255:
            raise FieldError(name, f"{len(value)} octets, at most 255", Status.ESME_RINVMSGLEN)
        return bytes((len(value),)) + value

    def decode(self, name: str, body: bytes, at: int) -> tuple[bytes, int]:
        """Return the user data whose length is at `at`, and the index after it.

        Raises `FieldError`.
        """
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
