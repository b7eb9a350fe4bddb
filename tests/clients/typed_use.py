"""What type checkers see of the Python client: checked by mypy, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from simpost_client import (
    AsyncSimpostClient,
    CompatibleClient,
    Event,
    Package,
    Resync,
    SentSms,
    SimpostClient,
)
from simpost_client.models import AcceptedMessage, CheckedVerification, Message


def synchronous(client: SimpostClient, compatible: CompatibleClient) -> None:
    assert_type(client.messages.send(esim_tran_no="1", text="Hello"), AcceptedMessage)
    assert_type(client.messages.search(state="sent"), Iterator[Message])
    assert_type(client.verifications.check("1", "482910"), CheckedVerification)
    assert_type(compatible.get_package("TH_1_7"), Package)
    assert_type(compatible.send_sms("1", "Hello"), SentSms)
    for each in client.events.follow():
        assert_type(each, Event | Resync)
    client.messages.send(txt="Hello")  # type: ignore[call-arg]
    client.messages.send(esim_tran_no=1)  # type: ignore[arg-type]


async def asynchronous(client: AsyncSimpostClient) -> None:
    assert_type(await client.messages.send(esim_tran_no="1", text="Hello"), AcceptedMessage)
    assert_type(client.messages.search(state="sent"), AsyncIterator[Message])
    async for each in client.events.follow():
        assert_type(each, Event | Resync)
