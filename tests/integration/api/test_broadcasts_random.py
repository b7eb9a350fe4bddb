"""Random sequences of pauses, crashes, other leaders, opt-outs, stops and steps of the clock.

Whatever happens: nobody gets a broadcast twice, the counts add up at every moment, and in the end
nobody was skipped.
"""

import copy
import random
from collections import Counter
from decimal import Decimal

import pytest

from simpost.domain.policy.stops import StopScope
from simpost.errors import StoreError
from simpost.features.broadcasts.pace import Paces
from tests.integration.api import test_broadcasts
from tests.integration.api.test_broadcasts import MORE, begin, price, recipients, shown, step, tick

clock, settings = test_broadcasts.clock, test_broadcasts.settings
template, many = test_broadcasts.template, test_broadcasts.many

HOUR_MS = 3_600_000
STEPS = 25
SEEDS = [0, 8, 15, 28, 32]
"""In all but the first a message is in doubt over a day."""


PRICES = {"66810": 333, "66811": 12_000}
"""Of ten eSIMs each; the price of the last ten is not known."""


def price_of(esim):
    """What a part to it costs, as people would say it."""
    return (Decimal("0.0333"), Decimal("1.2"), Decimal(1))[int(esim[6:9]) // 10]


class World:
    """A broadcast to thirty eSIMs, and what may happen to it."""

    def __init__(self, service, clock, seed):
        self.service, self.clock = service, clock
        self.choice = random.Random(seed)
        self.leader = service.services.broadcasts

    async def begin(self):
        price(self.service, own=PRICES)
        self.french = self.choice.sample(MORE, 8)
        for esim in self.french:
            choice = {"language": "fr"}
            await self.service.native("PATCH", f"esims/{esim}/preferences", json=choice)
        self.broadcast = await begin(
            self.service,
            audience={"esims": MORE},
            perSecond=self.choice.choice([3, 20, 1000]),
            notAfter="2026-01-14T00:00:00Z",
            stopRefusedPercent=None,
            stopParts=self.choice.choice([None, 9]),
            stopCost=self.choice.choice([None, "4.2"]),
            values={"day": "x" * 151},  # 160 characters in English, and 161 in French
            localTime=self.choice.choice([None, "10:00"]),
        )

    async def wait(self):
        await tick(self.service, self.clock, self.choice.choice([0.25, 1, 3]))

    async def pause(self):
        await step(self.service, self.broadcast, "pause")

    async def resume(self):
        await step(self.service, self.broadcast, "resume")

    async def crash(self):
        """Messages are committed, and the node dies before they are noted."""
        store = self.service.store.broadcasts
        kept = type(store).end_recipients

        async def fail(*_args, **_options):
            raise StoreError

        type(store).end_recipients = fail
        try:
            await tick(self.service, self.clock, 0.25)
        except StoreError:
            pass
        finally:
            type(store).end_recipients = kept
        self.leader._sender.paces = Paces()

    async def lead_twice(self):
        other = copy.copy(self.leader)
        self.clock.now_ms += 250
        await other.send_some()
        await self.leader.send_some()

    async def pass_a_day(self):
        self.clock.now_ms += 25 * HOUR_MS

    async def go_back(self):
        self.clock.now_ms -= 60_000

    async def opt_out(self):
        path = f"esims/{self.choice.choice(MORE)}/preferences"
        body = {"categories": {"notice": self.choice.random() < 0.5}}
        await self.service.native("PATCH", path, json=body)

    async def stop(self):
        await self.service.services.stops.add(StopScope(account_id=1), "outage", codes=False)

    async def start(self):
        if await self.service.services.stops.list_stored():
            await self.service.services.stops.remove(StopScope(account_id=1))

    async def messages(self):
        """The ids of the messages of each eSIM."""
        path = "messages?template=works&limit=200"
        found = (await self.service.native("GET", path)).json()["messages"]
        return {each["id"]: each["esimTranNo"] for each in found}

    async def check_cost(self):
        """Parts and cost are the sums of the messages that are noted, whatever happened before."""
        found = await shown(self.service, self.broadcast)
        each = await recipients(self.service, self.broadcast)
        made = {esim: 1 + (esim in self.french) for esim, row in each.items() if row["messageId"]}
        assert found["parts"] == sum(made.values())
        assert Decimal(found["cost"]) == sum(parts * price_of(esim) for esim, parts in made.items())
        assert Decimal(found["cost"]) == sum(Decimal(row["cost"]) for row in each.values())
        assert found["unpriced"] == sum(int(esim[6:9]) >= 20 for esim in made)

    async def check(self):
        found = await shown(self.service, self.broadcast)
        assert min(found["counts"].values()) >= 0
        assert found["counts"]["accepted"] <= len(await self.messages())
        await self.check_cost()

    async def end(self):
        await self.start()
        for _ in range(20):
            found = await shown(self.service, self.broadcast)
            if found["status"] in ("finished", "expired"):
                break
            await self.resume()
            await tick(self.service, self.clock, 15)
            self.clock.now_ms += 4 * HOUR_MS
        else:
            raise AssertionError(found)
        each = await recipients(self.service, self.broadcast)
        messages = await self.messages()
        assert max(Counter(messages.values()).values(), default=0) <= 1
        noted = {row["messageId"]: esim for esim, row in each.items() if row["messageId"]}
        assert noted == messages
        states = {row["state"] for row in each.values()}
        assert states <= {"accepted", "refused", "cancelled"}
        if found["status"] == "finished":
            assert "cancelled" not in states
        assert len(each) == len(MORE)
        await self.check_cost()


@pytest.mark.parametrize("seed", SEEDS)
async def test_nobody_gets_it_twice_and_nobody_is_skipped(service, many, clock, seed):
    world = World(service, clock, seed)
    await world.begin()
    happens = [world.wait] * 4 + [world.crash] * 2
    happens += [world.pause, world.resume, world.resume, world.lead_twice, world.go_back]
    happens += [world.pass_a_day, world.opt_out, world.stop, world.start]
    for _ in range(STEPS):
        await world.choice.choice(happens)()
        await world.check()
    await world.end()
