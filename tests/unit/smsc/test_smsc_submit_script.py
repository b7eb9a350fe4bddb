"""The result of a submit, and its receipt."""

from __future__ import annotations

import pytest

from simpost.smpp import MessageState, Status, SubmitSm, Tag, parse_receipt
from simpost.smsc.accepted_submits import AcceptedSubmit, AcceptedSubmits
from simpost.smsc.behaviour import ByNumber, SubmitScript
from simpost.smsc.content import content_of


def taken(
    state: MessageState = MessageState.DELIVERED, error: int = 0, **fields: object
) -> AcceptedSubmit:
    request = SubmitSm(
        service_type="CMT",
        source_addr_ton=5,
        source_addr="simpost",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="66812345678",
        **fields,  # type: ignore[arg-type]
    )
    script = SubmitScript(state=state, error=error, receipt_delay_s=60.0)
    return AcceptedSubmit.from_submit(request, content_of(request), script, "12AB", now=1_000.0)


def test_a_plain_number_is_delivered_with_the_delays_asked_for() -> None:
    script = ByNumber(0.5, 2.0).decide(SubmitSm(destination_addr="66812345678"))
    assert script == SubmitScript(Status.ESME_ROK, 0.5, MessageState.DELIVERED, 0, 2.0)


@pytest.mark.parametrize(
    ("ending", "state"),
    [
        ("999001", MessageState.ENROUTE),
        ("999003", MessageState.EXPIRED),
        ("999004", MessageState.DELETED),
        ("999005", MessageState.UNDELIVERABLE),
        ("999007", MessageState.UNKNOWN),
        ("999008", MessageState.REJECTED),
        ("999002", MessageState.DELIVERED),
        ("999999", MessageState.DELIVERED),
        ("099905", MessageState.DELIVERED),
    ],
)
def test_the_last_digit_of_a_special_number_is_the_state_it_ends_in(
    ending: str, state: MessageState
) -> None:
    for number in (f"66812{ending}", f"+66812{ending}"):
        assert ByNumber().decide(SubmitSm(destination_addr=number)).state is state


@pytest.mark.parametrize(
    ("registered_delivery", "delivered", "failed"),
    [
        (0x00, False, False),
        (0x01, True, True),
        (0x02, False, True),
        (0x03, True, False),
        (0x10, False, False),
        (0x11, True, True),
        (0x0C, False, False),
    ],
)
def test_a_receipt_comes_for_the_outcomes_asked_for(
    registered_delivery: int, delivered: bool, failed: bool
) -> None:
    asked = {"registered_delivery": registered_delivery}
    assert taken(MessageState.DELIVERED, **asked).wants_receipt is delivered
    assert taken(MessageState.UNDELIVERABLE, **asked).wants_receipt is failed
    assert taken(MessageState.ENROUTE, **asked).wants_receipt is False


def test_a_receipt_goes_from_the_handset_back_to_the_sender() -> None:
    receipt = taken().build_pdu()
    assert (receipt.source_addr_ton, receipt.source_addr_npi, receipt.source_addr) == (
        1,
        1,
        "66812345678",
    )
    assert (receipt.dest_addr_ton, receipt.dest_addr_npi, receipt.destination_addr) == (
        5,
        0,
        "simpost",
    )
    assert receipt.esm_class == 0x04
    assert receipt.service_type == "CMT"


def test_a_receipt_has_the_final_state_in_text_and_tlvs() -> None:
    read = parse_receipt(taken(MessageState.UNDELIVERABLE, 1, short_message=b"Hello").build_pdu())
    assert (read.message_id, read.state) == ("12AB", MessageState.UNDELIVERABLE)
    assert read.error == "001"
    assert read.network_error == (3, 1)
    assert read.raw["stat"] == "UNDELIV"
    assert read.raw["text"] == "Hello"
    assert read.submitted is not None
    assert read.done is not None
    assert (read.done - read.submitted).total_seconds() == 60


def test_only_failures_have_a_network_error() -> None:
    assert parse_receipt(taken().build_pdu()).network_error is None


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"short_message": b"a text longer than twenty octets"}, "a text longer than t"),
        ({"short_message": "λ".encode("utf-16-be"), "data_coding": 8}, ""),
        ({"short_message": b"\x05\x00\x03\x01\x02\x01part", "esm_class": 0x40}, "part"),
    ],
)
def test_a_receipt_repeats_only_text_of_its_own_alphabet(
    fields: dict[str, object], text: str
) -> None:
    assert parse_receipt(taken(**fields).build_pdu()).raw["text"] == text  # type: ignore[arg-type]


def test_of_a_long_payload_only_the_part_for_the_receipt_is_kept() -> None:
    request = SubmitSm(tlvs=((Tag.MESSAGE_PAYLOAD, b"x" * 30_000),))
    assert (
        AcceptedSubmit.from_submit(request, content_of(request), SubmitScript(), "1", 0.0).text
        == b"x" * 20
    )


def test_a_message_is_enroute_until_its_final_state_is_reached() -> None:
    late = taken(MessageState.EXPIRED)
    assert late.state_at(1_059.9) is MessageState.ENROUTE
    assert late.state_at(1_060.0) is MessageState.EXPIRED


def test_the_oldest_accepted_submits_are_dropped() -> None:
    accepted = AcceptedSubmits(max_accepted=2)
    for message_id in ("a", "b", "c"):
        entry = taken()
        entry.message_id = message_id
        accepted.add(entry)
    assert accepted.find("a") is None
    assert accepted.find("b") is not None
    assert accepted.find("c") is not None
