import pytest

from simpost.smpp import PDU_CLASSES, CommandId, FieldError, decode, encode
from simpost.smpp.codec import declared_decoder, declared_encoder
from simpost.smpp.pdu import DeliverSm, SubmitSm
from tests.unit.smpp.vectors import VECTORS, Vector

each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)


@each_vector
def test_octets_become_the_pdu(vector: Vector) -> None:
    assert decode(vector.octets) == vector.pdu


@each_vector
def test_the_pdu_becomes_the_same_octets(vector: Vector) -> None:
    assert encode(vector.pdu) == vector.octets


@each_vector
def test_a_repr_shows_neither_text_nor_password_nor_tlvs(vector: Vector) -> None:
    shown = repr(vector.pdu)
    assert "password" not in shown
    assert "short_message" not in shown
    assert "tlvs" not in shown
    assert "body" not in shown


def test_every_command_of_the_standards_has_a_class_and_a_vector() -> None:
    assert set(PDU_CLASSES) == set(CommandId)
    assert {vector.pdu.command_id for vector in VECTORS} >= set(CommandId)


@pytest.mark.parametrize("pdu_class", [SubmitSm, DeliverSm])
def test_the_fast_and_the_declared_codec_agree(
    pdu_class: type[SubmitSm],
) -> None:
    pdu = pdu_class(
        service_type="CMT",
        source_addr_ton=1,
        source_addr_npi=2,
        source_addr="\xe9t\xe9",
        dest_addr_ton=3,
        dest_addr_npi=4,
        destination_addr="12345678901234567890",
        esm_class=5,
        protocol_id=6,
        priority_flag=7,
        schedule_delivery_time="261122120000000+",
        validity_period="000000010000000R",
        registered_delivery=8,
        replace_if_present_flag=9,
        data_coding=10,
        sm_default_msg_id=11,
        short_message=bytes(range(255)),
    )
    body = declared_encoder(pdu_class)(pdu)
    assert encode(pdu)[16:] == body
    assert declared_decoder(pdu_class)(0, 0, body) == pdu == decode(encode(pdu))


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("service_type", "123456", 0x15),
        ("source_addr", "x" * 21, 0x0A),
        ("source_addr", "a\0b", 0x0A),
        ("source_addr", "\u20ac", 0x0A),
        ("destination_addr", "x" * 21, 0x0B),
        ("source_addr_ton", 256, 0x48),
        ("source_addr_npi", -1, 0x49),
        ("dest_addr_ton", 256, 0x50),
        ("dest_addr_npi", 256, 0x51),
        ("esm_class", 256, 0x43),
        ("schedule_delivery_time", "2611221200", 0x61),
        ("validity_period", "x" * 17, 0x62),
        ("short_message", bytes(256), 0x01),
        ("sequence_number", 1 << 32, 0x08),
        ("tlvs", ((0x10000, b""),), 0xC2),
        ("tlvs", ((0x0424, bytes(65536)),), 0xC2),
    ],
)
def test_values_the_standard_forbids_are_refused_and_never_truncated(
    field: str, value: object, status: int
) -> None:
    pdu = SubmitSm()
    setattr(pdu, field, value)
    with pytest.raises(FieldError) as refused:
        encode(pdu)
    assert refused.value.status == status
    assert str(value) not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "room"), [("system_id", 15), ("password", 8), ("system_type", 12)]
)
def test_a_bind_takes_credentials_up_to_the_standards_length(name: str, room: int) -> None:
    bind = PDU_CLASSES[CommandId.BIND_TRANSCEIVER]()
    setattr(bind, name, "x" * room)
    assert decode(encode(bind)) == bind
    setattr(bind, name, "x" * (room + 1))
    with pytest.raises(FieldError) as refused:
        encode(bind)
    assert "x" * room not in str(refused.value)
