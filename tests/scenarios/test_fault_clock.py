"""The wall clock jumps by an hour, either way, while messages wait, are on their way and arrive."""

import asyncio

import pytest

from tests.scenarios.faults.counts import Handsets, count
from tests.scenarios.faults.databases import Database
from tests.scenarios.faults.load import Load
from tests.scenarios.faults.service import LONG, Site, until

HOUR_S = 3_600
TIMES = 5 if LONG else 1
JUMPS = [("embedded", HOUR_S), ("embedded", -HOUR_S), ("postgresql", -HOUR_S)]
if LONG:
    JUMPS.append(("postgresql", HOUR_S))
SLOW_S = 7
SLOW = {"do": {"fault": "slow", "seconds": SLOW_S}}
"""An answer that comes after the keeper's next round, at which leases are looked at."""
LATE = {"do": {"fault": "delay_receipt", "seconds": 2}}


class Clock:
    """What the wall clock of the nodes is wrong by."""

    def __init__(self, folder):
        self.file = folder / "clock"
        self.wrong_s = 0
        self.jump(0)

    def jump(self, seconds):
        self.wrong_s += seconds
        new = self.file.with_name("clock.new")
        new.write_text(str(self.wrong_s))
        new.replace(self.file)


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


@pytest.fixture
async def site(store, tmp_path, clock):
    database = Database() if store == "postgresql" else None
    site = Site(tmp_path, database and database.url())
    try:
        for name in ["one", "two"] if database else ["one"]:
            await asyncio.to_thread(site.start, name, clock=clock.file)
        for node in site.nodes:
            await until(node.is_ready, "the node is ready")
        yield site
    finally:
        site.close()
        if database:
            database.close()


async def send_short(site, turn):
    """A text through each node that is worth sending for half of the time the clock jumps by."""
    sent = {}
    for at, node in enumerate(site.nodes):
        name = f"<9{turn:04}{at}>"
        status, body = await asyncio.to_thread(
            node.send, site.esims[at], name, validitySeconds=HOUR_S // 2
        )
        assert status == 202, body
        sent[name] = body["id"]
    return sent


@pytest.mark.parametrize(("store", "jump_s"), JUMPS)
async def test_a_clock_jump_repeats_delays_and_ends_nothing(site, clock, store, jump_s):
    """Receipts come after the jump; then answers do, to what was out, leased and waiting."""
    load, handsets = Load(site), Handsets(site)
    async with load.running():
        for turn in range(TIMES):
            by_s = -jump_s if turn % 2 else jump_s
            site.centre.set_faults(LATE)
            await load.accept(50)
            clock.jump(by_s)
            await load.accept(50)
            site.centre.set_faults(SLOW)
            await load.accept(200)
            load.accepted |= await send_short(site, turn)
            clock.jump(by_s)
            await asyncio.sleep(SLOW_S)  # the subject: answers that come this late in real time
            await asyncio.to_thread(handsets.look)
        site.centre.set_faults()
    found = await count(load, handsets, site, fault=f"clock {jump_s:+} s, {store}", times=TIMES)
    found.check()
    # A node that beats late on a busy machine gives up a bind, and does not wait for slow answers.
    assert found.repeated == 0 or store == "postgresql", "nothing was in doubt"
