"""The console in Firefox and WebKit: its main tasks, and every page of the menu."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.survey import OF_COLOURS, run_axe
from tests.browser.test_console import Window
from tests.engines.conftest import View
from tests.engines.served import WatchedConsole
from tests.engines.watch import BROKEN
from tests.integration.api.conftest import GOOD, NOW_MS

FORM = f"/console/compose/demo/{GOOD}"
CURLY = "Don\u2019t worry "
EXPECTED = "Insecure Password Field"
"""What Firefox says about a sign-in over plain HTTP: it is right."""
ADMIN = "{method: 'POST', headers: {Authorization: 'Bearer admin-token'}}"


class Task(Window):
    """The console in one view."""

    def __init__(self, view: View, served: WatchedConsole) -> None:
        super().__init__(view.driver, served.url)
        self.view, self.served = view, served

    def pressed(self, selector: str) -> None:
        """Press a button or a link, once it is there."""
        self.view.click(selector)


@pytest.fixture(scope="module")
def served(
    engines: dict[Any, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WatchedConsole]:
    listener = socket.create_server(("0.0.0.0", 0))
    thread = WatchedConsole(tmp_path_factory.mktemp("console"), listener)
    yield thread
    thread.stop()


@pytest.fixture
def task(view: View, served: WatchedConsole) -> Iterator[Task]:
    served.watched.reports.clear()
    task = Task(view, served)
    yield task
    view.driver.execute_script("localStorage.clear()")
    view.driver.delete_all_cookies()
    complaints = view.complaints(served.watched)
    assert [each for each in complaints if not each.startswith(EXPECTED)] == []


def test_the_watch_hears_scripts_errors_and_policies(view: View, served: WatchedConsole) -> None:
    served.watched.reports.clear()
    view.driver.get(served.url + BROKEN)
    view.until("document.readyState === 'complete'")
    assert view.driver.execute_script("return window.ran") is None
    said = "\n".join(view.complaints(served.watched))
    for words in ("said aloud", "nothing", "script-src"):
        assert words in said


def test_a_user_signs_in_with_a_code(task: Task) -> None:
    name = f"user-{task.view.name}"
    task.served.add_user(name)
    task.sign_in(name)
    task.open("/console/second-factor")
    task.pressed("form[action$=begin] button")
    task.until_title("New authenticator")
    task.until("document.querySelector('.qr svg').getBoundingClientRect().width > 150")
    app = pyotp.TOTP(task.find("#key").text.replace(" ", ""))
    task.until_focus("code")
    task.press(app.at(NOW_MS // 1000), Keys.ENTER)
    task.until_title("Recovery codes")
    task.driver.execute_script("document.querySelector('.out').requestSubmit()")
    task.until_title("Sign in")
    task.sign_in(name, "Code")
    task.until_focus("code")
    task.press(app.at(NOW_MS // 1000 + 30), Keys.ENTER)
    task.until_title("Look up")


def test_a_user_signs_in_over_plain_http_from_another_machine(task: Task) -> None:
    """Where browsers do not send Sec-Fetch-Site, forms are known by their Origin."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but its own loopback")
        address = probe.getsockname()[0]
    task.url = task.url.replace("127.0.0.1", address)
    task.open("/console/sign-in")
    assert not task.driver.execute_script("return isSecureContext")
    task.sign_in()
    task.open("/console/messages")
    task.until_title("Messages")


def test_an_esim_and_its_message_are_found_by_keyboard(task: Task) -> None:
    task.sign_in()
    task.press("/", f"8988 {GOOD}", Keys.ENTER)
    task.until_title("eSIM")
    assert "SMS can be sent to it." in task.shown()
    task.press("j", "j", "k")
    task.until("document.activeElement === document.querySelector('main tbody tr a')")
    task.press(Keys.ENTER)
    task.until_title("Message")
    task.until("document.querySelector('.sentence').textContent.length > 10")
    task.pressed("form[action$=reveal] button")
    task.until("document.querySelector('.text').textContent.length > 3")


def test_keys_lead_from_page_to_page(task: Task) -> None:
    task.sign_in()
    task.press("g", "m")
    task.until_title("Messages")
    task.press("/")
    task.until_focus("esimTranNo")
    task.press(Keys.TAB)
    task.driver.execute_script("document.activeElement.blur()")
    task.press("j")
    task.until("document.activeElement === document.querySelector('main tbody tr a')")
    task.press("j")
    task.until("document.activeElement === document.querySelector('main tbody tr:nth-child(2) a')")
    task.press("k", "?")
    task.until("document.querySelector('dialog[open]') !== null")
    task.press(Keys.ESCAPE)
    task.until("document.querySelector('dialog[open]') === null")
    task.press(Keys.ENTER)
    task.until_title("Message")


def test_the_menu_opens_and_leads_on(task: Task) -> None:
    task.sign_in()
    if task.view.width < 600:
        task.pressed("button.menu")
        task.until("document.querySelector('#menu').matches(':popover-open')")
    task.pressed("#menu a[href='/console/audit']")
    task.until_title("Audit")
    if task.view.width < 600:
        task.pressed("button.menu")
    task.pressed(".out button")
    task.until_title("Sign in")


def test_a_text_is_written_with_its_dry_run_in_view(task: Task) -> None:
    task.sign_in()
    task.open(FORM)
    task.until_title("Write to")
    task.find("#text").send_keys(CURLY * 6)
    task.until("document.querySelector('#dry-run').textContent.includes('2 parts of UCS-2')")
    task.pressed("button[value='U+2019']")
    task.until("document.querySelector('#dry-run').textContent.includes('1 part of GSM 7 bit')")
    assert task.find("#text").get_property("value") == CURLY.replace("\u2019", "'") * 6
    task.pressed("#compose .fields button.main")
    task.until_title("Message")


def test_a_page_changes_when_its_stream_says_so(task: Task) -> None:
    task.sign_in()
    task.open("/console/carriers")
    task.until_title("Carriers")
    task.driver.execute_script(
        "window.heard = 0; new EventSource('/console/carriers/live')"
        ".addEventListener('changed', () => window.heard++)"
    )
    task.until("window.heard > 0")
    for verb, shown in (("pause", "paused"), ("resume", "not available")):
        before = task.driver.execute_script("return window.heard")
        task.driver.execute_script(f"fetch('/v1/admin/carriers/down/{verb}', {ADMIN})")
        task.until(f"window.heard > {before}")
        task.until(f"document.querySelector('#carriers strong').textContent.includes('{shown}')")


def test_failed_messages_are_sent_again_and_that_is_undone(task: Task) -> None:
    task.sign_in()
    task.open("/console/messages?account=demo&state=failed")
    task.until_title("Messages")
    task.pressed("button[value='send_again all']")
    task.until_title("Send again")
    task.pressed(".confirm button.main")
    task.until("document.querySelector('#undo') !== null")
    assert "It begins in" in task.shown()
    task.pressed("#undo")
    task.until("document.querySelector('main').textContent.includes('It was undone by')")


PATHS = {
    "menu": (),
    "of-an-account": (
        "/console/broadcasts/demo",
        "/console/bulk-jobs/demo",
        "/console/templates/demo",
        "/console/automations/demo",
        "/console/messages?account=demo",
        "/console/webhooks?account=demo",
        "/console/accounts/demo",
    ),
    "one": (
        "/console/templates/demo/works",
        "/console/automations/demo/greet",
        "/console/template-editor/demo?name=works",
        "/console/broadcasts/demo/new?template=works",
        f"/console/esims/demo/{GOOD}",
        f"/console/esims/demo/{GOOD}/preferences",
        FORM,
        "/console/none",
    ),
}


@pytest.mark.parametrize("group", PATHS)
def test_pages_fit_and_axe_finds_nothing(task: Task, group: str) -> None:
    task.sign_in()
    task.until("document.querySelector('.chart').dataset.drawn === 'yes'")
    menu = task.driver.execute_script(
        "return [...document.querySelectorAll('#menu nav a')].map((each) => each.pathname)"
    )
    assert len(menu) > 15
    wrong = []
    for path in PATHS[group] or menu:
        task.open(path)
        task.open_details()
        width = task.driver.execute_script("return document.documentElement.scrollWidth")
        if width > task.view.width:
            wrong.append(f"{path} is {width} pixels wide")
        rules = None if task.view.scheme == "light" else OF_COLOURS
        wrong += [f"{path}: {each}" for each in run_axe(task.driver, rules)]
    assert wrong == []


def test_a_form_of_another_page_is_refused(task: Task) -> None:
    """The browser says where a form comes from: by a header, and by the cookie that it keeps."""
    task.sign_in()
    task.driver.get("about:blank")
    task.driver.execute_script(
        "const form = Object.assign(document.createElement('form'),"
        "{method: 'post', action: arguments[0]}); document.body.append(form); form.submit()",
        f"{task.url}/console/sign-out",
    )
    task.until_title("Not possible")
    assert "The form was not sent by a page of this console." in task.shown()
    task.open("/console")
    task.until_title("Look up")
