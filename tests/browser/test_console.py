"""The console in real Chromium: the main task by mouse and by keyboard, and what axe finds."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from cryptography.fernet import Fernet
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait
from starlette.types import ASGIApp

from simpost.api import Services, build
from simpost.catalogue.normalization import parse_esim, parse_plan
from simpost.console import build_console
from simpost.domain.accounts import Account
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id
from simpost.http import HttpServer
from simpost.store import SqliteStore
from tests.browser.conftest import PATIENCE_S, WIDTH
from tests.browser.survey import Survey, look, run_axe
from tests.browser.test_hostile_texts import SCRIPTS
from tests.contract.store_facts import in_doubt, leased, settlement
from tests.integration.api.conftest import ESIMS, GOOD, NOW_MS, PLANS, wire

PASSWORD = "correct horse battery"
OTHER = "26010100000006"
HOSTILE = [text for text in SCRIPTS if "\r" not in text]
TEXT = "Your seat is <17A>"
MOST_TABS = 60


class ConsoleThread:
    """The console behind our server, in a thread of its own.

    `listener` is closed with it; `settings` are those of `wire`.
    """

    def __init__(
        self, folder: Path, listener: socket.socket | None = None, **settings: Any
    ) -> None:
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.url = self.run(self._start(folder))

    def stop(self) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, coroutine: Any) -> Any:
        """The result of a coroutine in the event loop of the console."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)

    async def _start(self, folder: Path) -> str:
        key = Fernet.generate_key().decode()
        self._store = store = await SqliteStore.open(folder / "simpost.db", seal_key=key)
        await store.accounts.add_account(Account(0, "demo", "demo-secret"))
        await store.catalogue.save_plans([parse_plan(row) for row in PLANS])
        await store.catalogue.save_esims(1, [parse_esim(row, NOW_MS) for row in ESIMS])
        self.services = services = await wire(store, **self._settings)
        for name in ("ann", "bob"):
            await services.console_users.add(name, ConsoleRole.ADMIN, None, PASSWORD)
        await self.fill(services)
        self._server = HttpServer(self.app(services), grace_s=1)
        await self._server.start([self._listener])
        return url_of(self._listener)

    def app(self, services: Services) -> ASGIApp:
        """What is served."""
        return build(services, build_console(services))

    async def fill(self, services: Services) -> None:
        """The messages that the pages show."""
        store = self._store
        one = leased(TEXT, account_id=1, esim_tran_no=GOOD)
        await store.queue.accept(one)
        await store.queue.record([in_doubt(one)])
        for text in HOSTILE:
            await store.queue.accept(leased(text, account_id=1, esim_tran_no=OTHER))

    async def _stop(self) -> None:
        await self._server.stop()
        await self._store.close()


def url_of(listener: socket.socket) -> str:
    """Where a browser reaches the console."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(scope="module")
def console(chromium: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleThread]:
    thread = ConsoleThread(tmp_path_factory.mktemp("console"))
    yield thread
    chromium.get("about:blank")
    thread.stop()


class Window:
    """The browser on the console, signed out."""

    def __init__(self, driver: Chrome, url: str) -> None:
        self.driver, self.url = driver, url

    def look(self, *, dark: bool = False, width: int = WIDTH) -> None:
        look(self.driver, scheme="dark" if dark else "light", width=width)

    def open(self, path: str) -> None:
        self.driver.get(self.url + path)

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        WebDriverWait(self.driver, PATIENCE_S, 0.05).until(
            lambda driver: driver.execute_script(f"return {condition}"), condition
        )

    def until_title(self, words: str) -> None:
        self.until(f"document.readyState === 'complete' && document.title.startsWith('{words}')")

    def until_focus(self, name: str) -> None:
        """Wait for the field that the page focuses after its first paint."""
        self.until(f"document.activeElement.id === '{name}'")

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, selector: str) -> None:
        """Press Tab until an element that the selector names has the focus."""
        for _ in range(MOST_TABS):
            self.press(Keys.TAB)
            if self.driver.execute_script(f"return document.activeElement.matches({selector!r})"):
                return
        raise AssertionError(f"Tab does not reach {selector}")

    def sign_in(self, name: str = "ann", title: str = "Look up") -> None:
        self.open("/console")
        self.until_title("Sign in")
        self.until_focus("name")
        self.press(name, Keys.TAB, PASSWORD, Keys.ENTER)
        self.until_title(title)

    def shown(self) -> str:
        return str(self.find("main").text)

    def faults(self) -> list[str]:
        return run_axe(self.driver)

    def open_details(self) -> None:
        """Show what the page has folded up."""
        self.until("document.readyState === 'complete' && document.querySelector('h1')")
        self.driver.execute_script(
            "document.querySelectorAll('main details').forEach((each) => each.open = true)"
        )


@pytest.fixture
def window(chromium: Chrome, console: ConsoleThread) -> Iterator[Window]:
    window = Window(chromium, console.url)
    window.look()
    yield window
    complaints = [
        entry["message"]
        for entry in chromium.get_log("browser")
        if "the server responded with a status of 4" not in entry["message"]
    ]
    chromium.delete_all_cookies()
    assert complaints == []


def test_support_answers_by_keyboard_why_a_text_did_not_come(window: Window) -> None:
    window.sign_in()
    window.press("/", f"8988 {GOOD}", Keys.ENTER)
    window.until_title("eSIM")
    assert "SMS can be sent to it." in window.shown()
    link = window.find("td a")
    window.driver.execute_script("arguments[0].focus()", link)
    window.press(Keys.ENTER)
    window.until_title("Message in doubt")
    assert "it may have been sent or not" in window.shown()
    assert TEXT not in window.driver.page_source
    window.press("/")
    window.until("document.activeElement.id === 'look-up'")
    window.tab_to("form[action$=reveal] button")
    window.press(Keys.ENTER)
    window.until(f"document.querySelector('.text').textContent === {TEXT!r}")


def test_support_answers_by_mouse_why_a_text_did_not_come(window: Window) -> None:
    window.sign_in()
    window.find("#look-up").send_keys("ORD1")
    window.find(".look-up button").click()
    window.until_title("eSIM")
    window.find("td a").click()
    window.until_title("Message in doubt")
    window.find("form[action$=reveal] button").click()
    window.until(f"document.querySelector('.text').textContent === {TEXT!r}")
    window.find(".out button").click()
    window.until_title("Sign in")
    window.open("/console/audit")
    window.until_title("Sign in")


def test_a_message_whose_text_is_shown_refreshes_itself_and_keeps_it(
    window: Window, console: ConsoleThread
) -> None:
    one = leased(TEXT, account_id=1, esim_tran_no="23072017992999")  # lists show no other one
    console.run(console.services.store.queue.accept(one))
    window.sign_in()
    window.open(f"/console/messages/{format_id(one.id)}")
    window.find("form[action$=reveal] button").click()
    text = f"document.querySelector('.text').textContent === {TEXT!r}"
    window.until(text)
    state = "document.querySelector('.sentence strong').textContent"
    window.until(f"{state} === 'accepted.'")
    console.run(console.services.store.queue.record([settlement(one, carrier_message_id="c-9")]))
    window.until(f"{state} === 'sent.'")
    window.until(text)
    window.until("document.querySelector('form[action$=reveal]') === null")


def test_hostile_texts_are_shown_as_text(window: Window) -> None:
    window.sign_in()
    window.open(f"/console/esims/demo/{OTHER}")
    window.find("form[action$=reveal] button").click()
    window.until("location.pathname.endsWith('/reveal') && document.readyState === 'complete'")
    script = "return [...document.querySelectorAll('.said')].map((each) => each.textContent)"
    assert sorted(window.driver.execute_script(script)) == sorted(HOSTILE)
    window.until("window.ran === undefined")


def test_the_carriers_refresh_themselves_and_keep_the_focus(window: Window) -> None:
    window.sign_in()
    window.open("/console/carriers")
    window.until_title("Carriers")
    window.driver.execute_script("document.querySelector('.verbs button').focus()")
    for verb, shown in (("pause", "paused"), ("resume", "not available")):
        window.driver.execute_script(
            f"fetch('/v1/admin/carriers/down/{verb}', "
            "{method: 'POST', headers: {Authorization: 'Bearer admin-token'}})"
        )
        window.until(f"document.querySelector('#carriers strong').textContent.includes('{shown}')")
        window.until("document.activeElement === document.querySelector('.verbs button')")


def test_a_page_without_a_stream_asks_again_and_what_is_open_stays_open(window: Window) -> None:
    window.sign_in()
    window.find("#look-up").send_keys("ORD1")
    window.find(".look-up button").click()
    window.until_title("eSIM")
    window.find("td a").click()
    window.until_title("Message in doubt")
    window.find("#decision-1 summary").click()
    refresh = (
        "const part = document.querySelector('[data-live]');"
        "part.querySelector('.sentence').textContent = 'old';"
    )
    # The stream is refused: the page asks by itself. Shown and hidden again, it does not wait.
    window.driver.execute_script(
        f"{refresh} part.dataset.live = '/console/none/live';"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    window.until("document.querySelector('.sentence').textContent.includes('in doubt')")
    window.until("document.querySelector('#decision-1').open")


def test_an_authenticator_is_switched_on_and_asked_for(window: Window) -> None:
    window.look(dark=True, width=390)
    window.sign_in("bob")
    window.open("/console/second-factor")
    window.find("form[action$=begin] button").click()
    window.until_title("New authenticator")
    assert window.faults() == []
    window.until("document.querySelector('.qr svg').getBoundingClientRect().width > 150")
    window.until("document.documentElement.scrollWidth <= 390")
    app = pyotp.TOTP(window.find("#key").text.replace(" ", ""))
    window.until_focus("code")
    window.press("000000", Keys.ENTER)
    window.until("document.querySelector('#problem') && document.readyState === 'complete'")
    assert window.faults() == []
    window.until_focus("code")
    window.press(app.at(NOW_MS // 1000), Keys.ENTER)
    window.until_title("Recovery codes")
    assert window.faults() == []
    window.look()
    window.find(".out button").click()
    window.until_title("Sign in")
    window.sign_in("bob", "Code")
    assert window.faults() == []
    window.until_focus("code")
    window.press(app.at(NOW_MS // 1000 + 30), Keys.ENTER)
    window.until_title("Look up")
    window.open("/console/second-factor")
    window.until_title("Second factor")
    assert window.faults() == []
    assert "10 recovery codes left" in window.shown()


PAGES = {
    "look-up": "/console",
    "esim": f"/console/esims/demo/{GOOD}",
    "esim-hostile": f"/console/esims/demo/{OTHER}",
    "found": "/console?q=nothing",
    "needs-a-person": "/console/needs-a-person",
    "carriers": "/console/carriers",
    "sessions": "/console/sessions",
    "second-factor": "/console/second-factor",
    "audit": "/console/audit",
    "not-found": "/console/none",
}


def test_axe_finds_nothing_and_no_page_is_wider_than_a_phone(window: Window) -> None:
    survey = Survey(window.driver, "console")
    window.open("/console/sign-in")
    survey.note("sign-in")
    window.sign_in()
    for name, path in PAGES.items():
        window.open(path)
        window.open_details()
        survey.note(name)
    window.open(PAGES["esim"])
    window.find("td a").click()
    window.until_title("Message")
    window.open_details()
    survey.note("message")
    survey.finish()
