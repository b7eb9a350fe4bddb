"""submit_multi: one message to many destinations (SMPP 3.4 4.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, TypeAlias

from simpost.smpp.command import CommandId
from simpost.smpp.errors import FieldError
from simpost.smpp.fields import (
    U8,
    CString,
    EsmClass,
    ExpiryTime,
    Integer,
    MessageId,
    ScheduleTime,
    ServiceType,
    SourceAddress,
    SourceNpi,
    SourceTon,
    Text,
)
from simpost.smpp.pdu.base import Pdu
from simpost.smpp.status import Status

_OCTET = Integer(1)
_ADDRESS = CString(21, Status.ESME_RINVDSTADR)
_LIST_NAME = CString(21, Status.ESME_RINVDLNAME)
_ERROR_STATUS = Integer(4)


@dataclass(frozen=True, slots=True)
class SmeAddress:
    """dest_flag 1: one SME (SMPP 3.4 4.5.1.1)."""

    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""


@dataclass(frozen=True, slots=True)
class DistributionList:
    """dest_flag 2: a distribution list stored in the SMSC (SMPP 3.4 4.5.1.2)."""

    dl_name: str = ""


@dataclass(frozen=True, slots=True)
class UnsuccessSme:
    """A destination that was not accepted, and the error (SMPP 3.4 4.5.2.1)."""

    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    error_status_code: int = 0


Destination: TypeAlias = SmeAddress | DistributionList


@dataclass(frozen=True, slots=True)
class Destinations:
    """`number_of_dests` and as many dest_address, at most 255."""

    def encode(self, name: str, value: tuple[Destination, ...]) -> bytes:
        """Return the count and the addresses. Raises `FieldError`."""
        if len(value) > 255:
            raise FieldError(name, f"{len(value)}, at most 255", Status.ESME_RINVNUMDESTS)
        parts = [bytes((len(value),))]
        for to in value:
            if isinstance(to, DistributionList):
                parts += (b"\x02", _LIST_NAME.encode("dl_name", to.dl_name))
            else:
                parts += (b"\x01", _encode_sme(to))
        return b"".join(parts)

    def decode(self, name: str, body: bytes, at: int) -> tuple[tuple[Destination, ...], int]:
        """Return the addresses whose count is at `at`, and the index after them.

        Raises `FieldError`.
        """
        count, at = _OCTET.decode("number_of_dests", body, at)
        found: list[Destination] = []
        for _ in range(count):
            flag, at = _OCTET.decode("dest_flag", body, at)
            if flag == 1:
                sme, at = _decode_sme(body, at)
                found.append(SmeAddress(*sme))
            elif flag == 2:
                dl_name, at = _LIST_NAME.decode("dl_name", body, at)
                found.append(DistributionList(dl_name))
            else:
                raise FieldError(name, f"dest_flag {flag}", Status.ESME_RINVDESTFLAG)
        return tuple(found), at


@dataclass(frozen=True, slots=True)
class UnsuccessSmes:
    """`no_unsuccess` and as many unsuccess_sme, at most 255."""

    def encode(self, name: str, value: tuple[UnsuccessSme, ...]) -> bytes:
        """Return the count and the failed destinations. Raises `FieldError`."""
        if len(value) > 255:
            raise FieldError(name, f"{len(value)}, at most 255", Status.ESME_RINVNUMDESTS)
        parts = [bytes((len(value),))]
        for sme in value:
            code = _ERROR_STATUS.encode("error_status_code", sme.error_status_code)
            parts += (_encode_sme(sme), code)
        return b"".join(parts)

    def decode(self, name: str, body: bytes, at: int) -> tuple[tuple[UnsuccessSme, ...], int]:
        """Return the failed destinations whose count is at `at`, and the index after them.

        Raises `FieldError`.
        """
        del name
        count, at = _OCTET.decode("no_unsuccess", body, at)
        found: list[UnsuccessSme] = []
        for _ in range(count):
            sme, at = _decode_sme(body, at)
            code, at = _ERROR_STATUS.decode("error_status_code", body, at)
            found.append(UnsuccessSme(*sme, code))
        return tuple(found), at


def _encode_sme(sme: SmeAddress | UnsuccessSme) -> bytes:
    return (
        _OCTET.encode("dest_addr_ton", sme.dest_addr_ton)
        + _OCTET.encode("dest_addr_npi", sme.dest_addr_npi)
        + _ADDRESS.encode("destination_addr", sme.destination_addr)
    )


def _decode_sme(body: bytes, at: int) -> tuple[tuple[int, int, str], int]:
    ton, at = _OCTET.decode("dest_addr_ton", body, at)
    npi, at = _OCTET.decode("dest_addr_npi", body, at)
    address, at = _ADDRESS.decode("destination_addr", body, at)
    return (ton, npi, address), at


@dataclass(slots=True)
class SubmitMultiResp(Pdu):
    """SMPP 3.4 4.5.2; `no_unsuccess` is the length of `unsuccess_sme`."""

    command_id: ClassVar[int] = int(CommandId.SUBMIT_MULTI_RESP)

    message_id: MessageId = ""
    unsuccess_sme: Annotated[tuple[UnsuccessSme, ...], UnsuccessSmes()] = ()


@dataclass(slots=True)
class SubmitMulti(Pdu):
    """SMPP 3.4 4.5.1; `number_of_dests` is the length of `dest_address`."""

    command_id: ClassVar[int] = int(CommandId.SUBMIT_MULTI)
    response: ClassVar[type[Pdu] | None] = SubmitMultiResp

    service_type: ServiceType = ""
    source_addr_ton: SourceTon = 0
    source_addr_npi: SourceNpi = 0
    source_addr: SourceAddress = ""
    dest_address: Annotated[tuple[Destination, ...], Destinations()] = ()
    esm_class: EsmClass = 0
    protocol_id: U8 = 0
    priority_flag: U8 = 0
    schedule_delivery_time: ScheduleTime = ""
    validity_period: ExpiryTime = ""
    registered_delivery: U8 = 0
    replace_if_present_flag: U8 = 0
    data_coding: U8 = 0
    sm_default_msg_id: U8 = 0
    short_message: Text = field(default=b"", repr=False)
