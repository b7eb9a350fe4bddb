"""An ESME by npm's smpp at the simulator."""

import asyncio

import pytest

from simpost.smpp import MessageState, Status
from tests.integration.interop.simulator import NUMBER, PASSWORD, SYSTEM_ID, running, shown
from tests.integration.smpp.certificates import tls_contexts

LOGIN = {"system_id": SYSTEM_ID, "password": PASSWORD}


def text_to(number=NUMBER, **fields):
    given = {"source_addr_ton": 5, "source_addr": "node", "destination_addr": number}
    return given | {"dest_addr_ton": 1, "dest_addr_npi": 1, "registered_delivery": 1} | fields


@pytest.mark.parametrize("with_tls", [False, True], ids=["plain", "tls"])
async def test_it_sends_and_gets_its_receipt(node, tmp_path, with_tls):
    tls_contexts(tmp_path)
    pem = tmp_path / "mc.pem"
    async with running(tls_cert=pem if with_tls else None) as simulator:
        esme = await node("esme", simulator.port, *([pem] if with_tls else []))
        esme.say("bind_transceiver", **LOGIN)
        bound = await esme.heard("bind_transceiver_resp")
        assert (bound["command_status"], bound["system_id"]) == (0, SYSTEM_ID)
        assert bound["sc_interface_version"] >= 0x34
        esme.say("submit_sm", **text_to(short_message="hello [€]", data_coding=0))
        answer = await esme.heard("submit_sm_resp")
        [submit] = simulator.submits
        assert submit.message_id == answer["message_id"]
        assert submit.request.short_message == b"hello \x1b<\x1be\x1b>"
        assert (submit.request.source_addr, submit.request.destination_addr) == ("node", NUMBER)
        receipt = await esme.heard("deliver_sm")
        assert receipt["esm_class"] == 4
        assert receipt["receipted_message_id"] == answer["message_id"]
        assert receipt["message_state"] == MessageState.DELIVERED
        assert receipt["short_message"]["message"].startswith(f"id:{answer['message_id']} sub:001")
        esme.say("unbind")
        assert (await esme.heard("unbind_resp"))["command_status"] == 0
        await esme.heard("close")


async def test_parts_and_alphabets_are_shown_as_one_text(node):
    async with running() as simulator:
        esme = await node("esme", simulator.port)
        esme.say("bind_transmitter", **LOGIN)
        await esme.heard("bind_transmitter_resp")
        for number, words in enumerate(("Ελλάδα ", "🏖 and sea"), 1):
            header = bytes((5, 0, 3, 99, 2, number))
            esme.say(
                "submit_sm",
                **text_to(data_coding=8, short_message={"udh": header, "message": words}),
            )
            assert (await esme.heard("submit_sm_resp"))["command_status"] == 0
        assert [submit.request.esm_class for submit in simulator.submits] == [0x40, 0x40]
        assert simulator.submits[0].request.short_message == (
            b"\5\0\3\x63\2\1" + "Ελλάδα ".encode("utf-16-be")
        )
        assert shown(simulator) == ["Ελλάδα 🏖 and sea"]


async def test_a_wrong_password_is_refused_and_the_link_closed(node):
    async with running() as simulator:
        esme = await node("esme", simulator.port)
        esme.say("bind_transceiver", **(LOGIN | {"password": "wrong"}))
        refused = await esme.heard("bind_transceiver_resp")
        assert refused["command_status"] == Status.ESME_RINVPASWD
        await esme.heard("close")


async def test_a_text_from_a_handset_reaches_its_receiver(node):
    async with running() as simulator:
        esme = await node("esme", simulator.port)
        esme.say("bind_receiver", **LOGIN)
        await esme.heard("bind_receiver_resp")
        sending = asyncio.ensure_future(simulator.send_from_handset(NUMBER, "1234", "Γειά 🏖"))
        heard = await esme.heard("deliver_sm")
        assert heard["short_message"]["message"] == "Γειά 🏖"
        assert (heard["source_addr"], heard["destination_addr"]) == (NUMBER, "1234")
        assert (await sending).responses == ["ESME_ROK"]


async def test_it_sends_query_sm_and_enquire_link(node):
    async with running() as simulator:
        esme = await node("esme", simulator.port)
        esme.say("enquire_link")  # before the bind too (SMPP 5.0 2.4)
        assert (await esme.heard("enquire_link_resp"))["command_status"] == 0
        esme.say("bind_transceiver", **LOGIN)
        await esme.heard("bind_transceiver_resp")
        esme.say("submit_sm", **text_to("668999005", short_message=b"hello"))
        answer = await esme.heard("submit_sm_resp")
        await esme.heard("deliver_sm")
        esme.say("query_sm", message_id=answer["message_id"], source_addr_ton=5, source_addr="node")
        asked = await esme.heard("query_sm_resp")
        assert asked["message_state"] == MessageState.UNDELIVERABLE


async def test_a_refused_submit_returns_its_status(node):
    async with running() as simulator:
        esme = await node("esme", simulator.port)
        esme.say("submit_sm", **text_to(short_message=b"hello"))
        early = await esme.heard("submit_sm_resp")
        assert early["command_status"] == Status.ESME_RINVBNDSTS
        esme.say("bind_transceiver", **LOGIN)
        await esme.heard("bind_transceiver_resp")
        esme.say("submit_sm", **text_to("", short_message=b"hello"))
        refused = await esme.heard("submit_sm_resp")
        assert refused["command_status"] == Status.ESME_RINVDSTADR
