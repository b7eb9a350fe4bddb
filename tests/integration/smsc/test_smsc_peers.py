"""ESMEs written by others: smpplib and smpp34 bind, send, and read their receipts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import smpp34
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm

from simpost.smsc import Simulator
from tests.integration.smsc.esme import NUMBER, PASSWORD, HttpClient

LONG = "Ελλάδα 🏖 — many words in three parts. " * 4


@contextmanager
def smpplib_client(simulator: Simulator) -> Iterator[Any]:
    logging.getLogger("smpp").setLevel(logging.ERROR)
    client = smpplib.client.Client("127.0.0.1", simulator.port, allow_unknown_opt_params=True)
    client.connect()
    try:
        yield client
    finally:
        if client.state != smpplib.consts.SMPP_CLIENT_STATE_OPEN:
            client.unbind()
        client.disconnect()


def send_with_smpplib(simulator: Simulator, text: str) -> tuple[list[str], list[Any]]:
    """Ids answered, receipts delivered."""
    ids: list[str] = []
    receipts: list[Any] = []
    parts, coding, message_type = smpplib.gsm.make_parts(text)
    with smpplib_client(simulator) as client:
        client.bind_transceiver(system_id="simpost", password=PASSWORD)
        client.set_message_sent_handler(lambda pdu: ids.append(pdu.message_id.decode()))
        client.set_message_received_handler(lambda pdu: receipts.append(pdu))  # noqa: PLW0108  by keyword
        for part in parts:
            client.send_message(
                source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
                source_addr="simpost",
                dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
                dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
                destination_addr=NUMBER,
                short_message=part,
                data_coding=coding,
                esm_class=message_type,
                registered_delivery=True,
            )
        while len(receipts) < len(parts) or len(ids) < len(parts):
            client.read_once()
    return ids, receipts


@pytest.mark.parametrize("text", ["Hello, [smpplib] costs 5 €", LONG])
async def test_smpplib_sends_and_gets_its_receipts(
    simulator: Simulator, http: HttpClient, text: str
) -> None:
    ids, receipts = await asyncio.to_thread(send_with_smpplib, simulator, text)
    [shown] = (await http.get(f"/handsets/{NUMBER}"))["messages"]
    assert shown["text"] == text
    assert shown["messageIds"] == ids
    assert [receipt.receipted_message_id.decode() for receipt in receipts] == ids
    assert all(b"stat:DELIVRD" in receipt.short_message for receipt in receipts)


async def test_smpplib_is_told_that_its_password_is_wrong(simulator: Simulator) -> None:
    def bind() -> None:
        with smpplib_client(simulator) as client:
            client.bind_transceiver(system_id="simpost", password="wrong")

    with pytest.raises(smpplib.exceptions.PDUError) as refused:
        await asyncio.to_thread(bind)
    assert refused.value.args[1] == smpplib.consts.SMPP_ESME_RINVPASWD


def smpp34_client(simulator: Simulator, bind_type: str, **options: Any) -> smpp34.Client:
    given = {"password": PASSWORD} | options
    return smpp34.Client("127.0.0.1", simulator.port, "simpost", bind_type=bind_type, **given)


async def test_smpp34_sends_and_gets_its_receipt(simulator: Simulator, http: HttpClient) -> None:
    client = smpp34_client(simulator, "TRX")
    smsc = await client.connect()
    answer = await smsc.submit_sm(
        NUMBER,
        "Γειά 🏖".encode("utf-16-be"),
        source_addr="4455",
        data_coding=8,
        registered_delivery=1,
    )
    receipt = await smsc.next()
    await smsc.unbind()
    await client.stop()
    assert isinstance(receipt, smpp34.DeliverSmEvent)
    assert receipt.esm_class == 0x04
    assert f"id:{answer.message_id} ".encode() in receipt.short_message
    [shown] = (await http.get(f"/handsets/{NUMBER}"))["messages"]
    assert shown["text"] == "Γειά 🏖"


async def test_smpp34_transmitter_and_receiver_share_the_work(simulator: Simulator) -> None:
    clients = [smpp34_client(simulator, kind) for kind in ("TX", "RX")]
    transmitter, receiver = [await client.connect() for client in clients]
    answer = await transmitter.submit_sm(
        NUMBER, b"Hello", source_addr="4455", registered_delivery=1
    )
    receipt = await receiver.next()
    assert isinstance(receipt, smpp34.DeliverSmEvent)
    assert f"id:{answer.message_id} ".encode() in receipt.short_message
    for session, client in zip((transmitter, receiver), clients, strict=True):
        await session.unbind()
        await client.stop()


async def test_smpp34_is_told_that_its_password_is_wrong(simulator: Simulator) -> None:
    client = smpp34_client(simulator, "TRX", password="wrong", connect_timeout_ms=300)
    with pytest.raises(smpp34.SmppError):
        await client.connect()
    await client.stop()
    assert simulator.stats().binds_refused >= 1
