"""The transport between a session and its socket, with faults."""

from __future__ import annotations

import asyncio
from typing import Any

from simpost.smpp import SubmitSmResp, encode
from simpost.smsc import faulty_session
from simpost.smsc.faulty_session import FaultyTransport
from simpost.smsc.wire_faults import drop_octets, repeat_octets
from tests.turns import until

SUBMIT_SM_RESP = SubmitSmResp.command_id


class Transport(asyncio.Transport):
    """Keeps what is written and what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[Any] = []
        self.asked: list[str] = []

    def write(self, data: Any) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return "abort" in self.asked

    def pause_reading(self) -> None:
        self.asked.append("pause_reading")

    def resume_reading(self) -> None:
        self.asked.append("resume_reading")

    def close(self) -> None:
        self.asked.append("close")

    def abort(self) -> None:
        self.asked.append("abort")


def answer(sequence: int) -> bytes:
    return encode(SubmitSmResp(0, sequence, message_id="x"))


def test_untouched_octets_pass_as_they_are() -> None:
    transport = Transport()
    octets = answer(1) + answer(2)
    FaultyTransport(transport).write(octets)
    assert transport.written[0] is octets


def test_only_the_chosen_pdu_is_changed_and_once() -> None:
    transport = Transport()
    wire = FaultyTransport(transport)
    wire.alter_next(SUBMIT_SM_RESP, 2, repeat_octets(2))
    wire.alter_next(SUBMIT_SM_RESP, 3, drop_octets)
    for _ in range(2):
        wire.write(answer(1) + answer(2) + answer(3) + answer(4))
    assert transport.written == [
        answer(1) + answer(2) * 2 + answer(4),
        answer(1) + answer(2) + answer(3) + answer(4),
    ]


def test_changes_for_pdus_never_sent_expire(monkeypatch: Any) -> None:
    monkeypatch.setattr(faulty_session, "MAX_OCTET_FAULTS", 10)
    transport = Transport()
    wire = FaultyTransport(transport)
    for sequence in range(1, 1_001):
        wire.alter_next(SUBMIT_SM_RESP, sequence, drop_octets)
    wire.write(b"".join(map(answer, range(1, 1_001))))
    assert transport.written == [b"".join(map(answer, range(1, 991)))]


async def test_a_half_open_link_is_not_read_written_or_closed_until_released(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(faulty_session, "_LEAVE_S", 0)
    transport = Transport()
    wire = FaultyTransport(transport)
    wire.freeze()
    wire.write(answer(1))
    wire.resume_reading()
    wire.close()
    wire.abort()
    assert (transport.written, transport.asked, wire.ignores_input) == ([], ["pause_reading"], True)
    wire.unfreeze()
    await until(lambda: "abort" in transport.asked, "the connection is ended")


async def test_after_a_cut_within_a_pdu_nothing_follows(monkeypatch: Any) -> None:
    monkeypatch.setattr(faulty_session, "_LEAVE_S", 0)
    transport = Transport()
    wire = FaultyTransport(transport)
    wire.reset_within(SUBMIT_SM_RESP, 2, 7)
    assert wire.ignores_input
    wire.write(answer(1) + answer(2) + answer(3))
    wire.write(answer(4))
    assert transport.written == [answer(1) + answer(2)[:7]]
    await until(lambda: "abort" in transport.asked, "the connection is ended")
