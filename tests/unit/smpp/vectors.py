"""Every PDU as octets and as data.

Notation: hex digits, and text in single quotes as its ASCII octets; one line a group of fields.
`source` names where the octets come from: the standard's own example, or built by hand field by
field from the table of the section named.
"""

import re
from dataclasses import dataclass

from simpost.smpp import (
    AlertNotification,
    BindReceiver,
    BindReceiverResp,
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


@dataclass(frozen=True)
class Vector:
    name: str
    source: str
    octets: bytes
    pdu: Pdu


def octets(notation: str) -> bytes:
    pieces = re.findall(r"'([^']*)'|([0-9A-F]+)", notation)
    return b"".join(
        text.encode("ascii") if text else bytes.fromhex(digits) for text, digits in pieces
    )


def _by_hand(section: str, notation: str, pdu: Pdu, note: str = "") -> Vector:
    name = f"{type(pdu).__name__}{'-' + note if note else ''}"
    return Vector(name, f"built by hand from {section}", octets(notation), pdu)


VECTORS = [
    Vector(
        "BindTransmitter-example",
        "SMPP 3.4 3.2.2, the standard's own example",
        octets("""
            0000002F 00000002 00000000 00000001
            534D50503354455354 00 7365637265743038 00 5355424D495431 00 00 01 01 00
        """),
        BindTransmitter(
            sequence_number=1,
            system_id="SMPP3TEST",
            password="secret08",
            system_type="SUBMIT1",
            interface_version=0,
            addr_ton=1,
            addr_npi=1,
        ),
    ),
    _by_hand(
        "SMPP 3.4 4.1.2",
        """
        0000001D 80000002 00000000 00000001
        'SMPPMC1' 00  0210 0001 34
        """,
        BindTransmitterResp(sequence_number=1, system_id="SMPPMC1", tlvs=((0x0210, b"\x34"),)),
    ),
    _by_hand(
        "SMPP 3.4 4.1.2: no body with an error",
        "00000010 80000002 0000000E 00000001",
        BindTransmitterResp(command_status=0x0E, sequence_number=1),
        "error",
    ),
    _by_hand(
        "SMPP 3.4 4.1.3",
        """
        00000024 00000001 00000000 00000002
        'esme' 00 'pw' 00 'VMA' 00 34 00 00 '^66' 2A 00
        """,
        BindReceiver(
            sequence_number=2,
            system_id="esme",
            password="pw",
            system_type="VMA",
            address_range="^66*",
        ),
    ),
    _by_hand(
        "SMPP 3.4 4.1.4",
        "00000013 80000001 00000000 00000002 'mc' 00",
        BindReceiverResp(sequence_number=2, system_id="mc"),
    ),
    _by_hand(
        "SMPP 5.0 4.1.1.5",
        "0000001D 00000009 00000000 00000003 'esme' 00 'pw' 00 00 50 00 00 00",
        BindTransceiver(sequence_number=3, system_id="esme", password="pw", interface_version=0x50),
    ),
    _by_hand(
        "SMPP 5.0 4.1.1.6",
        "00000018 80000009 00000000 00000003 'mc' 00 0210 0001 50",
        BindTransceiverResp(sequence_number=3, system_id="mc", tlvs=((0x0210, b"\x50"),)),
    ),
    _by_hand(
        "SMPP 3.4 4.1.7",
        "00000016 0000000B 00000000 00000001 'mc' 00 'pw' 00",
        Outbind(sequence_number=1, system_id="mc", password="pw"),
    ),
    _by_hand("SMPP 3.4 4.2.1", "00000010 00000006 00000000 00000004", Unbind(sequence_number=4)),
    _by_hand(
        "SMPP 3.4 4.2.2", "00000010 80000006 00000000 00000004", UnbindResp(sequence_number=4)
    ),
    _by_hand(
        "SMPP 3.4 4.3.1",
        "00000010 80000000 00000003 00000000",
        GenericNack(command_status=3),
    ),
    _by_hand("SMPP 3.4 4.11.1", "00000010 00000015 00000000 7FFFFFFF", EnquireLink(0, 0x7FFFFFFF)),
    _by_hand(
        "SMPP 3.4 4.11.2",
        "00000010 80000015 00000000 7FFFFFFF",
        EnquireLinkResp(0, 0x7FFFFFFF),
    ),
    _by_hand(
        "SMPP 3.4 4.4.1",
        """
        00000048 00000004 00000000 00000005
        'WAP' 00  05 00 'simpost' 00  01 01 '66812345678' 00
        40 00 01  00  '000000010000000R' 00  01 00 08 00  02 D83D
        """,
        SubmitSm(
            sequence_number=5,
            service_type="WAP",
            source_addr_ton=5,
            source_addr="simpost",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="66812345678",
            esm_class=0x40,
            priority_flag=1,
            validity_period="000000010000000R",
            registered_delivery=1,
            data_coding=8,
            short_message=b"\xd8\x3d",
        ),
    ),
    _by_hand(
        "SMPP 3.4 4.4.1: text in message_payload, a vendor's TLV twice",
        """
        00000033 00000004 00000000 00000006
        00 00 00 00 00 00 '1' 00 00 00 00 00 00 00 00 00 00 00
        0424 0003 'abc'  1400 0001 01  1400 0001 02
        """,
        SubmitSm(
            sequence_number=6,
            destination_addr="1",
            tlvs=((0x0424, b"abc"), (0x1400, b"\x01"), (0x1400, b"\x02")),
        ),
        "payload",
    ),
    _by_hand(
        "SMPP 3.4 4.4.2",
        "00000019 80000004 00000000 00000005 '0a1B2c3D' 00",
        SubmitSmResp(sequence_number=5, message_id="0a1B2c3D"),
    ),
    _by_hand(
        "SMPP 3.4 4.4.2: no body with an error",
        "00000010 80000004 00000058 00000005",
        SubmitSmResp(command_status=0x58, sequence_number=5),
        "throttled",
    ),
    _by_hand(
        "SMPP 5.0 4.2.1.2: congestion_state",
        "00000017 80000004 00000000 00000005 '7' 00 0428 0001 5A",
        SubmitSmResp(sequence_number=5, message_id="7", tlvs=((0x0428, b"\x5a"),)),
        "congestion",
    ),
    _by_hand(
        "SMPP 3.4 4.6.1 with 5.3.2.12 and 5.3.2.35",
        """
        0000003E 00000005 00000000 00000001
        00 01 01 '66812345678' 00 00 00 'simpost' 00
        04 00 00 00 00 00 00 00 00 00
        001E 0002 '7' 00  0427 0001 02
        """,
        DeliverSm(
            sequence_number=1,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="66812345678",
            destination_addr="simpost",
            esm_class=4,
            tlvs=((0x001E, b"7\0"), (0x0427, b"\x02")),
        ),
    ),
    _by_hand(
        "SMPP 3.4 4.6.2",
        "00000011 80000005 00000000 00000001 00",
        DeliverSmResp(sequence_number=1),
    ),
    _by_hand(
        "SMPP 3.4 4.7.1",
        """
        00000027 00000103 00000000 00000008
        'USSD' 00 00 00 '12' 00 01 01 '34' 00 00 01 04
        0424 0001 FF
        """,
        DataSm(
            sequence_number=8,
            service_type="USSD",
            source_addr="12",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="34",
            registered_delivery=1,
            data_coding=4,
            tlvs=((0x0424, b"\xff"),),
        ),
    ),
    _by_hand(
        "SMPP 3.4 4.7.2",
        "00000017 80000103 000000FE 00000008 'm1' 00 0425 0000",
        DataSmResp(command_status=0xFE, sequence_number=8, message_id="m1", tlvs=((0x0425, b""),)),
    ),
    _by_hand(
        "SMPP 3.4 4.5.1 with 4.5.1.1 and 4.5.1.2",
        """
        0000002E 00000021 00000000 00000009
        00 00 00 '1' 00
        02  01 01 01 '66' 00  02 'list' 00
        00 00 00 00 00 00 00 00 00 02 'hi'
        """,
        SubmitMulti(
            sequence_number=9,
            source_addr="1",
            dest_address=(SmeAddress(1, 1, "66"), DistributionList("list")),
            short_message=b"hi",
        ),
    ),
    _by_hand(
        "SMPP 3.4 4.5.2 with 4.5.2.1",
        """
        0000001D 80000021 00000000 00000009
        'm9' 00 01  01 01 '66' 00 0000000B
        """,
        SubmitMultiResp(
            sequence_number=9, message_id="m9", unsuccess_sme=(UnsuccessSme(1, 1, "66", 0x0B),)
        ),
    ),
    _by_hand(
        "SMPP 3.4 4.8.1",
        "00000017 00000003 00000000 0000000A 'm1' 00 05 00 'A' 00",
        QuerySm(sequence_number=10, message_id="m1", source_addr_ton=5, source_addr="A"),
    ),
    _by_hand(
        "SMPP 3.4 4.8.2",
        "00000026 80000003 00000000 0000000A 'm1' 00 '261122120000000+' 00 02 00",
        QuerySmResp(
            sequence_number=10,
            message_id="m1",
            final_date="261122120000000+",
            message_state=2,
        ),
    ),
    _by_hand(
        "SMPP 3.4 4.9.1",
        "0000001C 00000008 00000000 0000000B 00 'm1' 00 00 00 '1' 00 01 01 '2' 00",
        CancelSm(
            sequence_number=11,
            message_id="m1",
            source_addr="1",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="2",
        ),
    ),
    _by_hand("SMPP 3.4 4.9.2", "00000010 80000008 00000011 0000000B", CancelSmResp(0x11, 11)),
    _by_hand(
        "SMPP 3.4 4.10.1",
        "0000001F 00000007 00000000 0000000C 'm1' 00 00 00 '1' 00 00 00 01 00 03 'new'",
        ReplaceSm(
            sequence_number=12,
            message_id="m1",
            source_addr="1",
            registered_delivery=1,
            short_message=b"new",
        ),
    ),
    _by_hand("SMPP 3.4 4.10.2", "00000010 80000007 00000013 0000000C", ReplaceSmResp(0x13, 12)),
    _by_hand(
        "SMPP 3.4 4.12.1",
        """
        0000001E 00000102 00000000 0000000D
        01 01 '66' 00 00 00 '9' 00  0422 0001 00
        """,
        AlertNotification(
            sequence_number=13,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="66",
            esme_addr="9",
            tlvs=((0x0422, b"\x00"),),
        ),
    ),
    _by_hand(
        "SMPP 5.0 4.4.1.1: two areas, so one tag twice",
        """
        00000038 00000111 00000000 0000000E
        'CBS' 00 00 00 '1' 00 00 00 00 00 00 08 00
        0606 0002 0141  0606 0002 0142  0601 0003 000010  0604 0002 0001
        """,
        BroadcastSm(
            sequence_number=14,
            service_type="CBS",
            source_addr="1",
            data_coding=8,
            tlvs=(
                (0x0606, b"\x01A"),
                (0x0606, b"\x01B"),
                (0x0601, b"\0\0\x10"),
                (0x0604, b"\0\x01"),
            ),
        ),
    ),
    _by_hand(
        "SMPP 5.0 4.4.1.2",
        "00000013 80000111 00000000 0000000E 'b1' 00",
        BroadcastSmResp(sequence_number=14, message_id="b1"),
    ),
    _by_hand(
        "SMPP 5.0 4.6.1.1",
        "00000017 00000112 00000000 0000000F 'b1' 00 00 00 '1' 00",
        QueryBroadcastSm(sequence_number=15, message_id="b1", source_addr="1"),
    ),
    _by_hand(
        "SMPP 5.0 4.6.1.3",
        "0000001D 80000112 00000000 0000000F 'b1' 00 0427 0001 02 0608 0001 64",
        QueryBroadcastSmResp(
            sequence_number=15, message_id="b1", tlvs=((0x0427, b"\x02"), (0x0608, b"d"))
        ),
    ),
    _by_hand(
        "SMPP 5.0 4.6.2.1",
        "0000001B 00000113 00000000 00000010 'CBS' 00 'b1' 00 00 00 '1' 00",
        CancelBroadcastSm(sequence_number=16, service_type="CBS", message_id="b1", source_addr="1"),
    ),
    _by_hand(
        "SMPP 5.0 4.6.2.3",
        "00000010 80000113 0000010F 00000010",
        CancelBroadcastSmResp(0x10F, 16),
    ),
    _by_hand(
        "SMPP 3.4 5.1.2.1: a command id no standard names",
        "00000013 00010200 00000400 00000011 0102FF",
        UnknownPdu(
            command_status=0x400, sequence_number=17, command_id=0x10200, body=b"\x01\x02\xff"
        ),
    ),
]
