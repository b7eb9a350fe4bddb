"""Long texts that clients cut themselves are joined, decided once and sent as one message."""

import pytest
import smpplib.consts
import smpplib.gsm

from simpost.smpp import MessageState, Status
from tests.integration.smpp_server.served import bound

LONG = "Ελλάδα 🏖 — many words in three parts. " * 4


def submit_parts(esme, number, text, order=None, **fields):
    """The responses to the parts, cut by smpplib."""
    parts, coding, esm_class = smpplib.gsm.make_parts(text)
    responses = {}
    for at in order or range(len(parts)):
        responses[at] = esme.submit(
            number, parts[at], data_coding=coding, esm_class=esm_class, **fields
        )
    return [responses[at] for at in sorted(responses)]


@pytest.mark.parametrize("order", [None, (2, 0, 1)], ids=["in order", "in another order"])
def test_the_handset_shows_the_text_and_each_part_gets_its_receipt(served, order):
    _, number = served.take()
    with bound(served.port, served.login()) as esme:
        responses = submit_parts(esme, number, LONG, order)
        ids = [response.message_id.decode() for response in responses]
        receipts = [esme.next_delivered() for _ in ids]
    assert len(ids) == 3
    assert sorted(each.receipted_message_id.decode().rstrip("\0") for each in receipts) == ids
    assert {each.message_state for each in receipts} == {MessageState.DELIVERED}
    assert served.centre.texts_of(number) == [LONG]
    message_id = ids[0].removesuffix("-1")
    assert ids == [f"{message_id}-{at}" for at in (1, 2, 3)]
    assert served.message(message_id)["state"] == "delivered"


def test_parts_over_two_connections_are_one_message(served):
    _, number = served.take()
    login = served.login()
    parts, coding, esm_class = smpplib.gsm.make_parts(LONG)
    with bound(served.port, login) as one, bound(served.port, login) as two:
        for esme, part in ((one, parts[0]), (two, parts[1]), (one, parts[2])):
            response = esme.submit(
                number, part, data_coding=coding, esm_class=esm_class, registered_delivery=0
            )
            assert response.status == Status.ESME_ROK
    message_id = response.message_id.decode()[:36]
    assert served.wait_final(message_id)["state"] == "delivered"
    assert served.centre.texts_of(number) == [LONG]


def test_parts_by_tlvs_are_joined_too(served):
    _, number = served.take()
    with bound(served.port, served.login()) as esme:
        for at, text in enumerate((b"first and ", b"second"), 1):
            response = esme.submit(
                number, text, sar_msg_ref_num=7, sar_total_segments=2, sar_segment_seqnum=at
            )
            assert response.status == Status.ESME_ROK
        esme.next_delivered()
    assert served.centre.texts_of(number) == ["first and second"]


def test_the_last_part_says_why_the_message_is_refused_and_the_others_get_a_receipt(served):
    """The eSIM is unknown: that is decided once, for the whole message."""
    with bound(served.port, served.login()) as esme:
        responses = submit_parts(esme, "66999999999", LONG)
        assert [each.status for each in responses] == [0, 0, Status.ESME_RINVDSTADR]
        receipts = [esme.next_delivered() for _ in range(2)]
    assert {each.message_state for each in receipts} == {MessageState.REJECTED}
    ids = [each.message_id for each in responses[:2]]
    assert sorted(each.receipted_message_id.rstrip(b"\0") for each in receipts) == ids


def test_too_many_parts_are_refused_at_the_first(served):
    _, number = served.take()
    with bound(served.port, served.login()) as esme:
        header = bytes((5, 0, 3, 9, 33, 1))
        response = esme.submit(number, header + b"x", esm_class=smpplib.consts.SMPP_GSMFEAT_UDHI)
    assert response.status == Status.ESME_RINVMSGLEN
