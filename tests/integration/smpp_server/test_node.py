"""npm's smpp, unmodified, as an ESME at the SMPP port; on both stores."""

import pytest

from simpost.smpp import MessageState, Status

LONG = "Ελλάδα 🏖 — many words in three parts. " * 4


async def bound(node, served, kind="transceiver", login=None):
    """A bound peer; without a login it gets a new one."""
    esme = await node("esme", served.port)
    system_id, password = login or served.login()
    esme.say(f"bind_{kind}", system_id=system_id, password=password)
    answer = await esme.heard(f"bind_{kind}_resp")
    assert (answer["command_status"], answer["system_id"]) == (Status.ESME_ROK, "simpost")
    return esme


def text_to(number, **fields):
    given = {"source_addr_ton": 5, "source_addr": "Shop", "destination_addr": number}
    return given | {"dest_addr_ton": 1, "dest_addr_npi": 1, "registered_delivery": 1} | fields


async def submitted(esme, number, **fields):
    """The id in the response to a submit_sm."""
    esme.say("submit_sm", **text_to(number, **fields))
    answer = await esme.heard("submit_sm_resp")
    assert answer["command_status"] == Status.ESME_ROK
    return answer["message_id"]


async def received(esme):
    """Id and state of the next receipt, by its TLVs and by its text."""
    receipt = await esme.heard("deliver_sm")
    assert receipt["esm_class"] == 4
    message_id = receipt["receipted_message_id"]
    assert receipt["short_message"]["message"].startswith(f"id:{message_id} sub:001")
    return message_id, receipt["message_state"]


async def test_a_transceiver_sends_gets_its_receipt_and_unbinds(node, served):
    _, number = served.take()
    esme = await bound(node, served)
    message_id = await submitted(esme, number, short_message="Hello [€]", data_coding=0)
    assert await received(esme) == (message_id, MessageState.DELIVERED)
    assert served.message(message_id)["state"] == "delivered"
    assert served.centre.texts_of(number) == ["Hello [€]"]
    esme.say("enquire_link")
    assert (await esme.heard("enquire_link_resp"))["command_status"] == Status.ESME_ROK
    esme.say("unbind")
    assert (await esme.heard("unbind_resp"))["command_status"] == Status.ESME_ROK
    await esme.heard("close")


async def test_a_transmitter_sends_and_a_receiver_gets_the_receipt_and_a_reply(node, served):
    _, number = served.take()
    login = served.login()
    transmitter = await bound(node, served, "transmitter", login)
    receiver = await bound(node, served, "receiver", login)
    message_id = await submitted(transmitter, number, short_message="Γειά 🏖")
    assert await received(receiver) == (message_id, MessageState.DELIVERED)
    assert served.centre.texts_of(number) == ["Γειά 🏖"]
    served.centre.send_from(number, "Is it on? 🏖")
    reply = await receiver.heard("deliver_sm")
    assert (reply["esm_class"], reply["source_addr"]) == (0, number)
    assert reply["short_message"]["message"] == "Is it on? 🏖"
    receiver.say("submit_sm", **text_to(number, short_message="No"))
    refused = await receiver.heard("submit_sm_resp")
    assert refused["command_status"] == Status.ESME_RINVBNDSTS


async def test_parts_with_user_data_headers_are_one_text_with_a_receipt_for_each(node, served):
    _, number = served.take()
    esme = await bound(node, served)
    ids = []
    for place in (1, 2, 3):
        words = LONG[(place - 1) * 60 : place * 60]
        short_message = {"udh": bytes((5, 0, 3, 77, 3, place)), "message": words}
        ids.append(await submitted(esme, number, short_message=short_message, data_coding=8))
    message_id = ids[0].removesuffix("-1")
    assert ids == [f"{message_id}-{place}" for place in (1, 2, 3)]
    receipts = [await received(esme) for _ in ids]
    assert sorted(receipts) == [(each, MessageState.DELIVERED) for each in ids]
    assert served.centre.texts_of(number) == [LONG[:180]]


async def test_a_long_text_in_message_payload_is_one_text(node, served):
    _, number = served.take()
    esme = await bound(node, served)
    message_id = await submitted(esme, number, message_payload=LONG, data_coding=8)
    assert await received(esme) == (message_id, MessageState.DELIVERED)
    assert served.centre.texts_of(number) == [LONG]


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("submit_multi", {"dest_address": [{"destination_addr": "66810000001"}]}),
        ("data_sm", {"destination_addr": "66810000001"}),
    ],
)
async def test_a_command_that_is_not_offered_is_refused_and_the_link_stays(
    node, served, command, fields
):
    _, number = served.take()
    esme = await bound(node, served)
    esme.say(command, short_message="Hello", **fields)
    refused = await esme.heard(f"{command}_resp")
    assert refused["command_status"] == Status.ESME_RINVCMDID
    message_id = await submitted(esme, number, short_message="Hello again", data_coding=0)
    assert await received(esme) == (message_id, MessageState.DELIVERED)


async def test_gsm7_that_is_marked_as_ascii_is_refused_where_that_is_certain(node, served):
    """As npm's smpp sends a text without `data_coding`."""
    _, number = served.take()
    esme = await bound(node, served)
    for text in ("5$", "a_b", "a@b"):
        esme.say("submit_sm", **text_to(number, short_message=text))
        refused = await esme.heard("submit_sm_resp")
        assert refused["command_status"] == Status.ESME_RINVDCS
    assert served.centre.texts_of(number) == []


async def test_a_wrong_password_is_refused_and_the_link_closed(node, served):
    esme = await node("esme", served.port)
    system_id, _ = served.login()
    esme.say("bind_transceiver", system_id=system_id, password="wrong")
    refused = await esme.heard("bind_transceiver_resp")
    assert refused["command_status"] == Status.ESME_RINVPASWD
    await esme.heard("close")
