"""Broadcasts, templates and automations in real Chromium: by mouse, by keyboard, and by axe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from simpost.domain.messages import format_id
from tests.browser.console_facts import fill
from tests.browser.survey import Survey
from tests.browser.test_console import ConsoleThread, Window, window
from tests.integration.api.conftest import GOOD

__all__ = ["window"]

ROOM = "/console/broadcasts/demo"
EDITOR = "/console/template-editor/demo"


@pytest.fixture(scope="module")
def console(chromium: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleThread]:
    thread = ConsoleThread(tmp_path_factory.mktemp("console"))
    thread.run(fill(thread.services))
    yield thread
    chromium.get("about:blank")
    thread.stop()


def broadcasts(console: ConsoleThread) -> dict[str, str]:
    """The paths of the broadcasts, by name."""
    found = console.run(console.services.store.broadcasts.list_broadcasts(1, before=None, limit=50))
    return {each.name: f"{ROOM}/{format_id(each.id)}" for each in found}


def test_a_broadcast_begins_by_mouse(window: Window, console: ConsoleThread) -> None:
    window.sign_in()
    window.open(ROOM)
    window.find(".head a.main").click()
    window.until_title("New broadcast")
    window.find(".cards a[href*='works']").click()
    window.until("document.querySelector('form.begin')")
    window.find("#name").send_keys("By mouse")
    window.find("input[name='values.day']").send_keys("Monday")
    window.find("textarea[name='audience.esims']").send_keys(GOOD)
    window.find("form.begin button.main").click()
    window.until("document.querySelector('h1').textContent === 'Begin this broadcast?'")
    assert "No service on Monday from 2 to 3 am." in window.shown()
    window.find("form.verbs button.main").click()
    window.until_title("Broadcast By mouse")
    for _ in range(3):  # its recipients are noted, it starts, and sends
        console.run(console.services.broadcasts.tick())
    window.until("document.querySelector('.tiles .accepted b')?.textContent === '1'")  # live
    assert "ann" in window.shown()


def test_a_broadcast_is_cancelled_by_keyboard(window: Window, console: ConsoleThread) -> None:
    window.sign_in()
    window.open(broadcasts(console)["New prices"])
    window.until_title("Broadcast New prices")
    window.driver.execute_script("document.getElementById('cancel').focus()")
    window.press(Keys.ENTER)
    window.until_title("Cancel New prices")
    assert "29 eSIMs will get nothing." in window.shown()
    window.driver.execute_script("document.getElementById('main').focus()")
    window.press(Keys.TAB, Keys.ENTER)
    window.until_title("Broadcast New prices")
    assert "It was cancelled by ann." in window.shown()


def test_a_file_is_read_and_becomes_the_audience(window: Window, tmp_path: Path) -> None:
    file = tmp_path / "trips <b>.csv"
    file.write_text(f"esimTranNo,day\n{GOOD},Friday\n8.9E+18,Friday\n", "utf-8")
    window.sign_in()
    window.open(f"{ROOM}/files")
    window.find("#file").send_keys(str(file))
    window.find("form.panel button.main").click()
    window.until_title("File trips <b>.csv")
    assert "1 eSIM of 2 rows." in window.shown()
    assert "was rounded by a spreadsheet" in window.shown()
    window.find(".verbs a.main").click()
    window.until_title("New broadcast")
    window.find(".cards a[href*='works']").click()
    window.until("document.querySelector('form.begin')")
    window.until("document.getElementById('audience.file').selectedOptions[0].text.includes('<b>')")


def test_a_template_is_written_with_its_parts_in_view(window: Window) -> None:
    window.sign_in()
    window.open(EDITOR)
    window.until_title("New template")
    window.find("#name").send_keys("seats")
    text = window.find("textarea")
    text.send_keys("Your seat – {seat}")
    window.find("input[name='variables.0.name']").send_keys("seat")
    window.find("input[name='variables.0.longest']").send_keys("17A")
    window.until("document.getElementById('checked').textContent.includes('1 part of ucs2')")
    assert "en dash" in window.find("#checked").text
    assert text.get_attribute("value") == "Your seat – {seat}"
    text.send_keys(Keys.HOME, "{", Keys.END)  # a mistake is shown as it is typed
    window.until("document.querySelector('#checked [role=alert]')")
    text.clear()
    text.send_keys("Your seat: {seat}")
    window.until("document.getElementById('checked').textContent.includes('1 part of gsm7')")
    window.find("#newLanguage").send_keys("fr", Keys.ENTER)  # Enter checks, and adds
    window.until("document.querySelector('[name=\"texts.fr\"]').tagName === 'TEXTAREA'")
    window.find("textarea").send_keys("Votre siège : {seat}")
    window.find("button[name=save]").click()
    window.until_title("Template seats")
    assert "Votre siège : 17A" in window.shown()


def test_an_automation_is_previewed_and_switched_off(window: Window) -> None:
    window.sign_in()
    window.open("/console/automations/demo/greet")
    window.until_title("Automation greet")
    window.find(".verbs a").click()
    window.until_title("Preview of greet")
    assert "2\ntransitions" in window.shown()
    assert "Welcome to France!" not in window.shown()
    window.find("form[action*=preview] button").click()
    window.until("document.querySelector('main').textContent.includes('Welcome to France!')")
    window.open("/console/automations/demo/greet")
    window.find("form[action$=switch] button").click()
    window.until("document.querySelector('.sentence')?.textContent.includes('Off.')")


def test_axe_finds_nothing_and_no_page_scrolls_sideways(
    window: Window, console: ConsoleThread
) -> None:
    window.sign_in()
    found = broadcasts(console)
    paths = {
        "broadcasts": ROOM,
        "broadcast": found["Works in March"],
        "recipients": f"{found['Works in March']}/recipients",
        "broadcast-preview": f"{found['Works in May']}/preview",
        "broadcast-cancel": f"{found['Works in May']}/confirm/cancel",
        "broadcast-template": f"{ROOM}/new",
        "broadcast-new": f"{ROOM}/new?template=works",
        "files": f"{ROOM}/files",
        "templates": "/console/templates/demo",
        "template": "/console/templates/demo/works",
        "template-delete": "/console/templates/demo/works/delete",
        "template-editor": f"{EDITOR}?name=works",
        "automations": "/console/automations/demo",
        "automation": "/console/automations/demo/greet",
        "automation-preview": "/console/automations/demo/greet/preview",
        "automation-editor": "/console/automation-editor/demo?name=greet",
    }
    survey = Survey(window.driver, "sending")
    for name, path in paths.items():
        window.open(path)
        window.open_details()
        survey.note(name)
    window.open(f"{ROOM}/new?template=works")
    window.find("form.begin button.main").click()
    window.until("document.querySelector('[role=alert]')")
    survey.note("broadcast-refused")
    survey.finish()
