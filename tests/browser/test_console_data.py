"""Numbers, the message log and the pages of administrators in real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from simpost.api import Services
from simpost.domain.messages import format_id
from simpost.domain.states import State
from simpost.domain.webhooks import DeliveryAttempt, DeliveryState, EventDelivery
from tests.browser.survey import Survey
from tests.browser.test_console import ConsoleThread, Window
from tests.contract.store_facts import leased, new_id, receipt, settlement
from tests.integration.api.conftest import GOOD, NOW_MS

HOUR_MS = 3_600_000
PREFERENCES = f"/console/esims/demo/{GOOD}/preferences"


class DataThread(ConsoleThread):
    """The console with messages of a week, a webhook endpoint and its deliveries."""

    endpoint = ""

    async def fill(self, services: Services) -> None:
        """Messages of six days, and one delivery that was given up."""
        store = services.store
        for number in range(40):
            at_ms = NOW_MS - number * number * HOUR_MS // 10
            one = leased("Hello", account_id=1, esim_tran_no=GOOD)
            one = msgspec.structs.replace(one, id=new_id(at_ms), created_ms=at_ms)
            await store.queue.accept(one)
            await store.queue.record([settlement(one, carrier_message_id=f"c{number}")])
            state = State.FAILED if number % 9 == 8 else State.DELIVERED
            await store.queue.record((), [receipt(f"c{number}", state, at_ms=at_ms + 4_000)])
        await services.message_counts.count()
        account = services.accounts.get("demo")
        assert account
        endpoint, _ = await services.webhooks.add(account, "https://shop.example/hook")
        attempt = DeliveryAttempt(NOW_MS, 12, 500, "", "database is down")
        delivery = EventDelivery(
            account_id=1,
            endpoint_id=endpoint.id,
            sequence=7,
            type="message.delivered",
            subject="0190",
            at_ms=NOW_MS,
            data={},
            state=DeliveryState.EXHAUSTED,
            attempts=(attempt,),
            updated_ms=NOW_MS,
        )
        await store.webhooks.add_deliveries([delivery])
        self.endpoint = f"/console/webhooks/demo/{format_id(endpoint.id)}"


@pytest.fixture(scope="module")
def data(chromium: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataThread]:
    thread = DataThread(tmp_path_factory.mktemp("console"))
    yield thread
    chromium.get("about:blank")
    thread.stop()


@pytest.fixture
def window(chromium: Chrome, data: DataThread) -> Iterator[Window]:
    window = Window(chromium, data.url)
    window.look()
    window.sign_in()
    yield window
    window.driver.execute_script("localStorage.clear()")
    complaints = [
        entry["message"]
        for entry in chromium.get_log("browser")
        if "the server responded with a status of 4" not in entry["message"]
    ]
    chromium.delete_all_cookies()
    assert complaints == []


def confirm(window: Window, title: str) -> None:
    """Press the button of the page that asks."""
    window.until("document.querySelector('.confirm button.main') !== null")
    window.press(Keys.ENTER)  # it has the focus
    window.until_title(title)


def test_a_number_is_followed_to_a_message_by_keyboard(window: Window) -> None:
    window.until("document.querySelector('.chart').dataset.drawn === 'yes'")
    window.driver.execute_script("document.querySelector('tr.failed td:last-of-type a').focus()")
    window.press(Keys.ENTER)
    window.until_title("Messages")
    assert "state=failed" in window.driver.current_url
    window.press("j", "j", "k")
    window.until("document.activeElement === document.querySelector('tbody tr a')")
    window.press(Keys.ENTER)
    window.until_title("Message failed")
    window.press("g", "h")
    window.until_title("Look up")
    window.press("g", "m")
    window.until_title("Messages")
    window.press("/")
    window.until("document.activeElement.id === 'esimTranNo'")


def test_the_keys_are_shown_and_can_be_switched_off(window: Window) -> None:
    window.press("?")
    window.until("document.querySelector('dialog[open]') !== null")
    assert "g m" in window.find("dialog").text
    assert window.faults() == []
    window.find("dialog input").click()
    window.press(Keys.ESCAPE)
    window.until("document.querySelector('dialog[open]') === null")
    window.press("g", "m", "?", "/")
    window.driver.execute_async_script("requestAnimationFrame(() => arguments[0]())")
    window.until("document.title.startsWith('Look up') && document.activeElement.id !== 'look-up'")
    window.until("document.querySelector('dialog[open]') === null")


def test_messages_are_filtered_by_mouse(window: Window) -> None:
    window.open("/console/messages")
    window.until_title("Messages")
    window.find("#state").send_keys("failed")
    window.find(".filters button.main").click()
    window.until("location.search.includes('state=failed') && document.readyState === 'complete'")
    states = "[...document.querySelectorAll('tbody .state')].map((each) => each.textContent)"
    window.until(f"new Set({states}).size === 1 && {states}[0] === 'failed'")


def test_a_stop_is_set_and_lifted_by_keyboard(window: Window) -> None:
    window.press("g", "s")
    window.until_title("Stops")
    window.driver.execute_script("document.querySelector('#country').focus()")
    window.press("TH", Keys.TAB, "wrong price", Keys.ENTER)
    confirm(window, "Stops")
    window.until("document.querySelector('td strong').textContent === 'country TH'")
    window.find("td form button").click()
    confirm(window, "Stops")
    assert "Nothing is stopped." in window.shown()


def test_a_key_is_added_by_mouse_and_shown_once(window: Window) -> None:
    window.open("/console/accounts/demo")
    window.find("#name").send_keys("Shop front")
    window.find("#scope-1").click()
    window.find(".filters button.main").click()
    window.until_title("Add a key")
    window.find(".confirm button.main").click()
    window.until_title("Shown once")
    key = window.find("#secret").get_property("value")
    assert key.startswith("sp_live_")
    window.find("a.button").click()
    window.until_title("Account demo")
    assert key not in window.driver.page_source
    assert "Shop front" in window.shown()


def test_a_delivery_is_opened_and_replayed_by_keyboard(window: Window, data: DataThread) -> None:
    window.open(data.endpoint)
    window.until_title("Webhook")
    window.press("j", Keys.ENTER)
    window.until("document.querySelector('details.delivery').open")
    assert "database is down" in window.shown()
    window.press(Keys.TAB, Keys.ENTER)
    confirm(window, "Webhook")
    assert "will be sent." in window.shown()


def test_preferences_are_changed_by_keyboard(window: Window) -> None:
    window.open(PREFERENCES)
    window.driver.execute_script("document.querySelector('select[name=promotion]').focus()")
    window.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.TAB, "fr", Keys.ENTER)
    confirm(window, "Preferences")
    assert "promotion: none → no" in window.shown()
    assert "language: none → fr" in window.shown()


def test_failed_messages_are_sent_again_by_keyboard_and_that_is_undone(window: Window) -> None:
    window.open("/console/messages?account=demo&state=failed")
    window.until_title("Messages")
    window.tab_to("button[value='send_again all']")
    window.press(Keys.ENTER)
    confirm(window, "Send again")
    assert "It begins in" in window.shown()
    assert window.faults() == []
    window.look(dark=True, width=390)
    assert window.faults() == []
    window.until("document.documentElement.scrollWidth <= 390")
    window.find("#undo").click()
    window.until("document.querySelector('main').textContent.includes('It was undone by')")


def test_axe_finds_nothing_and_no_page_is_wider_than_a_phone(
    window: Window, data: DataThread
) -> None:
    paths = {
        "numbers": "/console",
        "messages": "/console/messages",
        "messages-refused": "/console/messages?account=demo&from=yesterday",
        "verifications": "/console/verifications?account=demo",
        "bulk-jobs": "/console/bulk-jobs/demo",
        "stops": "/console/stops",
        "nodes": "/console/nodes",
        "accounts": "/console/accounts",
        "account": "/console/accounts/demo",
        "webhooks": "/console/webhooks",
        "webhook": data.endpoint,
        "preferences": PREFERENCES,
    }
    survey = Survey(window.driver, "data")
    for name, path in paths.items():
        window.open(path)
        window.open_details()
        survey.note(name)
    window.open(data.endpoint)
    window.find("form[action$=pause] button").click()
    window.until_title("Pause")
    survey.note("confirm")
    survey.finish()
