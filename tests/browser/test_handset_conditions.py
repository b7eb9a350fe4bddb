"""Full and delayed handsets, scripts of other directions, and a thousand handsets, in Chromium."""

from __future__ import annotations

from tests.browser.conftest import Page, SimulatorThread
from tests.browser.survey import Survey
from tests.browser.test_handsets_tools import press

MANY = [f"4477009{count:05d}" for count in range(1_000)]
MOST_ROWS_A_TASK = 40
OBSERVE = """
window.added = [];
const count = (records) => records.reduce((sum, each) => sum + each.addedNodes.length, 0);
new MutationObserver((records) => window.added.push(count(records)))
  .observe(document.querySelector("main"), {childList: true});
"""
"""Counts the rows that each task of the page adds: the browser can react between two tasks."""


def pressed(name: str) -> str:
    buttons = "[...document.querySelectorAll('dialog .actions button')]"
    return f"{buttons}.find((each) => each.textContent === '{name}').ariaPressed"


def open_handset(page: Page) -> None:
    page.card(".number button").click()
    page.until("document.querySelector('dialog .actions')")


def test_a_handset_becomes_full_delayed_and_on_again(centre: SimulatorThread, page: Page) -> None:
    centre.text("Hello")
    page.open()
    page.until_shown("Hello")
    open_handset(page)
    press(page, "Full")
    page.until(f"{pressed('Full')} === 'true'")
    page.until("document.querySelector('main .state').textContent === 'full'")
    assert page.faults() == []
    centre.text("No room", registered_delivery=1)
    assert b"stat:UNDELIV err:032" in centre.run(centre.esme.delivered()).short_message
    page.find("dialog .actions input").clear()
    page.find("dialog .actions input").send_keys("3600")
    press(page, "Delayed")
    page.until(f"{pressed('Delayed')} === 'true' && {pressed('Full')} === 'false'")
    page.until("document.querySelector('main .state').textContent === 'delayed 3,600 s'")
    centre.text("Late", registered_delivery=1)
    page.until("document.querySelector('main .count').textContent === '1 pending'")
    assert page.faults() == []
    press(page, "Delayed")
    page.until_shown("Late")
    assert b"stat:DELIVRD" in centre.run(centre.esme.delivered()).short_message
    page.until("document.querySelector('main .state').hidden")


def test_a_delay_out_of_range_is_explained(centre: SimulatorThread, page: Page) -> None:
    centre.text("Hello")
    page.open()
    page.until_shown("Hello")
    open_handset(page)
    page.find("dialog .actions input").clear()
    press(page, "Delayed")
    page.until("document.querySelector('dialog .problem').textContent.includes('seconds')")
    assert page.faults() == []


def test_rules_are_added_by_buttons_and_written_to_the_file(
    centre: SimulatorThread, page: Page
) -> None:
    page.open()
    page.find("#faults").click()
    page.until("document.querySelector('.rules')")
    for number in range(page.run("return document.querySelectorAll('[role=group] button').length")):
        page.driver.find_elements("css selector", "[role=group] button")[number].click()
    assert page.faults() == []
    press(page, "Apply and write the file")
    page.until("document.querySelector('.rules .problem').textContent.includes('--faults')")
    assert len(centre.simulator.faults.rules) == 7


SCRIPTS = {
    "مرحبًا! رمزك هو 482910. لا تشاركه مع أحد، ولا حتى مع فريق simpost (24/7).": "rtl",
    "שלום, הקוד שלך הוא 482910. אין למסור אותו לאיש, גם לא לצוות simpost.": "rtl",
    "สวัสดีครับ รหัสของคุณคือ 482910 กรุณาอย่าเปิดเผยรหัสนี้ให้ผู้อื่นทราบไม่ว่ากรณีใด": "ltr",
    "👩‍👩‍👧‍👦 🇹🇭 👍🏽 482910 " + "👩🏾‍🚀🏳️‍🌈❤️‍🔥" * 12: "ltr",
    "Hello, your code is 482910.": "ltr",
}
"""Texts, and the direction in which each is read."""
PLACE = """
const bubble = [...document.querySelectorAll("main .bubble")]
  .find((each) => each.textContent === arguments[0]);
const box = bubble.getBoundingClientRect(), range = document.createRange();
range.setStart(bubble.firstChild, 0);
range.setEnd(bubble.firstChild, 1);
const first = range.getBoundingClientRect();
return {
  first: first.left - box.left, width: box.width,
  fits: bubble.scrollWidth <= bubble.clientWidth,
};
"""


def test_a_text_begins_where_its_script_begins(centre: SimulatorThread, page: Page) -> None:
    numbers = {text: f"6680000000{place}" for place, text in enumerate(SCRIPTS)}
    for text, number in numbers.items():
        centre.text(text, number)
    page.open()
    for text, direction in SCRIPTS.items():
        page.until_shown(text, numbers[text])
        found = page.run(PLACE, text)
        assert found["fits"], text
        is_right = found["first"] > found["width"] / 2
        assert is_right == (direction == "rtl"), (text, found)
    survey = Survey(page.driver, "handsets")
    survey.note("scripts")
    survey.finish()


def test_a_thousand_handsets_keep_the_page_responsive(centre: SimulatorThread, page: Page) -> None:
    centre.texts("Hello there", MANY)
    page.open()
    page.until("document.querySelectorAll('main .phone').length >= 60")
    page.run(OBSERVE)
    page.find("#list").click()
    page.until("document.querySelectorAll('main.list .phone').length === 1000")
    added = page.run("return window.added")
    assert sum(added) >= len(MANY) - 60
    assert max(added) <= MOST_ROWS_A_TASK
    centre.texts("And another", MANY[::10])
    page.until_shown("And another", MANY[990])
    page.run("scrollTo(0, document.body.scrollHeight)")
    page.find("#number").send_keys("0007")
    page.until(
        "document.querySelectorAll('main .phone:not([hidden])').length === arguments[0]",
        sum("0007" in number for number in MANY),
    )
