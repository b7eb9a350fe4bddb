"""Quiet hours of a running process end in real time, and the held text goes out.

The wall clock of the process is set to a few seconds before the minute in which they end. From then
on it goes as it does.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.scenarios.faults.service import Site, until

LEAD_S = 8
"""How long the night lasts once the clock is set; the process follows it in a second."""
THAILAND = timedelta(hours=7)


class Night(Site):
    """Promotions may arrive in Thailand in one hour of the day, which has just passed."""

    def __init__(self, folder):
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        self.opens = now + timedelta(days=1, hours=-2)
        self.clock = folder / "clock"
        self.clock.write_text("0")
        super().__init__(folder)

    def toml(self, port, name):
        start = self.opens + THAILAND
        hours = f"{start:%H:%M}-{start + timedelta(hours=1):%H:%M}"
        return (
            super().toml(port, name) + "[policy]\nspread_s = 0\n"
            f'[[open_hours]]\ncountries = ["TH"]\ncategories = ["promotion"]\nhours = ["{hours}"]\n'
        )

    def set_clock(self):
        """More than six hours ahead, so that the process follows at once."""
        ahead = self.opens - datetime.now(UTC) - timedelta(seconds=LEAD_S)
        new = self.clock.with_name("clock.new")
        new.write_text(str(int(ahead.total_seconds())))
        new.replace(self.clock)

    def texts(self):
        shown = self.centre.ask("handsets?limit=1000&messages=50")
        return [text["text"] for handset in shown for text in handset["messages"]]


@pytest.fixture
async def night(tmp_path):
    site = Night(tmp_path)
    try:
        node = await asyncio.to_thread(site.start, "one", clock=site.clock)
        await until(node.is_ready, "the node is ready")
        site.set_clock()
        await until(lambda: "wall_clock_jumped" in node.log.read_text(), "the clock is set")
        yield site
    finally:
        site.close()


async def test_a_text_held_in_quiet_hours_is_sent_when_they_end(night):
    (node,) = night.nodes

    def send(esim, text, category):
        status, answer = node.send(night.esims[esim], text, category=category)
        assert status == 202, answer
        return f"/v1/messages/{answer['id']}"

    offer = await asyncio.to_thread(send, 0, "an offer", "promotion")
    held = node.ask(offer)
    assert (held["state"], held["reason"]["code"]) == ("held", "quiet_hours")
    assert datetime.fromisoformat(held["heldUntil"]) == night.opens
    await asyncio.to_thread(send, 1, "your code", "code")
    await until(night.texts, "the code is there")
    assert night.texts() == ["your code"]

    await until(lambda: len(night.texts()) > 1, "the offer is there")
    assert sorted(night.texts()) == ["an offer", "your code"]
    (attempt,) = node.ask(offer)["attempts"]
    assert datetime.fromisoformat(attempt["startedAt"]) >= night.opens
