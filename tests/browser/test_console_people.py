"""Writing and conversations in real Chromium: by mouse, by keyboard, on a phone, and axe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.browser import test_console
from tests.browser.survey import Survey
from tests.browser.test_console import ConsoleThread, Window
from tests.integration.api.conftest import GOOD
from tests.integration.console.travellers import text_from

window = test_console.window

FORM = f"/console/compose/demo/{GOOD}"
TALKER = "26010100000006"
CURLY = "Don\u2019t worry "
TEMPLATE = {
    "name": "refund",
    "variables": {"amount": {"type": "text", "longest": "100.00 EUR"}},
    "texts": {"en": "We return {amount}.", "de": "Wir erstatten {amount}."},
}


@pytest.fixture(scope="module")
def console(chromium: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleThread]:
    thread = ConsoleThread(tmp_path_factory.mktemp("console"))
    api(thread, "templates", TEMPLATE)
    yield thread
    chromium.get("about:blank")
    thread.stop()


def api(console: ConsoleThread, path: str, body: dict[str, Any] | None = None) -> Any:
    """The response of the API to the account."""
    response = httpx2.request(
        "POST" if body else "GET",
        f"{console.url}/v1/{path}",
        json=body,
        auth=("demo", "demo-secret"),
        timeout=90,
    )
    assert response.is_success, response.text
    return response.json()


def sent(console: ConsoleThread) -> list[str]:
    """The texts to GOOD and TALKER, the newest first."""
    return [each["text"] for each in api(console, "messages")["messages"]]


def say(console: ConsoleThread, text: str) -> None:
    """A text of the traveller with the eSIM TALKER."""
    console.run(text_from(console.services, text, TALKER))


def until_tried(window: Window, words: str) -> None:
    window.until(f"document.querySelector('#dry-run').textContent.includes({words!r})")


def until_said(window: Window, way: str, text: str) -> None:
    """Wait until a bubble shows a text `to` the eSIM or `from` it."""
    window.until(
        f"[...document.querySelectorAll('.bubble.{way} .said')]"
        f".some((each) => each.textContent === {text!r})"
    )


def test_a_text_is_written_by_keyboard(window: Window, console: ConsoleThread) -> None:
    window.sign_in()
    window.press("/", GOOD)
    window.tab_to("[formaction='/console/compose']")
    window.press(Keys.ENTER)
    window.until_title("Write to")
    window.tab_to("#text")
    window.press(CURLY * 6)
    until_tried(window, "2 parts of UCS-2")
    window.tab_to("button[value='U+2019']")
    window.press(Keys.ENTER)
    until_tried(window, "1 part of GSM 7 bit")
    assert window.find("#text").get_property("value") == CURLY.replace("\u2019", "'") * 6
    window.until("document.activeElement.id === 'text'")
    window.tab_to("#compose .fields button.main")
    window.press(Keys.ENTER)
    window.until_title("Message")
    assert sent(console)[0] == CURLY.replace("\u2019", "'") * 6


def test_a_template_is_sent_by_mouse(window: Window, console: ConsoleThread) -> None:
    window.sign_in()
    window.open(FORM)
    Select(window.find("#template")).select_by_value("refund")
    window.until("document.querySelector('[name=\\'value.amount\\']')")
    window.find("[name='value.amount']").send_keys("5 EUR")
    window.find("[name=language][value=de]").click()
    until_tried(window, "Wir erstatten 5 EUR.")
    window.find("#compose .fields button.main").click()
    window.until_title("Message")
    assert sent(console)[0] == "Wir erstatten 5 EUR."


def test_a_reply_is_not_lost_when_a_text_comes(window: Window, console: ConsoleThread) -> None:
    say(console, "No data since noon")
    window.sign_in()
    window.find("a[href='/console/conversations']").click()
    window.until_title("Conversations")
    window.find("#list a[href*='/demo/']").click()
    window.until_title("Conversation with")
    assert "No data since noon" not in window.driver.page_source
    window.find(".reveal button").click()
    until_said(window, "from", "No data since noon")
    window.find("#text").send_keys("Please res")
    say(console, "Still none")
    until_said(window, "from", "Still none")
    window.until("document.activeElement.id === 'text'")
    window.find("#text").send_keys("tart")
    until_tried(window, "It would be sent now.")
    window.find("#compose button.main").click()
    until_said(window, "to", "Please restart")
    assert sent(console)[0] == "Please restart"


def test_the_end_of_a_session_leaves_what_is_typed(window: Window, console: ConsoleThread) -> None:
    window.sign_in()
    window.open(FORM)
    window.find("#text").send_keys("Hel")
    until_tried(window, "It would be sent now.")
    console.run(end_sessions(console))
    window.find("#text").send_keys("lo")
    window.until(
        "performance.getEntriesByType('resource').some((each) => each.responseStatus === 401)"
    )
    assert window.find("#text").get_property("value") == "Hello"
    until_tried(window, "It would be sent now.")


async def end_sessions(console: ConsoleThread) -> None:
    users = console.services.console_users
    user = await users.find_user("ann")
    assert user
    for each in await users.list_sessions(user):
        await users.end_session(user, each.digest, "-")


def test_a_reply_is_sent_by_keyboard(window: Window, console: ConsoleThread) -> None:
    say(console, "Is there anybody?")
    window.sign_in()
    window.press("g", "c")
    window.until_title("Conversations")
    window.press("j", Keys.ENTER)
    window.until_title("Conversation with")
    window.tab_to(".reveal button")
    window.press(Keys.ENTER)
    window.until("location.search.includes('shown') && document.readyState === 'complete'")
    window.tab_to("#text")
    window.press("Yes, here we are")
    until_tried(window, "It would be sent now.")
    window.tab_to("#compose button.main")
    window.press(Keys.ENTER)
    until_said(window, "to", "Yes, here we are")
    assert sent(console)[0] == "Yes, here we are"


def test_axe_finds_nothing_and_pages_fit(window: Window, console: ConsoleThread) -> None:
    for text in ("START", "STOP", "Hello?"):
        say(console, text)
    window.sign_in()
    survey = Survey(window.driver, "people")
    window.open("/console/compose")
    survey.note("write")
    window.open(FORM)
    window.find("#text").send_keys(CURLY * 8)
    until_tried(window, "parts of UCS-2")
    window.open_details()
    survey.note("compose")
    window.open(f"{FORM}?template=refund")
    survey.note("template")
    window.open("/console/conversations?account=demo")
    survey.note("conversations")
    window.find("#list a[href*='/demo/']").click()
    window.until_title("Conversation with")
    survey.note("conversation-hidden")
    window.find(".reveal button").click()
    window.until("location.search.includes('shown') && document.readyState === 'complete'")
    window.until("document.querySelector('.thread').textContent.includes('This text stopped')")
    survey.note("conversation")
    survey.finish()
