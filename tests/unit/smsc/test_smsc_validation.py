from __future__ import annotations

from typing import Any

import pytest

from simpost.smpp import DataSm, SmeAddress, Status, SubmitMulti, SubmitSm, Tag, int_tlv
from simpost.smpp.pdu import DistributionList
from simpost.smsc.content import content_of
from simpost.smsc.submit_multi import destination_list_status, submits_of
from simpost.smsc.validation import MAX_PAYLOAD_OCTETS, validation_status


def status_of(submit: SubmitSm | DataSm, *, packed: bool = False) -> int:
    return validation_status(submit, content_of(submit), packed=packed)


def submit(**fields: Any) -> SubmitSm:
    right: dict[str, Any] = {
        "source_addr_ton": 5,
        "source_addr": "simpost",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": "66812345678",
        "short_message": b"Hello",
    }
    return SubmitSm(**(right | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"source_addr_ton": 0, "source_addr": "simpost"},
        {"source_addr_ton": 1, "source_addr": "66899999999"},
        {"source_addr_ton": 3, "source_addr": "4455"},
        {"source_addr_ton": 0, "source_addr": ""},
        {"destination_addr": "+66812345678"},
        {"esm_class": 0x03},
        {"esm_class": 0x08},
        {"short_message": b""},
        {"validity_period": "000001000000000R"},
        {"schedule_delivery_time": "261122120000004+"},
    ],
)
def test_a_valid_submit_is_accepted(fields: dict[str, Any]) -> None:
    assert status_of(submit(**fields)) == Status.ESME_ROK


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"source_addr_ton": 1, "source_addr": "simpost"}, Status.ESME_RINVSRCADR),
        ({"source_addr": "twelve chars"}, Status.ESME_RINVSRCADR),
        ({"source_addr": ""}, Status.ESME_RINVSRCADR),
        ({"source_addr": "a\x07"}, Status.ESME_RINVSRCADR),
        ({"destination_addr": ""}, Status.ESME_RINVDSTADR),
        ({"destination_addr": "not a number"}, Status.ESME_RINVDSTADR),
        ({"dest_addr_ton": 5}, Status.ESME_RINVDSTADR),
        ({"destination_addr": "1" * 21}, Status.ESME_RINVDSTADR),
        ({"destination_addr": "٦٦٨"}, Status.ESME_RINVDSTADR),
        ({"esm_class": 0x04}, Status.ESME_RINVESMCLASS),
        ({"esm_class": 0x20}, Status.ESME_RINVESMCLASS),
        ({"esm_class": 0x40, "short_message": b"\x05\x00"}, Status.ESME_RINVESMCLASS),
        ({"esm_class": 0x40, "short_message": b""}, Status.ESME_RINVESMCLASS),
        ({"validity_period": "tomorrow"}, Status.ESME_RINVEXPIRY),
        ({"validity_period": "269922120000004+"}, Status.ESME_RINVEXPIRY),
        ({"schedule_delivery_time": "000001000000000r"}, Status.ESME_RINVSCHED),
        ({"short_message": b"x" * 161}, Status.ESME_RINVMSGLEN),
        ({"short_message": b"x" * 142, "data_coding": 8}, Status.ESME_RINVMSGLEN),
        ({"tlvs": ((Tag.MESSAGE_PAYLOAD, b"two texts"),)}, Status.ESME_RINVMSGLEN),
    ],
)
def test_an_invalid_submit_is_refused_with_its_own_status(
    fields: dict[str, Any], status: Status
) -> None:
    assert status_of(submit(**fields)) == status


def test_a_payload_holds_255_parts_and_no_more() -> None:
    for octets, status in (
        (MAX_PAYLOAD_OCTETS, Status.ESME_ROK),
        (MAX_PAYLOAD_OCTETS + 1, Status.ESME_RINVMSGLEN),
    ):
        tlvs = ((Tag.MESSAGE_PAYLOAD, b"x" * octets),)
        assert status_of(submit(short_message=b"", tlvs=tlvs)) == status
        assert status_of(DataSm(destination_addr="66812345678", tlvs=tlvs)) == status


def test_each_destination_of_a_submit_multi_is_a_submit_of_its_own() -> None:
    request = SubmitMulti(
        source_addr="4455",
        dest_address=(SmeAddress(1, 1, "66811111111"), SmeAddress(1, 1, "66822222222")),
        registered_delivery=1,
        data_coding=8,
        short_message=b"\0x",
        tlvs=(int_tlv(Tag.DEST_ADDR_SUBUNIT, 1, 1),),
    )
    assert destination_list_status(request) == 0
    first, second = submits_of(request)
    assert (first.destination_addr, second.destination_addr) == ("66811111111", "66822222222")
    for single in (first, second):
        assert single.source_addr == "4455"
        assert single.registered_delivery == 1
        assert single.data_coding == 8
        assert single.short_message == b"\0x"
        assert single.tlvs == request.tlvs


def test_distribution_lists_and_empty_lists_are_refused() -> None:
    assert destination_list_status(SubmitMulti()) == Status.ESME_RINVNUMDESTS
    listed = SubmitMulti(dest_address=(SmeAddress(1, 1, "66811111111"), DistributionList("all")))
    assert destination_list_status(listed) == Status.ESME_RINVDLNAME
