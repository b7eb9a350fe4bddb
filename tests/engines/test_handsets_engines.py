"""The handsets' page in Firefox and WebKit: a text arrives, a reply, faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import Page
from tests.browser.test_handset_conditions import PLACE, SCRIPTS
from tests.browser.test_handsets_tools import press
from tests.engines.conftest import View
from tests.engines.served import WatchedSimulator

OTHER = "4915112345678"


class Wall(Page):
    """The page in one view."""

    def __init__(self, view: View, url: str) -> None:
        super().__init__(view.driver, url)  # type: ignore[arg-type]  # any driver
        self.view = view

    def show(self) -> None:
        """Open it, and wait for its stream."""
        self.driver.get(self.url)
        self.until("document.querySelector('#live').textContent === 'live'")

    def fits(self) -> bool:
        """Whether nothing is wider than the window."""
        return bool(self.run("return document.documentElement.scrollWidth <= innerWidth"))


@pytest.fixture
def centre(view: View, monkeypatch: pytest.MonkeyPatch) -> Iterator[WatchedSimulator]:
    centre = WatchedSimulator()
    monkeypatch.setattr("simpost.smsc.simulator.serve_http", centre.serve)
    try:
        centre.start()
        yield centre
    finally:
        centre.stop()


@pytest.fixture
def wall(view: View, centre: WatchedSimulator) -> Iterator[Wall]:
    wall = Wall(view, centre.url)
    yield wall
    complaints = view.complaints(centre.watched)
    view.driver.get("about:blank")  # or it reconnects
    assert complaints == []


def test_a_text_arrives_and_is_answered(centre: WatchedSimulator, wall: Wall) -> None:
    wall.show()
    centre.text("Hello")  # comes by the stream
    wall.until_shown("Hello")
    wall.card("input").send_keys("I like it", Keys.ENTER)
    wall.until_shown("I like it")
    assert centre.run(centre.esme.delivered()).short_message == b"I like it"
    wall.until("document.querySelector('main .reply input').value === ''")
    assert wall.faults() == []
    wall.card(".number button").click()
    wall.until("document.querySelectorAll('dialog .bubble').length === 2")
    press(wall, "Reply STOP")
    assert centre.run(centre.esme.delivered()).short_message == b"STOP"
    assert wall.faults() == []
    assert wall.fits()
    wall.find("dialog [aria-label=Close]").click()
    wall.until("!document.querySelector('dialog .phone')")


def test_a_handset_is_switched_off_and_is_full(centre: WatchedSimulator, wall: Wall) -> None:
    centre.text("Hello")
    wall.show()
    wall.until_shown("Hello")
    wall.card(".power").click()
    wall.until("document.querySelector('main .power[aria-checked=false]')")
    assert wall.faults() == []
    wall.card(".power").click()
    wall.until("document.querySelector('main .power[aria-checked=true]')")
    wall.card(".number button").click()
    wall.until("document.querySelector('dialog .actions')")
    press(wall, "Full")
    wall.until("document.querySelector('main .state').textContent === 'full'")
    assert wall.faults() == []


def test_faults_are_edited(centre: WatchedSimulator, wall: Wall) -> None:
    wall.show()
    wall.find("#faults").click()
    wall.until("document.querySelector('.rules')")
    rules = wall.find(".rules textarea")
    rules.clear()
    rules.send_keys('{"rules": [{"do": {"fault": "slow"}}]}')
    press(wall, "Apply")
    wall.until("document.querySelector('.rules .problem').textContent.includes('rule 1')")
    assert wall.faults() == []
    assert wall.fits()
    rules.clear()
    rules.send_keys('{"rules": [{"do": {"fault": "refuse", "status": "ESME_RTHROTTLED"}}]}')
    press(wall, "Apply")
    wall.until("!document.querySelector('#panel').open")
    assert len(centre.simulator.faults.rules) == 1


def test_texts_are_found_and_have_links(centre: WatchedSimulator, wall: Wall) -> None:
    centre.text("Your code is 482910 <b>")
    centre.text("Welcome", OTHER)
    wall.show()
    wall.until_shown("Welcome", OTHER)
    wall.find("#number").send_keys("CODE is", Keys.ENTER)
    wall.until("document.querySelectorAll('.found li').length === 1")
    assert wall.faults() == []
    wall.find(".found a").click()
    wall.until("document.querySelector('#dialog .linked')")
    wall.driver.refresh()
    wall.until("document.querySelector('#dialog .linked')")


def test_a_text_begins_where_its_script_begins(centre: WatchedSimulator, wall: Wall) -> None:
    numbers = {text: f"6680000000{place}" for place, text in enumerate(SCRIPTS)}
    for text, number in numbers.items():
        centre.text(text, number)
    wall.show()
    for text, direction in SCRIPTS.items():
        wall.until_shown(text, numbers[text])
        found = wall.run(PLACE, text)
        assert found["fits"], text
        assert (found["first"] > found["width"] / 2) == (direction == "rtl"), (text, found)
    assert wall.fits()
