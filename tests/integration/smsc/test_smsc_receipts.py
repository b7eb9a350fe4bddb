"""Receipts on their way back to the ESME."""

from __future__ import annotations

import pytest

from simpost.smpp import (
    BindReceiver,
    BindTransmitter,
    EnquireLink,
    MessageState,
    NotAllowed,
    SessionClosed,
    Status,
    SubmitSmResp,
    Tag,
    is_receipt,
    parse_receipt,
)
from simpost.smsc import Simulator
from tests.integration.smsc.conftest import Start
from tests.integration.smsc.esme import NUMBER, Esme, HttpClient, binding, bound, parts_of, submit


async def test_a_receipt_comes_after_the_answer_and_names_its_id(simulator: Simulator) -> None:
    async with bound(simulator) as esme:
        [message_id] = await esme.send("Hello", registered_delivery=1)
        receipt = await esme.delivered()
    assert is_receipt(receipt)
    assert receipt.tlv(Tag.RECEIPTED_MESSAGE_ID) == message_id.encode() + b"\0"
    read = parse_receipt(receipt)
    assert (read.message_id, read.state) == (message_id, MessageState.DELIVERED)
    assert read.raw["id"] == message_id
    assert (receipt.source_addr, receipt.destination_addr) == (NUMBER, "simpost")


@pytest.mark.parametrize("version", [0x00, 0x33])
async def test_an_esme_older_than_3_4_gets_short_ids_and_no_tlvs(
    start: Start, version: int
) -> None:
    """SMPP 5.0 2.8."""
    for id_format in ("decimal", "hex"):
        simulator = await start(id_format=id_format)
        async with binding(simulator, Esme(), version=version) as esme:
            answer = await esme.request(submit(registered_delivery=1), SubmitSmResp)
            receipt = await esme.delivered()
        assert 0 < len(answer.message_id) <= 8
        assert (answer.tlvs, receipt.tlvs) == ((), ())
        assert parse_receipt(receipt).message_id == answer.message_id


async def test_submits_read_together_are_answered_before_any_receipt(
    simulator: Simulator,
) -> None:
    nothing_came_before: list[bool] = []
    async with bound(simulator) as esme:
        for _ in range(9):
            esme.session.send_request(
                submit(registered_delivery=1),
                lambda _: nothing_came_before.append(esme.has_nothing),
            )
        for _ in range(9):
            await esme.delivered()
    assert nothing_came_before == [True] * 9


async def test_each_part_has_its_own_receipt(simulator: Simulator) -> None:
    async with bound(simulator) as esme:
        ids = await esme.send("many words " * 40, registered_delivery=1)
        receipts = [parse_receipt(await esme.delivered()) for _ in ids]
    assert len(ids) == 3
    assert [receipt.message_id for receipt in receipts] == ids


@pytest.mark.parametrize(
    ("ending", "state", "network_error"),
    [
        ("999003", MessageState.EXPIRED, (3, 27)),
        ("999005", MessageState.UNDELIVERABLE, (3, 1)),
        ("999008", MessageState.REJECTED, (3, 13)),
    ],
)
async def test_a_special_number_fails_and_its_handset_shows_nothing(
    simulator: Simulator,
    http: HttpClient,
    ending: str,
    state: MessageState,
    network_error: tuple[int, int],
) -> None:
    async with bound(simulator) as esme:
        await esme.send("Hello", f"66812{ending}", registered_delivery=1)
        read = parse_receipt(await esme.delivered())
    assert (read.state, read.network_error) == (state, network_error)
    assert (await http.request(f"/handsets/66812{ending}"))[0] == 404


async def test_only_requested_receipts_are_sent(simulator: Simulator) -> None:
    async with bound(simulator) as esme:
        await esme.send("no", registered_delivery=0)
        await esme.send("failure only", registered_delivery=2)
        await esme.send("success only", "66812999005", registered_delivery=3)
        [wanted] = await esme.send("wanted", registered_delivery=0x11)
        assert parse_receipt(await esme.delivered()).message_id == wanted
        assert esme.has_nothing


async def test_a_transmitter_gets_its_receipts_on_the_receiver(simulator: Simulator) -> None:
    async with (
        bound(simulator, BindTransmitter) as transmitter,
        bound(simulator, BindReceiver) as receiver,
    ):
        [message_id] = await transmitter.send("Hello", registered_delivery=1)
        assert parse_receipt(await receiver.delivered()).message_id == message_id
        assert transmitter.has_nothing


async def test_a_receiver_may_not_submit(simulator: Simulator) -> None:
    async with bound(simulator, BindReceiver) as receiver:
        with pytest.raises(NotAllowed):
            receiver.session.request(submit(short_message=b"x"))


async def test_receipts_wait_for_the_next_bind(simulator: Simulator, http: HttpClient) -> None:
    async with bound(simulator, BindTransmitter) as transmitter:
        ids = [(await transmitter.send("x", registered_delivery=1))[0] for _ in range(25)]
    assert (await http.get("/stats"))["receipts"]["pending"] == 25
    async with bound(simulator, BindReceiver) as receiver:
        received = [parse_receipt(await receiver.delivered()).message_id for _ in range(25)]
    assert received == ids


@pytest.mark.parametrize("status", [Status.ESME_RX_T_APPN, Status.ESME_RMSGQFUL])
async def test_a_receipt_refused_for_now_comes_again(simulator: Simulator, status: int) -> None:
    async with bound(simulator) as esme:
        esme.statuses = [status, status]
        [message_id] = await esme.send("Hello", registered_delivery=1)
        received = [parse_receipt(await esme.delivered()).message_id for _ in range(3)]
    assert received == [message_id] * 3
    assert simulator.stats().receipts.repeated == 2


async def test_a_delayed_answer_comes_while_others_are_asked(start: Start) -> None:
    simulator = await start(response_delay_s=0.02, receipt_delay_s=0.01)
    async with bound(simulator, window=20) as esme:
        futures = [
            esme.session.request(part)
            for count in range(20)
            for part in parts_of(f"text {count}", registered_delivery=1)
        ]
        assert simulator.stats().responses == 0
        for future in futures:
            answer = await future
            assert isinstance(answer, SubmitSmResp)
        ids = [answer.message_id for answer in (future.result() for future in futures)]  # type: ignore[attr-defined]
        received = [parse_receipt(await esme.delivered()).message_id for _ in ids]
    assert received == ids


async def test_a_submit_whose_link_was_lost_before_the_answer_reached_its_handset(
    start: Start,
) -> None:
    """The ESME is in doubt; the handset is not."""
    simulator = await start(response_delay_s=0.05)
    async with bound(simulator) as lost:
        answer = lost.session.request(submit(short_message=b"Hello"))
        await lost.session.request(EnquireLink())  # answered at once, so the submit was read
        lost.session.abort()
        with pytest.raises(SessionClosed):
            await answer
    async with bound(simulator) as after:
        await after.send("another", "66800000000")
    assert simulator.handsets.find(NUMBER) is not None
