"""The PDUs that carry messages: submit_sm, deliver_sm, data_sm (SMPP 3.4 4.4, 4.6, 4.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from simpost.smpp.command import CommandId
from simpost.smpp.fields import (
    U8,
    DestAddress,
    DestNpi,
    DestTon,
    EsmClass,
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
class SubmitSmResp(Pdu):
    """SMPP 3.4 4.4.2."""

    command_id: ClassVar[int] = int(CommandId.SUBMIT_SM_RESP)
    omits_body_on_error: ClassVar[bool] = True

    message_id: MessageId = ""


@dataclass(slots=True)
class SubmitSm(Pdu):
    """SMPP 3.4 4.4.1; `sm_length` is the length of `short_message`."""

    command_id: ClassVar[int] = int(CommandId.SUBMIT_SM)
    response: ClassVar[type[Pdu] | None] = SubmitSmResp

    service_type: ServiceType = ""
    source_addr_ton: SourceTon = 0
    source_addr_npi: SourceNpi = 0
    source_addr: SourceAddress = ""
    dest_addr_ton: DestTon = 0
    dest_addr_npi: DestNpi = 0
    destination_addr: DestAddress = ""
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


@dataclass(slots=True)
class DeliverSmResp(Pdu):
    """SMPP 3.4 4.6.2; `message_id` is unused and stays empty."""

    command_id: ClassVar[int] = int(CommandId.DELIVER_SM_RESP)

    message_id: MessageId = ""


@dataclass(slots=True)
class DeliverSm(Pdu):
    """SMPP 3.4 4.6.1; `sm_length` is the length of `short_message`."""

    command_id: ClassVar[int] = int(CommandId.DELIVER_SM)
    response: ClassVar[type[Pdu] | None] = DeliverSmResp

    service_type: ServiceType = ""
    source_addr_ton: SourceTon = 0
    source_addr_npi: SourceNpi = 0
    source_addr: SourceAddress = ""
    dest_addr_ton: DestTon = 0
    dest_addr_npi: DestNpi = 0
    destination_addr: DestAddress = ""
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


@dataclass(slots=True)
class DataSmResp(Pdu):
    """SMPP 3.4 4.7.2."""

    command_id: ClassVar[int] = int(CommandId.DATA_SM_RESP)

    message_id: MessageId = ""


@dataclass(slots=True)
class DataSm(Pdu):
    """SMPP 3.4 4.7.1; the text is in the TLV message_payload."""

    command_id: ClassVar[int] = int(CommandId.DATA_SM)
    response: ClassVar[type[Pdu] | None] = DataSmResp

    service_type: ServiceType = ""
    source_addr_ton: SourceTon = 0
    source_addr_npi: SourceNpi = 0
    source_addr: LongSourceAddress = ""
    dest_addr_ton: DestTon = 0
    dest_addr_npi: DestNpi = 0
    destination_addr: LongDestAddress = ""
    esm_class: EsmClass = 0
    registered_delivery: U8 = 0
    data_coding: U8 = 0
