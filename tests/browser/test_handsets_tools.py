"""Links, search, unread texts, raw data, faults and undelivered texts of the handsets page."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from simpost.smpp import SubmitSmResp
from tests.browser.conftest import Page, SimulatorThread
from tests.integration.smsc.esme import NUMBER, submit

OTHER = "4915112345678"
MANY = [f"4477009{count:05d}" for count in range(70)]
SMALLEST = 390
FACTS = "[...document.querySelectorAll('dialog .sent .badge')].map((each) => each.textContent)"


def press(page: Page, name: str) -> None:
    """Press a button of the open dialog by its text."""
    buttons = page.driver.find_elements("css selector", "dialog[open] button")
    next(each for each in buttons if each.text == name).click()


def test_a_handset_and_a_text_have_links(centre: SimulatorThread, page: Page) -> None:
    for text in ("one", "two", "three"):
        centre.text(text)
    page.open()
    page.until_shown("three")
    page.card(".number button").click()
    page.until("location.hash === arguments[0]", f"#handset/{NUMBER}")
    page.driver.find_elements("css selector", "dialog .facts a")[1].click()
    page.until("document.querySelector('dialog .linked .bubble')?.textContent === 'two'")
    assert page.run("return location.hash") == "#text/2"
    page.driver.refresh()
    page.until("document.querySelector('dialog .linked .bubble')?.textContent === 'two'")
    page.find("dialog [aria-label=Close]").click()
    page.until("location.hash === ''")


def test_texts_are_found_by_their_words_on_any_handset(centre: SimulatorThread, page: Page) -> None:
    centre.text("Your code is 482910 <b>")
    centre.texts("Welcome", MANY)
    page.open()
    page.until("document.querySelectorAll('main .phone').length === 60")
    page.find("#number").send_keys("CODE is", Keys.ENTER)
    page.until("document.querySelectorAll('.found li').length === 1")
    assert page.find(".found div").text == "Your code is 482910 <b>"
    assert page.faults() == []
    page.find(".found a").click()
    page.until("document.querySelector('#dialog .linked')")
    assert not page.run("return document.querySelector('#panel').open")


def test_unread_texts_are_counted_in_the_title(centre: SimulatorThread, page: Page) -> None:
    page.open()
    hide = "Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});"
    changed = "document.dispatchEvent(new Event('visibilitychange'));"
    page.run(hide + changed, True)
    centre.text("one")
    centre.text("two")
    page.until("document.title.startsWith('(2) ')")
    page.run(hide + changed, False)
    assert page.run("return document.title") == "Handsets · simpost"


def test_stop_is_one_press_and_a_name_is_marked(centre: SimulatorThread, page: Page) -> None:
    centre.text("Offers", source_addr="4455", source_addr_ton=3)
    centre.text("Offers", OTHER)
    page.open()
    page.until_shown("Offers")
    page.until_shown("Offers", OTHER)  # no card is drawn again now
    for number, is_name in ((NUMBER, False), (OTHER, True)):
        page.card(".number button", number).click()
        page.until("document.querySelector(`dialog [data-number='${arguments[0]}']`)", number)
        assert page.find("dialog .note").is_displayed() == is_name
        press(page, "Reply STOP")
        page.until(f"{FACTS}.includes('accepted')")
        assert centre.run(centre.esme.delivered()).short_message == b"STOP"
        marks = page.run(f"return {FACTS}")
        assert ("no real phone can reply to a name" in marks) == is_name
        assert page.faults() == []
        page.find("dialog [aria-label=Close]").click()


def test_raw_shows_the_user_data_of_each_part(centre: SimulatorThread, page: Page) -> None:
    centre.text("many words " * 20)
    page.open()
    page.until("document.querySelector('main .bubble')")
    page.card(".number button").click()
    page.until("document.querySelector('dialog .actions')")
    press(page, "Raw")
    page.until("document.querySelector('dialog .raw')")
    raw = page.find("dialog .raw").text
    assert raw.startswith("part 1: data_coding 0, esm_class 64\n05 00 03 4d 02 01 6d 61")
    assert "part 2: data_coding 0, esm_class 64\n05 00 03 4d 02 02 " in raw
    assert page.faults() == []
    press(page, "Raw")
    page.until("!document.querySelector('dialog .raw')")


def test_a_handset_is_deleted_after_a_question(centre: SimulatorThread, page: Page) -> None:
    centre.text("Hello")
    centre.text("Hello", OTHER)
    page.open()
    page.until_shown("Hello", OTHER)
    page.card(".number button").click()
    page.until("document.querySelector('dialog .actions')")
    press(page, "Delete")
    page.driver.switch_to.alert.accept()
    page.until("document.querySelectorAll('.phone').length === 1")
    assert page.card("", OTHER).is_displayed()
    assert centre.simulator.handsets.find(NUMBER) is None


def test_refused_and_undeliverable_texts_are_listed(centre: SimulatorThread, page: Page) -> None:
    centre.text("unknown <i>", "66800999005")
    centre.run(centre.esme.request(submit("wrong", short_message=b"refused"), SubmitSmResp))
    page.open()
    page.find("#undelivered").click()
    page.until("document.querySelectorAll('.found li').length === 2")
    assert [each.text for each in page.driver.find_elements("css selector", ".found li")] == [
        "wrong from simpostESME_RINVDSTADR\nrefused",
        "66800999005 from simpostUNDELIVERABLE\nunknown <i>",
    ]
    assert page.faults() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_faults_are_edited_at_390_pixels(centre: SimulatorThread, page: Page, scheme: str) -> None:
    page.open(dark=scheme == "dark", width=SMALLEST)
    page.find("#faults").click()
    page.until("document.querySelector('.rules')")
    rules = page.find(".rules textarea")
    rules.clear()
    rules.send_keys('{"rules": [{"do": {"fault": "slow"}}]}')
    press(page, "Apply")
    page.until("document.querySelector('.rules .problem').textContent.includes('rule 1')")
    assert page.faults() == []
    assert page.run("return document.documentElement.scrollWidth") <= SMALLEST
    rules.clear()
    rules.send_keys('{"rules": [{"do": {"fault": "refuse", "status": "ESME_RTHROTTLED"}}]}')
    press(page, "Apply")
    page.until("!document.querySelector('#panel').open")
    assert len(centre.simulator.faults.rules) == 1
    page.find("#faults").click()
    page.until("document.querySelector('.rules')?.elements.rules.value.includes('THROTTLED')")
    press(page, "Remove all")
    page.until("!document.querySelector('#panel').open")
    assert len(centre.simulator.faults.rules) == 0
