"""The contract of the carrier port: every driver against a real socket, and the double."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from simpost.config.carriers import CARRIER_TYPES
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.prices import PartPrices
from simpost.domain.states import State
from simpost.ports.carrier import Carrier, ConnectionState
from tests.contract import carrier_peers as peers
from tests.contract import upstream_peers
from tests.contract.carrier_peers import Recorder, ScriptedPeer, SmppPeer, part

Peer = SmppPeer | upstream_peers.HttpPeer | ScriptedPeer
PEERS: tuple[type[Peer], ...] = (SmppPeer, *upstream_peers.PEERS, ScriptedPeer)
NOT_SENT = (OutcomeKind.UNREACHABLE,)


@pytest.fixture(params=PEERS, ids=lambda each: each.__name__)
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    found: Peer = request.param()
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


@contextlib.asynccontextmanager
async def started(peer: Peer, **changed: Any) -> AsyncIterator[tuple[Carrier, Recorder]]:
    carrier, recorder = peer.build(peer.settings(**changed)), Recorder()
    assert (carrier.capacity, carrier.is_open) == (0, False)
    assert bool(carrier.ownership) is peer.has_ownership
    await carrier.start(recorder)
    try:
        await recorder.until_ready(carrier)
        yield carrier, recorder
    finally:
        await carrier.close()


async def test_an_accepted_part_has_the_id_of_the_carrier(peer: Peer) -> None:
    async with started(peer) as (carrier, recorder):
        first = await recorder.outcome(carrier, part(peers.ACCEPT))
        second = await recorder.outcome(carrier, part(peers.ACCEPT))
    assert first.kind is second.kind is OutcomeKind.ACCEPTED
    if peer.has_ids:
        assert first.carrier_message_id
        assert second.carrier_message_id
        assert first.carrier_message_id != second.carrier_message_id
    else:
        assert first.carrier_message_id == second.carrier_message_id == ""


@pytest.mark.parametrize(
    ("destination", "kind"),
    [
        (peers.REFUSE, OutcomeKind.REFUSED),
        (peers.THROTTLE, OutcomeKind.THROTTLED),
        (peers.BUSY, OutcomeKind.UNREACHABLE),
    ],
)
async def test_a_negative_response_has_its_outcome_a_reason_and_the_carriers_code(
    peer: Peer, destination: str, kind: OutcomeKind
) -> None:
    async with started(peer) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part(destination))
    assert outcome.kind is kind
    assert outcome.reason
    assert outcome.carrier_code
    assert outcome.carrier_message_id is None


@pytest.mark.parametrize("destination", [peers.SILENT, peers.CUT])
async def test_without_a_response_a_part_is_in_doubt(peer: Peer, destination: str) -> None:
    async with started(peer) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part(destination))
        assert outcome.kind is OutcomeKind.IN_DOUBT
        await recorder.until(lambda: carrier.capacity > 0)
        assert (await recorder.outcome(carrier, part(peers.ACCEPT))).kind is OutcomeKind.ACCEPTED


async def test_without_a_listening_peer_nothing_was_sent(peer: Peer) -> None:
    carrier, recorder = peer.build(peer.settings(port=peers.unused_port())), Recorder()
    await carrier.start(recorder)
    outcome = await recorder.outcome(carrier, part(peers.ACCEPT))
    assert outcome.kind is OutcomeKind.UNREACHABLE
    await recorder.until(lambda: carrier.state is ConnectionState.LOST)
    (connection,) = carrier.connections()
    assert connection.problem
    if carrier.ownership:
        assert carrier.ownership.unreachable_for_s > 0
    await carrier.close()


async def test_capacity_is_the_number_of_unanswered_parts_allowed_and_is_freed(peer: Peer) -> None:
    async with started(peer, max_unanswered=3) as (carrier, recorder):
        sent = 0
        while carrier.capacity:
            assert carrier.send(part(peers.SLOW, number=sent), 0) is None
            sent += 1
        assert sent == 3
        beyond = carrier.send(part(peers.ACCEPT, number=sent), 0)
        assert beyond
        assert beyond.kind in NOT_SENT
        (connection,) = carrier.connections()
        assert (connection.unanswered, connection.max_unanswered) == (3, 3)
        await recorder.until(lambda: len(recorder.outcomes) == 3)
        await recorder.until(lambda: carrier.capacity == 3)
    assert {each.message_id[-1] for each, _ in recorder.outcomes} == {0, 1, 2}


async def test_a_rate_bounds_the_burst_and_capacity_is_reported_again(peer: Peer) -> None:
    async with started(peer, rate_per_s=20.0, max_unanswered=100) as (carrier, recorder):
        sent = 0
        while carrier.capacity:
            assert carrier.send(part(peers.ACCEPT, number=sent), 0) is None
            sent += 1
        assert 1 <= sent <= 4  # a tenth of a second's worth, and what came while it was sent
        await recorder.until(lambda: carrier.capacity > 0)
        assert carrier.connections()[0].allowed_per_s == 20.0


async def test_a_throttled_carrier_is_slower_or_waits(peer: Peer) -> None:
    async with started(peer) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part(peers.THROTTLE))
        assert outcome.kind is OutcomeKind.THROTTLED
        await recorder.until(lambda: carrier.state is ConnectionState.THROTTLED)


async def test_a_paused_carrier_sends_nothing_and_stays_connected(peer: Peer) -> None:
    async with started(peer) as (carrier, recorder):
        carrier.pause()
        assert (carrier.is_paused, carrier.is_open, carrier.capacity) == (True, False, 0)
        assert carrier.state is ConnectionState.READY
        outcome = carrier.send(part(peers.ACCEPT), 0)
        assert outcome
        assert outcome.kind in NOT_SENT
        recorder.changed.clear()
        carrier.resume()
        assert recorder.changed.is_set()
        assert (carrier.is_paused, carrier.is_open) == (False, True)
        assert (await recorder.outcome(carrier, part(peers.ACCEPT))).kind is OutcomeKind.ACCEPTED


async def test_a_drain_waits_for_responses_and_a_resume_connects_again(peer: Peer) -> None:
    async with started(peer) as (carrier, recorder):
        assert carrier.send(part(peers.SLOW), 0) is None
        await carrier.drain()
        ((_, outcome),) = recorder.outcomes
        assert outcome.kind is OutcomeKind.ACCEPTED
        assert (carrier.is_paused, carrier.capacity) == (True, 0)
        assert carrier.state is ConnectionState.CLOSING
        carrier.resume()
        await recorder.until_ready(carrier)
        assert (await recorder.outcome(carrier, part(peers.ACCEPT))).kind is OutcomeKind.ACCEPTED


async def test_new_settings_wait_for_responses_and_keep_a_pause(peer: Peer) -> None:
    async with started(peer) as (carrier, recorder):
        assert carrier.capabilities.sender == ""
        assert carrier.send(part(peers.SLOW), 0) is None
        carrier.pause()
        changed = peer.settings(
            source_address="Shop",
            max_unanswered=2,
            price_per_part="0.045",
            prices={"TH": "0.02"},
        )
        await carrier.reconfigure(changed)
        assert [outcome.kind for _, outcome in recorder.outcomes] == [OutcomeKind.ACCEPTED]
        assert carrier.capabilities.sender == changed.default_sender
        assert carrier.capabilities.prices == PartPrices(450, {"TH": 200})
        assert (carrier.is_paused, carrier.capacity) == (True, 0)
        await recorder.until_ready(carrier)
        carrier.resume()
        assert carrier.capacity == 2


async def test_closing_reports_what_is_unanswered_as_in_doubt(peer: Peer) -> None:
    async with started(peer) as (carrier, recorder):
        for number in range(3):
            assert carrier.send(part(peers.SILENT, number=number), 0) is None
        await carrier.close()
        assert [outcome.kind for _, outcome in recorder.outcomes] == [OutcomeKind.IN_DOUBT] * 3
        assert (carrier.capacity, carrier.is_open) == (0, False)
        late = carrier.send(part(peers.ACCEPT), 0)
        assert late
        assert late.kind in NOT_SENT


@pytest.mark.parametrize("peer", [each for each in PEERS if each.has_ownership], indirect=True)
async def test_a_node_uses_only_the_connections_it_owns(peer: Peer) -> None:
    async with started(peer) as (carrier, recorder):
        ownership = carrier.ownership
        assert ownership
        numbers = ownership.connection_numbers
        assert ownership.open_connections == set(numbers)
        assert carrier.send(part(peers.SILENT), 0) is None
        await ownership.set_owned_connections((), within_s=0.2)
        ((_, outcome),) = recorder.outcomes
        assert outcome.kind is OutcomeKind.IN_DOUBT
        assert (ownership.open_connections, carrier.connections()) == (frozenset(), [])
        assert (carrier.is_open, carrier.capacity) == (False, 0)
        await ownership.set_owned_connections(numbers, within_s=1)
        await recorder.until_ready(carrier)
        assert (await recorder.outcome(carrier, part(peers.ACCEPT))).kind is OutcomeKind.ACCEPTED


async def test_each_of_many_parts_has_one_outcome(peer: Peer) -> None:
    destinations = [peers.ACCEPT, peers.REFUSE, peers.SLOW, peers.BUSY] * 5
    async with started(peer, max_unanswered=4) as (carrier, recorder):
        for number, destination in enumerate(destinations):
            await recorder.until(lambda: carrier.capacity > 0)
            assert carrier.send(part(destination, number=number), 0) is None
        await recorder.until(lambda: len(recorder.outcomes) == len(destinations))
    reported = sorted(each.message_id[-1] for each, _ in recorder.outcomes)
    assert reported == list(range(len(destinations)))


async def test_a_receipt_names_the_id_of_its_part_where_it_has_one(peer: Peer) -> None:
    async with started(peer) as (carrier, recorder):
        assert carrier.capabilities.receipts is peer.has_receipts
        accepted = await recorder.outcome(carrier, part(peers.ACCEPT))
        without_id = await recorder.outcome(carrier, part(peers.RECEIPT_WITHOUT_ID))
        never = await recorder.outcome(carrier, part(peers.NO_RECEIPT))
        kinds = {each.kind for each in (accepted, without_id, never)}
        assert kinds == {OutcomeKind.ACCEPTED}
        expected = {accepted.carrier_message_id} if peer.has_receipts else set()
        expected |= {""} if peer.has_receipts_without_ids else set()
        await recorder.until(lambda: len(recorder.receipts) == len(expected))
    assert {receipt.carrier_message_id for receipt in recorder.receipts} == expected
    assert {receipt.state for receipt in recorder.receipts} <= {State.DELIVERED, State.SENT}


def test_every_type_of_carrier_has_a_peer() -> None:
    tested = {peer.given["type"] for peer in upstream_peers.PEERS} | {"smpp"}
    assert tested == set(CARRIER_TYPES)
