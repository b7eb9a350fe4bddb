"""What real message centres send (each row was seen to break at least one library)."""

import pytest

from simpost.smpp import (
    PDU_CLASSES,
    DeliverSm,
    EnquireLink,
    FatalPduError,
    Pdu,
    RecoverablePduError,
    SubmitSm,
    SubmitSmResp,
    decode,
    encode,
)
from simpost.smpp.tlv import MAX_TLVS
from tests.unit.smpp.vectors import octets


def with_length(notation: str) -> bytes:
    rest = octets(notation)
    return (len(rest) + 4).to_bytes(4, "big") + rest


@pytest.mark.parametrize("value", [b"123\0", b"123"])
def test_receipted_message_id_is_kept_with_and_without_its_nul(value: bytes) -> None:
    pdu = DeliverSm(esm_class=4, tlvs=((0x001E, value),))
    again = decode(encode(pdu))
    assert again == pdu
    assert again.tlv(0x001E) == value


@pytest.mark.parametrize("status", [0, 0x45, 0x58, 0x400])
def test_a_submit_sm_resp_without_a_body_is_read(status: int) -> None:
    read = decode(with_length(f"80000004 {status:08X} 00000005"))
    assert read == SubmitSmResp(command_status=status, sequence_number=5)


def test_an_error_submit_sm_resp_with_a_body_is_read_and_keeps_its_id() -> None:
    read = decode(with_length("80000004 00000045 00000005 'id7' 00"))
    assert read == SubmitSmResp(command_status=0x45, sequence_number=5, message_id="id7")
    assert decode(encode(read)) == read


def test_a_message_id_without_its_nul_is_read() -> None:
    read = decode(with_length("80000004 00000000 00000005 '0A1B'"))
    assert read == SubmitSmResp(sequence_number=5, message_id="0A1B")


def test_a_request_without_its_nul_is_refused() -> None:
    with pytest.raises(RecoverablePduError) as refused:
        decode(with_length("00000003 00000000 00000005 'id' 00 00 00 '1'"))
    assert refused.value.status == 0x02


@pytest.mark.parametrize("data_coding", [0x04, 0x19, 0xF1, 0xFF])
def test_any_data_coding_carries_any_octets(data_coding: int) -> None:
    pdu = SubmitSm(data_coding=data_coding, short_message=bytes(range(255)))
    assert decode(encode(pdu)) == pdu


def test_a_sender_in_latin_1_keeps_every_octet() -> None:
    pdu = DeliverSm(source_addr_ton=5, source_addr="Caf\xe9 \xa3\xff")
    assert b"Caf\xe9 \xa3\xff\0" in encode(pdu)
    assert decode(encode(pdu)) == pdu


def test_ton_and_npi_outside_the_table_stay_numbers() -> None:
    pdu = DeliverSm(source_addr_ton=77, source_addr_npi=255, dest_addr_ton=9, dest_addr_npi=19)
    assert decode(encode(pdu)) == pdu


def test_an_address_longer_than_the_standard_is_read_whole() -> None:
    body = octets("00 01 01") + b"9" * 60 + octets("00 00 00 00 00 00 00 00 00 00 00 00 00 00")
    read = decode((16 + len(body)).to_bytes(4, "big") + octets("00000005 00000000 00000001") + body)
    assert isinstance(read, DeliverSm)
    assert read.source_addr == "9" * 60


@pytest.mark.parametrize("length", [256, 4000])
def test_a_string_beyond_a_sane_bound_is_refused_by_its_own_status(length: int) -> None:
    body = octets("00 01 01") + b"9" * length + octets("00 00 00 00 00 00 00 00 00 00 00 00 00 00")
    with pytest.raises(RecoverablePduError) as refused:
        decode((16 + len(body)).to_bytes(4, "big") + octets("00000005 00000000 00000001") + body)
    assert refused.value.status == 0x0A


@pytest.mark.parametrize(
    ("notation", "status"),
    [
        ("00000004 00000000 00000001 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 05 'abc'", 1),
        ("00000004 00000000 00000001 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", 2),
        ("00000005 00000000 00000001" + " 00" * 17 + "0424 0009 'half'", 0xC0),
        ("00000021 00000000 00000001 00 00 00 00 01 03", 0x40),
    ],
    ids=["sm_length too long", "no sm_length", "half a message_payload", "dest_flag 3"],
)
def test_a_bad_body_names_the_status_to_answer(notation: str, status: int) -> None:
    with pytest.raises(RecoverablePduError) as refused:
        decode(with_length(notation))
    assert refused.value.status == status
    assert refused.value.sequence_number == 1


BROKEN_PARTS = {
    "one NUL": "00",
    "half a head": "1403 00",
    "a length beyond the PDU": "1403 0009 01",
    "a good TLV, then one octet": "0427 0001 02 FF",
}


@pytest.mark.parametrize("rest", BROKEN_PARTS.values(), ids=BROKEN_PARTS)
@pytest.mark.parametrize("pdu_class", PDU_CLASSES.values(), ids=lambda cls: cls.__name__)
def test_unreadable_optional_parameters_do_not_void_a_pdu(pdu_class: type[Pdu], rest: str) -> None:
    """SMPP 3.4 3.3: what is not understood of the optional part is ignored."""
    usual = pdu_class(sequence_number=7)
    whole = encode(usual) + octets(rest)
    read = decode(len(whole).to_bytes(4, "big") + whole[4:])
    assert read.unreadable == octets(rest)[5 if rest.startswith("0427") else 0 :]
    assert read.tlv(0x0427) == (b"\x02" if rest.startswith("0427") else None)
    assert encode(read)[16:] == whole[16:]
    read.tlvs = ()
    assert read == usual


@pytest.mark.parametrize("status", [0, 0x14, 0xFF])
@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("80000004", b"x" * 300),
        ("80000004", b"x" * 300 + b"\0\0"),
        ("80000004", b"\0\x04\x24\0\x09half"),
        ("80000009", b"y" * 4000),
        ("80000003", b"id\0"),
        ("80000021", b"id\0\xff\1\1"),
    ],
)
def test_the_status_of_a_response_is_read_whatever_its_body_is(
    status: int, command: str, body: bytes
) -> None:
    octets_of_it = octets(f"{command} {status:08X} 00000005") + body
    read = decode((len(octets_of_it) + 4).to_bytes(4, "big") + octets_of_it)
    assert (read.command_status, read.sequence_number) == (status, 5)
    assert read.unreadable != b""


def test_the_number_of_tlvs_read_is_bounded() -> None:
    many = DeliverSm(tlvs=((0x1400, b""),) * 16_000)
    read = decode(encode(many))
    assert len(read.tlvs) == MAX_TLVS + 1
    assert len(read.unreadable) == 4 * (16_000 - MAX_TLVS)


@pytest.mark.parametrize("length", [0, 15, 17, 0xFFFFFFFF])
def test_a_pdu_with_a_wrong_command_length_is_fatal(length: int) -> None:
    whole = encode(EnquireLink())
    with pytest.raises(FatalPduError) as refused:
        decode(length.to_bytes(4, "big") + whole[4:])
    assert refused.value.fatal
    assert refused.value.status == 0x02


def test_less_than_a_header_is_fatal() -> None:
    with pytest.raises(FatalPduError):
        decode(encode(EnquireLink())[:15])
