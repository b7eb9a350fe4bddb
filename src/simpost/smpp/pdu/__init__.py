"""The PDUs of SMPP 3.4 and 5.0 as dataclasses, and their table by command id."""

from __future__ import annotations

from typing import Final

from simpost.smpp.pdu.base import Pdu, UnknownPdu, layout
from simpost.smpp.pdu.broadcast import (
    BroadcastSm,
    BroadcastSmResp,
    CancelBroadcastSm,
    CancelBroadcastSmResp,
    QueryBroadcastSm,
    QueryBroadcastSmResp,
)
from simpost.smpp.pdu.link import (
    Bind,
    BindReceiver,
    BindReceiverResp,
    BindResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Outbind,
    Unbind,
    UnbindResp,
)
from simpost.smpp.pdu.manage import (
    AlertNotification,
    CancelSm,
    CancelSmResp,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
)
from simpost.smpp.pdu.message import (
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    SubmitSm,
    SubmitSmResp,
)
from simpost.smpp.pdu.multi import (
    Destination,
    DistributionList,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    UnsuccessSme,
)

PDU_CLASSES: Final[dict[int, type[Pdu]]] = {
    pdu.command_id: pdu
    for pdu in (
        *(BindTransmitter, BindTransmitterResp, BindReceiver, BindReceiverResp),
        *(BindTransceiver, BindTransceiverResp, Outbind, Unbind, UnbindResp),
        *(EnquireLink, EnquireLinkResp, GenericNack),
        *(SubmitSm, SubmitSmResp, DeliverSm, DeliverSmResp, DataSm, DataSmResp),
        *(SubmitMulti, SubmitMultiResp),
        *(QuerySm, QuerySmResp, CancelSm, CancelSmResp, ReplaceSm, ReplaceSmResp),
        *(AlertNotification,),
        *(BroadcastSm, BroadcastSmResp, QueryBroadcastSm, QueryBroadcastSmResp),
        *(CancelBroadcastSm, CancelBroadcastSmResp),
    )
}

__all__ = [
    "PDU_CLASSES",
    "AlertNotification",
    "Bind",
    "BindReceiver",
    "BindReceiverResp",
    "BindResp",
    "BindTransceiver",
    "BindTransceiverResp",
    "BindTransmitter",
    "BindTransmitterResp",
    "BroadcastSm",
    "BroadcastSmResp",
    "CancelBroadcastSm",
    "CancelBroadcastSmResp",
    "CancelSm",
    "CancelSmResp",
    "DataSm",
    "DataSmResp",
    "DeliverSm",
    "DeliverSmResp",
    "Destination",
    "DistributionList",
    "EnquireLink",
    "EnquireLinkResp",
    "GenericNack",
    "Outbind",
    "Pdu",
    "QueryBroadcastSm",
    "QueryBroadcastSmResp",
    "QuerySm",
    "QuerySmResp",
    "ReplaceSm",
    "ReplaceSmResp",
    "SmeAddress",
    "SubmitMulti",
    "SubmitMultiResp",
    "SubmitSm",
    "SubmitSmResp",
    "Unbind",
    "UnbindResp",
    "UnknownPdu",
    "UnsuccessSme",
    "layout",
]
