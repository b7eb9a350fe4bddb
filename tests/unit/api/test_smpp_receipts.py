"""Receipts have the form of SMPP 3.4 Appendix B, and go to those who asked for them."""

import pytest
import smpplib.command
import smpplib.consts
import smpplib.smpp
from hypothesis import given
from hypothesis import strategies as st

from simpost.api.smpp.receipts import (
    accepted_at,
    message_id_of,
    part_ids,
    receipts_of,
    reference_of,
)
from simpost.api.smpp.reference import SubmitReference, parse_reference
from simpost.domain.messages import parse_id
from simpost.domain.states import State
from simpost.ports.store import Event
from simpost.smpp import encode, parse_receipt

MESSAGE = "019a4c7e-7a02-7d11-8b6e-5f0a2c9d4e33"
FINAL = [state for state in State if state.is_final]


def reference(*wanted, **fields):
    given = {
        "system_id": "shop",
        "wanted": wanted or (1,),
        "destination": ("msisdn", 1, 1),
        "source": (5, 0, "Shop"),
        **fields,
    }
    return SubmitReference(**given)


def event(state=State.DELIVERED, of=None, reason=None):
    data = {"reference": str(of or reference()), "reason": reason}
    return Event(7, f"message.{state}", MESSAGE, 1_767_225_600_000, data)


def as_smpplib_reads(pdu):
    """The PDU, read by another implementation from the octets on the wire."""
    pdu.sequence_number = 1
    client = type("Client", (), {"sequence": 1, "next_sequence": lambda self: 1})()
    client.allow_unknown_opt_params = False
    return smpplib.smpp.parse_pdu(encode(pdu), client=client, allow_unknown_opt_params=False)


@pytest.mark.parametrize(
    ("state", "stat", "code"),
    [  # SMPP 3.4 5.2.28 and Appendix B
        (State.DELIVERED, b"DELIVRD", smpplib.consts.SMPP_MESSAGE_STATE_DELIVERED),
        (State.FAILED, b"UNDELIV", smpplib.consts.SMPP_MESSAGE_STATE_UNDELIVERABLE),
        (State.EXPIRED, b"EXPIRED", smpplib.consts.SMPP_MESSAGE_STATE_EXPIRED),
        (State.REJECTED, b"REJECTD", smpplib.consts.SMPP_MESSAGE_STATE_REJECTED),
        (State.CANCELLED, b"DELETED", smpplib.consts.SMPP_MESSAGE_STATE_DELETED),
    ],
)
def test_a_receipt_is_read_by_smpplib(state, stat, code):
    [pdu] = receipts_of(event(state), reference(), "66810000001")
    read = as_smpplib_reads(pdu)
    assert (read.esm_class, read.message_state) == (4, code)
    assert read.receipted_message_id.rstrip(b"\0").decode() == MESSAGE
    assert (read.source_addr, read.destination_addr) == (b"66810000001", b"Shop")
    assert (read.source_addr_ton, read.dest_addr_ton) == (1, 5)
    assert b" stat:" + stat + b" " in read.short_message
    assert read.short_message.startswith(f"id:{MESSAGE} sub:001 dlvrd:".encode())


def test_a_receipt_says_when_and_why():
    [pdu] = receipts_of(event(State.FAILED, reason="handset_unreachable"), reference(), "1")
    read = parse_receipt(pdu)
    assert read.error == "002"
    assert f"{read.done:%Y-%m-%d %H:%M}" == "2026-01-01 00:00"
    assert read.submitted == accepted_at(MESSAGE).replace(second=0, microsecond=0)
    assert pdu.short_message.endswith(b" text:")  # no text of a traveller


@pytest.mark.parametrize("reason", ["no_receipt", "expired_in_doubt", "unknown_at_carrier"])
def test_an_end_that_nobody_knows_is_unknown(reason):
    [pdu] = receipts_of(event(State.EXPIRED, reason=reason), reference(), "1")
    assert as_smpplib_reads(pdu).message_state == smpplib.consts.SMPP_MESSAGE_STATE_UNKNOWN


@pytest.mark.parametrize(
    ("wanted", "delivered", "failed"),
    [(0, 0, 0), (1, 1, 1), (2, 0, 1), (3, 1, 0)],  # SMPP 3.4 5.2.17, SMPP 5.0 4.7.21
)
def test_a_receipt_comes_if_registered_delivery_asks_for_it(wanted, delivered, failed):
    of = reference(wanted)
    for state, count in ((State.DELIVERED, delivered), (State.FAILED, failed)):
        found = reference_of(event(state, of), "shop")
        assert (found is not None) == bool(count)


def test_each_part_that_asked_gets_a_receipt_with_its_own_id():
    of = reference(1, 0, 2, 1)
    assert reference_of(event(of=of), "shop") == of
    ids = [parse_receipt(pdu).message_id for pdu in receipts_of(event(of=of), of, "1")]
    assert ids == [f"{MESSAGE}-1", f"{MESSAGE}-4"]


@pytest.mark.parametrize("state", [state for state in State if not state.is_final])
def test_a_state_that_is_not_final_makes_no_receipt(state):
    assert reference_of(event(state), "shop") is None


def test_messages_of_others_make_no_receipt():
    assert reference_of(event(), "office") is None
    for other in (None, "order-7", "callback:https://example.com/", "smpp:", "smpp:shop:1"):
        assert reference_of(Event(7, "message.delivered", MESSAGE, 0, {"reference": other}),
                            "shop") is None  # fmt: skip


def test_an_id_of_a_part_is_that_of_its_message():
    assert message_id_of(MESSAGE) == parse_id(MESSAGE)
    for each in part_ids(MESSAGE, 3):
        assert message_id_of(each) == parse_id(MESSAGE)
    for wrong in ("", "7", MESSAGE[:-1], f"{MESSAGE}-", f"{MESSAGE}x", f"{MESSAGE}-x",
                  MESSAGE.replace("-", "")):  # fmt: skip
        assert message_id_of(wrong) is None


@given(
    st.from_regex(
        r"\A[0-3]{1,32}:(msisdn|iccid|esim)\.[0-9]{1,3}\.[0-9]{1,3}:([0-9a-f]{4})?:"
        r"[0-9]{1,3}\.[0-9]{1,3}:[\x01-\xff]{0,20}\Z"
    )
)
def test_every_reference_of_the_form_has_receipts_unless_a_number_is_no_octet(text):
    found = parse_reference(f"smpp:shop:{text}")
    kind, source = text.split(":", 3)[1], text.split(":", 3)[3]
    numbers = [*kind.split(".")[1:], *source.split(":")[0].split(".")[:2]]
    assert (found is None) == any(int(each) > 255 for each in numbers)
    for pdu in receipts_of(event(of=found), found, "1") if found else ():
        encode(pdu)


@given(st.text())
def test_any_other_reference_is_ignored(text):
    assert parse_reference(f"smpp:shop:4{text}") is None
