"""How fast parts go when message centres push back (jasmin#425, #925, vumi#384, ksmppd#6)."""

import asyncio
import itertools
from collections import Counter

import pytest

from simpost.domain.outcomes import OutcomeKind
from simpost.ports.carrier import ConnectionState
from simpost.smpp import SMPP_5_0, SessionSettings, Status, SubmitSmResp, Tag, int_tlv
from tests.integration.carriers.centre import Centre, linked, part, send


class Feeder:
    """Keeps a carrier full and offers what was throttled again, as a lane does."""

    def __init__(self, carrier, lane, count):
        self.carrier = carrier
        self.left = count
        self.accepted = self.throttled = 0
        self.done = asyncio.Event()
        self._count = count
        lane.on_capacity = self.pump

    def pump(self):
        while self.left and self.carrier.capacity:
            self.left -= 1
            send(self.carrier, part()).add_done_callback(self._answered)

    def _answered(self, answer):
        if answer.result().kind is OutcomeKind.ACCEPTED:
            self.accepted += 1
        else:
            self.throttled += 1
            self.left += 1
        if self.accepted == self._count:
            self.done.set()
        self.pump()

    async def run(self):
        self.pump()
        await self.done.wait()


def every(count, status):
    """A centre that answers every nth submit with this status."""
    numbers = itertools.count(1)

    def answer(_session, _submit):
        return status if next(numbers) % count == 0 else Status.ESME_ROK

    return answer


@pytest.mark.parametrize("status", [Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL])
async def test_one_submit_in_200_throttled_does_not_lower_the_rate(status):
    """jasmin#648: one throttled answer stalled the whole connector. `make bench` measures it."""
    async with linked(centre=Centre(every(200, status))) as (carrier, _, lane):
        feeder = Feeder(carrier, lane, 3000)
        await feeder.run()
        assert feeder.throttled in (15, 16)
        assert carrier.connections()[0].allowed_per_s == 0


async def test_a_throttled_bind_does_not_slow_the_others():
    slow = []

    def answer(session, _submit):
        if not slow:
            slow.append(session)
        return Status.ESME_RTHROTTLED if session in slow else Status.ESME_ROK

    async with linked(binds=2, centre=Centre(answer)) as (carrier, _, lane):
        feeder = Feeder(carrier, lane, 5000)
        await feeder.run()
        links = Counter(bind.state for bind in carrier.connections())
        assert links == {ConnectionState.READY: 1, ConnectionState.THROTTLED: 1}
        assert carrier.state is ConnectionState.READY
        (slowed,) = (
            bind for bind in carrier.connections() if bind.state is ConnectionState.THROTTLED
        )
        (other,) = (bind for bind in carrier.connections() if bind.state is ConnectionState.READY)
        assert slowed.problem == "The SMSC asked us to send more slowly."
        assert 1 <= slowed.allowed_per_s < 5000
        assert other.allowed_per_s == 0
        assert feeder.throttled < feeder.accepted / 2


async def test_a_throttled_bind_is_shown_as_such_until_throttling_stops():
    async with linked() as (carrier, centre, lane):
        centre.script = [Status.ESME_RTHROTTLED]
        assert (await send(carrier, part())).kind is OutcomeKind.THROTTLED
        assert carrier.state is ConnectionState.THROTTLED
        assert carrier.is_open
        await lane.until_bound(carrier)
        assert carrier.problem == ""


async def test_congestion_state_in_responses_lowers_the_rate():
    """SMPP 5.0 4.8.4.18: nothing was throttled yet."""

    def answer(_session, submit):
        congested = int_tlv(Tag.CONGESTION_STATE, 95, 1)
        return SubmitSmResp(message_id=str(submit.sequence_number), tlvs=(congested,))

    options = SessionSettings(interface_version=SMPP_5_0)
    async with linked(
        centre=Centre(answer), interface_version="5.0", options=options, rate_per_s=1000
    ) as (carrier, _, lane):
        await Feeder(carrier, lane, 600).run()
        assert carrier.state is ConnectionState.THROTTLED
        assert 1 <= carrier.connections()[0].allowed_per_s < 1000


async def test_each_bind_has_its_own_rate():
    async with linked(binds=2, rate_per_s=0.01) as (carrier, _, _):
        assert carrier.capacity == 20
        first = send(carrier, part())
        assert carrier.capacity == 10
        second = send(carrier, part())
        assert carrier.capacity == 0
        assert (await first).kind is (await second).kind is OutcomeKind.ACCEPTED
        assert [bind.allowed_per_s for bind in carrier.connections()] == [0.01, 0.01]


async def test_the_learned_rate_survives_a_reconnect():
    async with linked(centre=Centre(every(2, Status.ESME_RTHROTTLED))) as (carrier, centre, lane):
        while not carrier.connections()[0].allowed_per_s:
            await asyncio.gather(*(send(carrier, part()) for _ in range(10)))
        (await centre.bound.get()).abort()
        await lane.until(lambda: carrier.state is ConnectionState.LOST)
        await lane.until(lambda: carrier.state is ConnectionState.THROTTLED)
        assert carrier.connections()[0].allowed_per_s > 0
