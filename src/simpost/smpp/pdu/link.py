"""bind, outbind, unbind, enquire_link and generic_nack (SMPP 3.4 4.1-4.3, 4.11)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from simpost.smpp.command import CommandId
from simpost.smpp.fields import U8, AddressRange, Password, SystemId, SystemType
from simpost.smpp.pdu.base import Pdu


@dataclass(slots=True)
class BindTransmitterResp(Pdu):
    """SMPP 3.4 4.1.2."""

    command_id: ClassVar[int] = int(CommandId.BIND_TRANSMITTER_RESP)
    omits_body_on_error: ClassVar[bool] = True

    system_id: SystemId = ""


@dataclass(slots=True)
class BindReceiverResp(Pdu):
    """SMPP 3.4 4.1.4."""

    command_id: ClassVar[int] = int(CommandId.BIND_RECEIVER_RESP)
    omits_body_on_error: ClassVar[bool] = True

    system_id: SystemId = ""


@dataclass(slots=True)
class BindTransceiverResp(Pdu):
    """SMPP 3.4 4.1.6."""

    command_id: ClassVar[int] = int(CommandId.BIND_TRANSCEIVER_RESP)
    omits_body_on_error: ClassVar[bool] = True

    system_id: SystemId = ""


@dataclass(slots=True)
class BindTransmitter(Pdu):
    """SMPP 3.4 4.1.1."""

    command_id: ClassVar[int] = int(CommandId.BIND_TRANSMITTER)
    response: ClassVar[type[Pdu] | None] = BindTransmitterResp

    system_id: SystemId = ""
    password: Password = field(default="", repr=False)
    system_type: SystemType = ""
    interface_version: U8 = 0x34
    addr_ton: U8 = 0
    addr_npi: U8 = 0
    address_range: AddressRange = ""


@dataclass(slots=True)
class BindReceiver(Pdu):
    """SMPP 3.4 4.1.3."""

    command_id: ClassVar[int] = int(CommandId.BIND_RECEIVER)
    response: ClassVar[type[Pdu] | None] = BindReceiverResp

    system_id: SystemId = ""
    password: Password = field(default="", repr=False)
    system_type: SystemType = ""
    interface_version: U8 = 0x34
    addr_ton: U8 = 0
    addr_npi: U8 = 0
    address_range: AddressRange = ""


@dataclass(slots=True)
class BindTransceiver(Pdu):
    """SMPP 3.4 4.1.5."""

    command_id: ClassVar[int] = int(CommandId.BIND_TRANSCEIVER)
    response: ClassVar[type[Pdu] | None] = BindTransceiverResp

    system_id: SystemId = ""
    password: Password = field(default="", repr=False)
    system_type: SystemType = ""
    interface_version: U8 = 0x34
    addr_ton: U8 = 0
    addr_npi: U8 = 0
    address_range: AddressRange = ""


Bind: TypeAlias = BindTransmitter | BindReceiver | BindTransceiver
BindResp: TypeAlias = BindTransmitterResp | BindReceiverResp | BindTransceiverResp


@dataclass(slots=True)
class Outbind(Pdu):
    """SMPP 3.4 4.1.7; it has no response: the ESME binds."""

    command_id: ClassVar[int] = int(CommandId.OUTBIND)

    system_id: SystemId = ""
    password: Password = field(default="", repr=False)


@dataclass(slots=True)
class UnbindResp(Pdu):
    """SMPP 3.4 4.2.2."""

    command_id: ClassVar[int] = int(CommandId.UNBIND_RESP)


@dataclass(slots=True)
class Unbind(Pdu):
    """SMPP 3.4 4.2.1."""

    command_id: ClassVar[int] = int(CommandId.UNBIND)
    response: ClassVar[type[Pdu] | None] = UnbindResp


@dataclass(slots=True)
class EnquireLinkResp(Pdu):
    """SMPP 3.4 4.11.2."""

    command_id: ClassVar[int] = int(CommandId.ENQUIRE_LINK_RESP)


@dataclass(slots=True)
class EnquireLink(Pdu):
    """SMPP 3.4 4.11.1."""

    command_id: ClassVar[int] = int(CommandId.ENQUIRE_LINK)
    response: ClassVar[type[Pdu] | None] = EnquireLinkResp


@dataclass(slots=True)
class GenericNack(Pdu):
    """SMPP 3.4 4.3.1; sequence_number is 0 if the header could not be decoded."""

    command_id: ClassVar[int] = int(CommandId.GENERIC_NACK)
