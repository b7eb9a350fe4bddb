"""The SMPP carrier against a message centre on a real socket, scripted answer by answer."""

import pytest

from simpost.carriers.smpp import SmppCarrier
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.carrier import ConnectionState
from simpost.smpp import (
    BindReceiver,
    BindTransmitter,
    CloseReason,
    DeliverSm,
    MessageState,
    Status,
    SubmitSmResp,
    receipt_tlvs,
)
from tests.integration.carriers.centre import linked, part, send, settings


async def test_a_part_is_sent_as_configured_and_returns_the_carriers_id():
    async with linked() as (carrier, centre, _):
        outcome = await send(carrier, part("grüße €"))
        submit = await centre.submits.get()
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.carrier_message_id == f"id-{submit.sequence_number}"
    assert (submit.dest_addr_ton, submit.dest_addr_npi) == (1, 1)
    assert submit.destination_addr == "447700900001"
    assert (submit.source_addr_ton, submit.source_addr) == (5, "simpost")
    assert (submit.registered_delivery, submit.esm_class, submit.data_coding) == (1, 0, 0)
    assert submit.short_message == b"gr\x7e\x1ee \x1b\x65"
    assert submit.validity_period == "000000010000000R"


async def test_long_messages_carry_a_header_with_a_16_bit_reference():
    async with linked(reference_bits=16) as (carrier, centre, _):
        await send(carrier, part("y" * 9, number=2, total=3, reference=0x1234))
        submit = await centre.submits.get()
    assert submit.esm_class == 0x40
    assert submit.short_message == bytes.fromhex("06 08 04 12 34 03 02") + b"y" * 9


async def test_a_carrier_of_8_bit_references_gets_the_low_octet():
    async with linked(reference_bits=8) as (carrier, centre, _):
        await send(carrier, part("y", number=1, total=2, reference=0x1234))
        submit = await centre.submits.get()
    assert submit.short_message == bytes.fromhex("05 00 03 34 02 01") + b"y"


async def test_packed_septets_start_at_a_septet_edge_after_the_header():
    async with linked(gsm7="packed") as (carrier, centre, _):
        await send(carrier, part("hellohello"))
        submit = await centre.submits.get()
    assert submit.short_message == bytes.fromhex("E8329BFD4697D9EC37")


async def test_other_alphabets_leave_as_utf_16():
    async with linked() as (carrier, centre, _):
        await send(carrier, part("✓😀", encoding="ucs2"))
        submit = await centre.submits.get()
    assert submit.data_coding == 8
    assert submit.short_message == "✓😀".encode("utf-16-be")


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (Status.ESME_RTHROTTLED, OutcomeKind.THROTTLED, Reason.THROTTLED),
        (Status.ESME_RMSGQFUL, OutcomeKind.THROTTLED, Reason.THROTTLED),
        (Status.ESME_RSYSERR, OutcomeKind.UNREACHABLE, Reason.CARRIER_BUSY),
        (Status.ESME_RINVDSTADR, OutcomeKind.REFUSED, Reason.CARRIER_REFUSED),
        (0x411, OutcomeKind.REFUSED, Reason.CARRIER_REFUSED),
        (Status.ESME_RINVBNDSTS, OutcomeKind.UNREACHABLE, Reason.BIND_REFUSED),
    ],
)
async def test_an_error_status_decides_the_outcome(status, kind, reason):
    async with linked() as (carrier, centre, _):
        centre.script = [status]
        outcome = await send(carrier, part())
    assert (outcome.kind, outcome.reason) == (kind, reason)
    assert outcome.carrier_code == f"0x{status:08X}"


async def test_a_part_the_carrier_has_no_encoding_for_is_refused_with_the_reason():
    async with linked(default_alphabet="latin1") as (carrier, _, _):
        outcome = await send(carrier, part(encoding="gsm7"))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.REFUSED, Reason.CARRIER_REFUSED)
    assert outcome.carrier_message_id is None
    assert outcome.carrier_code.startswith("data_coding:")


async def test_a_part_without_a_response_is_in_doubt():
    async with linked(response_timeout_s=1) as (carrier, centre, _):
        centre.script = ["silence"]
        outcome = await send(carrier, part())
    assert (outcome.kind, outcome.reason) == (OutcomeKind.IN_DOUBT, Reason.NO_RESPONSE)


async def test_a_late_response_still_reports_the_part():
    async with linked(response_timeout_s=1) as (carrier, centre, lane):
        centre.script = ["silence"]
        sent = part()
        assert (await send(carrier, sent)).kind is OutcomeKind.IN_DOUBT
        submit = await centre.submits.get()
        centre.session.respond(submit, SubmitSmResp(message_id="late-1"))
        told, outcome = await lane.late.get()
    assert told is sent
    assert (outcome.kind, outcome.carrier_message_id) == (OutcomeKind.ACCEPTED, "late-1")


async def test_a_link_lost_before_the_response_leaves_a_part_in_doubt_and_reconnects():
    async with linked() as (carrier, centre, lane):
        centre.script = ["hang up"]
        outcome = await send(carrier, part())
        assert outcome.kind is OutcomeKind.IN_DOUBT
        await lane.until(lambda: carrier.state is ConnectionState.READY)
        assert (await send(carrier, part())).kind is OutcomeKind.ACCEPTED


async def test_without_a_link_nothing_is_sent_and_the_outcome_is_unreachable():
    carrier = SmppCarrier(settings(1))
    outcome = await send(carrier, part())
    assert (outcome.kind, outcome.reason) == (OutcomeKind.UNREACHABLE, Reason.CARRIER_UNREACHABLE)
    assert carrier.capacity == 0


async def test_the_window_is_never_exceeded():
    async with linked(window=3, response_timeout_s=1) as (carrier, centre, _):
        centre.script = ["silence"] * 3
        for _ in range(3):
            send(carrier, part())
        assert carrier.capacity == 0


async def test_the_rate_limit_closes_the_capacity_and_opens_it_again():
    async with linked(rate_per_s=10, window=10) as (carrier, _, lane):
        await send(carrier, part())
        assert carrier.capacity == 0
        await lane.until(lambda: carrier.capacity > 0)


def report(message_id="id-1"):
    return DeliverSm(
        source_addr="447700900001",
        esm_class=0x04,
        tlvs=receipt_tlvs(message_id, MessageState.DELIVERED),
    )


async def test_a_receipt_is_acknowledged_only_once_it_is_committed():
    async with linked() as (_, centre, lane):
        session = await centre.bound.get()
        answer = session.request(report())
        receipt, committed = await lane.receipts.get()
        assert (receipt.carrier_message_id, receipt.state) == ("id-1", State.DELIVERED)
        assert not answer.done()
        committed()
        assert (await answer).command_status == Status.ESME_ROK


async def test_transmitter_and_receiver_are_two_links_of_one_carrier():
    async with linked(bind="transmitter_receiver") as (carrier, centre, lane):
        by_kind = {}
        while len(by_kind) < 2:
            session = await centre.bound.get()
            by_kind[type(session.bind)] = session
        assert (await send(carrier, part())).kind is OutcomeKind.ACCEPTED
        answer = by_kind[BindReceiver].request(report())
        _, committed = await lane.receipts.get()
        committed()
        assert (await answer).command_status == Status.ESME_ROK
        assert BindTransmitter in by_kind


async def test_stopping_unbinds_and_returns_unanswered_parts():
    async with linked(response_timeout_s=1) as (carrier, centre, _):
        centre.script = ["silence"]
        outcome = send(carrier, part())
        await centre.submits.get()
        await carrier.close()
        assert await centre.ends.get() is CloseReason.UNBOUND_BY_PEER
        assert (await outcome).kind is OutcomeKind.IN_DOUBT
