"""The carrier against the faults of the simulator: nothing is lost or sent twice."""

import asyncio
from collections import Counter

from pydantic import SecretStr

from simpost.carriers.smpp import SmppCarrier
from simpost.domain.outcomes import OutcomeKind
from simpost.ports.carrier import ConnectionState
from simpost.smsc import Faults, Rule, Simulator, SimulatorOptions, When
from simpost.smsc.faults import Drop, Refuse
from tests.integration.carriers.centre import part, send, settings, started


class Offering:
    """Offers numbered parts until each has been accepted or is in doubt, as a lane does."""

    def __init__(self, carrier, lane, count):
        self.carrier = carrier
        self.waiting = [part(f"text {number}") for number in range(count)]
        self.outcomes = Counter()
        self.ended = {}
        self.done = asyncio.Event()
        self._count = count
        lane.on_capacity = self.pump

    def pump(self):
        while self.waiting and self.carrier.capacity:
            offered = self.waiting.pop()
            answer = send(self.carrier, offered)
            answer.add_done_callback(lambda done, offered=offered: self._answered(offered, done))

    def _answered(self, offered, answer):
        kind = answer.result().kind
        self.outcomes[kind] += 1
        if kind in (OutcomeKind.ACCEPTED, OutcomeKind.IN_DOUBT):
            assert offered.text not in self.ended
            self.ended[offered.text] = kind
        else:
            self.waiting.append(offered)
        if len(self.ended) == self._count:
            self.done.set()
        self.pump()


def shown(simulator):
    """How often the simulator accepted each text."""
    return Counter(
        received.request.short_message.decode()
        for received in simulator.submits
        if received.message_id
    )


async def simulated(rule, count, **changed):
    options = SimulatorOptions(password="secret", seed=1, faults=Faults((rule,)), keep_submits=9999)
    simulator = Simulator(options)
    await simulator.start()
    carrier = SmppCarrier(
        settings(simulator.port, system_id="simpost", password=SecretStr("secret"), **changed)
    )
    try:
        async with started(carrier) as lane:
            await lane.until_bound(carrier)
            offering = Offering(carrier, lane, count)
            offering.pump()
            await offering.done.wait()
            return offering, simulator, carrier.connections()
    finally:
        await simulator.stop()


async def test_with_the_link_cut_again_and_again_nothing_is_lost_or_sent_twice():
    """Kannel sends 928 of 5,000 twice with its window at 1000, and loses one."""
    cut = Rule(do=Drop(), when=When(every=500))
    offering, simulator, _ = await simulated(cut, 2200, window=50)
    assert set(shown(simulator).values()) == {1}
    in_doubt = {text for text, kind in offering.ended.items() if kind is OutcomeKind.IN_DOUBT}
    taken = set(shown(simulator))
    assert taken | in_doubt == {f"text {number}" for number in range(2200)}
    assert 1 <= len(in_doubt) <= 4 * 50


async def test_the_rate_that_a_centre_enforces_is_found_without_configuration():
    limit = Rule(do=Refuse(status="ESME_RTHROTTLED"), when=When(above_per_s=300))
    offering, simulator, (bind,) = await simulated(limit, 900)
    assert set(shown(simulator).values()) == {1}
    assert bind.state is ConnectionState.THROTTLED
    assert 100 <= bind.allowed_per_s <= 600
    assert offering.outcomes[OutcomeKind.THROTTLED] <= 2 * offering.outcomes[OutcomeKind.ACCEPTED]
