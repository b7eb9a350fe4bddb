"""query_sm, cancel_sm, replace_sm and alert_notification (SMPP 3.4 4.8-4.10, 4.12)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from simpost.smpp.command import CommandId
from simpost.smpp.fields import (
    U8,
    DestAddress,
    DestNpi,
    DestTon,
    ExpiryTime,
    LongDestAddress,
    LongSourceAddress,
    MessageId,
    ScheduleTime,
    ServiceType,
    SourceAddress,
    SourceNpi,
    SourceTon,
    Text,
)
from simpost.smpp.pdu.base import Pdu


@dataclass(slots=True)
class QuerySmResp(Pdu):
    """SMPP 3.4 4.8.2."""

    command_id: ClassVar[int] = int(CommandId.QUERY_SM_RESP)

    message_id: MessageId = ""
    final_date: ExpiryTime = ""
    message_state: U8 = 0
    error_code: U8 = 0


@dataclass(slots=True)
class QuerySm(Pdu):
    """SMPP 3.4 4.8.1."""

    command_id: ClassVar[int] = int(CommandId.QUERY_SM)
    response: ClassVar[type[Pdu] | None] = QuerySmResp

    message_id: MessageId = ""
    source_addr_ton: SourceTon = 0
    source_addr_npi: SourceNpi = 0
    source_addr: SourceAddress = ""


@dataclass(slots=True)
class CancelSmResp(Pdu):
    """SMPP 3.4 4.9.2."""

    command_id: ClassVar[int] = int(CommandId.CANCEL_SM_RESP)


@dataclass(slots=True)
class CancelSm(Pdu):
    """SMPP 3.4 4.9.1."""

    command_id: ClassVar[int] = int(CommandId.CANCEL_SM)
    response: ClassVar[type[Pdu] | None] = CancelSmResp

    service_type: ServiceType = ""
    message_id: MessageId = ""
    source_addr_ton: SourceTon = 0
    source_addr_npi: SourceNpi = 0
    source_addr: SourceAddress = ""
    dest_addr_ton: DestTon = 0
    dest_addr_npi: DestNpi = 0
    destination_addr: DestAddress = ""


@dataclass(slots=True)
class ReplaceSmResp(Pdu):
    """SMPP 3.4 4.10.2."""

    command_id: ClassVar[int] = int(CommandId.REPLACE_SM_RESP)


@dataclass(slots=True)
class ReplaceSm(Pdu):
    """SMPP 3.4 4.10.1; `sm_length` is the length of `short_message`."""

    command_id: ClassVar[int] = int(CommandId.REPLACE_SM)
    response: ClassVar[type[Pdu] | None] = ReplaceSmResp

    message_id: MessageId = ""
    source_addr_ton: SourceTon = 0
    source_addr_npi: SourceNpi = 0
    source_addr: SourceAddress = ""
    schedule_delivery_time: ScheduleTime = ""
    validity_period: ExpiryTime = ""
    registered_delivery: U8 = 0
    sm_default_msg_id: U8 = 0
    short_message: Text = field(default=b"", repr=False)


@dataclass(slots=True)
class AlertNotification(Pdu):
    """SMPP 3.4 4.12.1; it has no response."""

    command_id: ClassVar[int] = int(CommandId.ALERT_NOTIFICATION)

    source_addr_ton: SourceTon = 0
    source_addr_npi: SourceNpi = 0
    source_addr: LongSourceAddress = ""
    esme_addr_ton: DestTon = 0
    esme_addr_npi: DestNpi = 0
    esme_addr: LongDestAddress = ""
