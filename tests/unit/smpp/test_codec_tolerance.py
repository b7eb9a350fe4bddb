"""What real message centres send (each row was seen to break at least one library)."""

import pytest

from simpost.smpp import (
    DeliverSm,
    EnquireLink,
    FatalPduError,
    RecoverablePduError,
    SubmitSm,
    SubmitSmResp,
    decode,
    encode,
)
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
        ("00000015 00000000 00000001 1403 0009 01", 0xC0),
        ("00000015 00000000 00000001 1403", 0xC0),
        ("00000021 00000000 00000001 00 00 00 00 01 03", 0x40),
    ],
    ids=["sm_length too long", "no sm_length", "tlv over the end", "tlv cut", "dest_flag 3"],
)
def test_a_bad_body_names_the_status_to_answer(notation: str, status: int) -> None:
    with pytest.raises(RecoverablePduError) as refused:
        decode(with_length(notation))
    assert refused.value.status == status
    assert refused.value.sequence_number == 1


@pytest.mark.parametrize("length", [0, 15, 17, 0xFFFFFFFF])
def test_one_pdu_whose_length_is_not_its_own_is_fatal(length: int) -> None:
    whole = encode(EnquireLink())
    with pytest.raises(FatalPduError) as refused:
        decode(length.to_bytes(4, "big") + whole[4:])
    assert refused.value.fatal
    assert refused.value.status == 0x02


def test_less_than_a_header_is_fatal() -> None:
    with pytest.raises(FatalPduError):
        decode(encode(EnquireLink())[:15])
