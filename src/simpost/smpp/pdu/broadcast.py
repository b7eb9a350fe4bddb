"""Cell broadcast (SMPP 5.0 4.4, 4.6); its areas, frequency and content are TLVs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simpost.smpp.command import CommandId
from simpost.smpp.fields import (
    U8,
    ExpiryTime,
    MessageId,
    ScheduleTime,
    ServiceType,
    SourceAddress,
    SourceNpi,
    SourceTon,
)
from simpost.smpp.pdu.base import Pdu


@dataclass(slots=True)
class BroadcastSmResp(Pdu):
    """SMPP 5.0 4.4.1.2."""

    command_id: ClassVar[int] = int(CommandId.BROADCAST_SM_RESP)

    message_id: MessageId = ""


@dataclass(slots=True)
class BroadcastSm(Pdu):
    """SMPP 5.0 4.4.1.1."""

    command_id: ClassVar[int] = int(CommandId.BROADCAST_SM)
    response: ClassVar[type[Pdu] | None] = BroadcastSmResp

    service_type: ServiceType = ""
    source_addr_ton: SourceTon = 0
    source_addr_npi: SourceNpi = 0
    source_addr: SourceAddress = ""
    message_id: MessageId = ""
    priority_flag: U8 = 0
    schedule_delivery_time: ScheduleTime = ""
    validity_period: ExpiryTime = ""
    replace_if_present_flag: U8 = 0
    data_coding: U8 = 0
    sm_default_msg_id: U8 = 0


@dataclass(slots=True)
class QueryBroadcastSmResp(Pdu):
    """SMPP 5.0 4.6.1.3."""

    command_id: ClassVar[int] = int(CommandId.QUERY_BROADCAST_SM_RESP)

    message_id: MessageId = ""


@dataclass(slots=True)
class QueryBroadcastSm(Pdu):
    """SMPP 5.0 4.6.1.1."""

    command_id: ClassVar[int] = int(CommandId.QUERY_BROADCAST_SM)
    response: ClassVar[type[Pdu] | None] = QueryBroadcastSmResp

    message_id: MessageId = ""
    source_addr_ton: SourceTon = 0
    source_addr_npi: SourceNpi = 0
    source_addr: SourceAddress = ""


@dataclass(slots=True)
class CancelBroadcastSmResp(Pdu):
    """SMPP 5.0 4.6.2.3."""

    command_id: ClassVar[int] = int(CommandId.CANCEL_BROADCAST_SM_RESP)


@dataclass(slots=True)
class CancelBroadcastSm(Pdu):
    """SMPP 5.0 4.6.2.1."""

    command_id: ClassVar[int] = int(CommandId.CANCEL_BROADCAST_SM)
    response: ClassVar[type[Pdu] | None] = CancelBroadcastSmResp

    service_type: ServiceType = ""
    message_id: MessageId = ""
    source_addr_ton: SourceTon = 0
    source_addr_npi: SourceNpi = 0
    source_addr: SourceAddress = ""
