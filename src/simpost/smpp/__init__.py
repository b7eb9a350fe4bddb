"""SMPP 3.4 and 5.0 for both ends: a codec without I/O, and sessions on asyncio.

It imports nothing of simpost but `errors`: no texts, carriers or stores belong here.

An ESME that sends one message and acknowledges receipts:

    class Handler(SessionHandler):
        def on_request(self, session, request):
            if is_receipt(request):
                print(parse_receipt(request))
            session.respond(request, DeliverSmResp())  # once it is stored

    async def main():
        bind = BindTransceiver(system_id="esme", password="secret")
        session = await connect("127.0.0.1", 2775, bind, Handler())
        message = SubmitSm(destination_addr="66812345678", registered_delivery=1,
                           dest_addr_ton=1, dest_addr_npi=1, short_message=b"hello")
        response = await session.request(message)
        print(response.command_status, response.message_id)
        await session.unbind()

An SMSC that accepts every message from an ESME with the right password:

    class Handler(SessionHandler):
        def on_request(self, session, request):
            if isinstance(request, SubmitSm):
                session.respond(request, SubmitSmResp(message_id="1"))
            else:
                session.refuse(request, Status.ESME_RPROHIBITED)

    def authenticate(bind, peer):
        return Status.ESME_ROK if bind.password == "secret" else Status.ESME_RINVPASWD

    async def main():
        server = await serve("127.0.0.1", 2775, authenticate, Handler())
        await asyncio.sleep(3600)
        await server.close()
"""

from __future__ import annotations

from simpost.smpp.address import Address, Npi, Ton, parse_address
from simpost.smpp.client import connect
from simpost.smpp.codec import decode, encode
from simpost.smpp.command import CommandId, command_name
from simpost.smpp.errors import (
    BindError,
    BindLost,
    BindRejected,
    BindTimeout,
    ConnectFailed,
    FatalPduError,
    FieldError,
    NotAllowed,
    PduError,
    RecoverablePduError,
    RequestError,
    ResponseTimeout,
    SessionClosed,
    WindowFull,
)
from simpost.smpp.framer import Framer
from simpost.smpp.handler import SessionHandler, SessionHost
from simpost.smpp.outbind import OutbindListener, listen_for_outbind
from simpost.smpp.pdu import (
    PDU_CLASSES,
    AlertNotification,
    Bind,
    BindReceiver,
    BindReceiverResp,
    BindResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    BroadcastSm,
    BroadcastSmResp,
    CancelBroadcastSm,
    CancelBroadcastSmResp,
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    Destination,
    DistributionList,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Outbind,
    Pdu,
    QueryBroadcastSm,
    QueryBroadcastSmResp,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    UnknownPdu,
    UnsuccessSme,
)
from simpost.smpp.receipt import (
    MessageState,
    ParsedReceipt,
    format_receipt,
    is_receipt,
    looks_like_receipt,
    parse_receipt,
    receipt_tlvs,
)
from simpost.smpp.sar import SarPosition, sar_position
from simpost.smpp.server import Authenticate, SmppServer, serve
from simpost.smpp.session import Session
from simpost.smpp.settings import SessionSettings
from simpost.smpp.state import CloseReason, Role, SessionState
from simpost.smpp.status import Status, status_meaning, status_name
from simpost.smpp.times import (
    format_absolute,
    format_relative,
    parse_absolute,
    parse_relative,
    parse_time,
)
from simpost.smpp.tlv import Tag, Tlvs, cstring_tlv, int_tlv, tag_name
from simpost.smpp.version import SMPP_3_3, SMPP_3_4, SMPP_5_0

__all__ = [
    "PDU_CLASSES",
    "SMPP_3_3",
    "SMPP_3_4",
    "SMPP_5_0",
    "Address",
    "AlertNotification",
    "Authenticate",
    "Bind",
    "BindError",
    "BindLost",
    "BindReceiver",
    "BindReceiverResp",
    "BindRejected",
    "BindResp",
    "BindTimeout",
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
    "CloseReason",
    "CommandId",
    "ConnectFailed",
    "DataSm",
    "DataSmResp",
    "DeliverSm",
    "DeliverSmResp",
    "Destination",
    "DistributionList",
    "EnquireLink",
    "EnquireLinkResp",
    "FatalPduError",
    "FieldError",
    "Framer",
    "GenericNack",
    "MessageState",
    "NotAllowed",
    "Npi",
    "Outbind",
    "OutbindListener",
    "ParsedReceipt",
    "Pdu",
    "PduError",
    "QueryBroadcastSm",
    "QueryBroadcastSmResp",
    "QuerySm",
    "QuerySmResp",
    "RecoverablePduError",
    "ReplaceSm",
    "ReplaceSmResp",
    "RequestError",
    "ResponseTimeout",
    "Role",
    "SarPosition",
    "Session",
    "SessionClosed",
    "SessionHandler",
    "SessionHost",
    "SessionSettings",
    "SessionState",
    "SmeAddress",
    "SmppServer",
    "Status",
    "SubmitMulti",
    "SubmitMultiResp",
    "SubmitSm",
    "SubmitSmResp",
    "Tag",
    "Tlvs",
    "Ton",
    "Unbind",
    "UnbindResp",
    "UnknownPdu",
    "UnsuccessSme",
    "WindowFull",
    "command_name",
    "connect",
    "cstring_tlv",
    "decode",
    "encode",
    "format_absolute",
    "format_receipt",
    "format_relative",
    "int_tlv",
    "is_receipt",
    "listen_for_outbind",
    "looks_like_receipt",
    "parse_absolute",
    "parse_address",
    "parse_receipt",
    "parse_relative",
    "parse_time",
    "receipt_tlvs",
    "sar_position",
    "serve",
    "status_meaning",
    "status_name",
    "tag_name",
]
