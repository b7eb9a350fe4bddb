"""`/docs` in real Chromium: signing in, trying a request, axe, and that the policy is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import element_to_be_clickable
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import PATIENCE_S, WIDTH
from tests.browser.survey import Survey, look
from tests.browser.test_console import ConsoleThread
from tests.integration.api.conftest import GOOD
from tests.native_app import document

SEND = "#operations-messages-sendMessage"


class Docs:
    """The page, with operations found by their ids."""

    def __init__(self, driver: Chrome, url: str) -> None:
        self.driver = driver
        self.url = url
        driver.get(f"{url}/docs")
        self.shown(".opblock-tag")

    def shown(self, selector: str) -> Any:
        """The element, once it is there and can be clicked."""
        wait = WebDriverWait(self.driver, PATIENCE_S, 0.05)
        return wait.until(element_to_be_clickable((By.CSS_SELECTOR, selector)), selector)

    def click(self, selector: str) -> None:
        element = self.shown(selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def violations(self) -> list[str]:
        """What the browser logged of the Content-Security-Policy, or of scripts that failed."""
        logged = self.driver.get_log("browser")
        return [each["message"] for each in logged if each["level"] == "SEVERE"]


@pytest.fixture(scope="module")
def served(chromium: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleThread]:
    thread = ConsoleThread(tmp_path_factory.mktemp("docs"))
    yield thread
    chromium.get("about:blank")
    chromium.get_log("browser")  # Swagger UI's fields have no autocomplete
    thread.stop()


def test_a_message_is_previewed_with_the_credentials_that_were_typed(
    chromium: Chrome, served: ConsoleThread
) -> None:
    chromium.get_log("browser")  # of pages before
    docs = Docs(chromium, served.url)
    docs.click(".authorize")
    docs.shown("#basic_auth_username, [name=username]").send_keys("demo")
    docs.shown("#basic_auth_password, [name=password]").send_keys("demo-secret")
    chromium.execute_script(
        "document.querySelector('[name=password]').closest('.auth-container')"
        ".querySelector('button.authorize').click()"
    )
    docs.click(".close-modal")
    docs.click("#operations-tag-messages")
    docs.click(f"{SEND} .opblock-summary-control")
    docs.click(f"{SEND} .try-out__btn")
    chromium.execute_script(
        "const body = arguments[0];"
        "Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')"
        ".set.call(body, arguments[1]);"
        "body.dispatchEvent(new Event('change', {bubbles: true}))",
        docs.shown(f"{SEND} .body-param__text"),
        json.dumps({"esimTranNo": GOOD, "text": "Hello from the page"}),
    )
    docs.click(f"{SEND} .execute")
    answer = docs.shown(f"{SEND} .live-responses-table .response").text
    assert answer.startswith("202")
    assert '"state": "accepted"' in answer
    assert docs.violations() == []


CLICK = """
    document.querySelector(`.opblock-tag[data-tag="${arguments[0]}"]`).click()
"""
SHOWN = """
    const words = (operation, part) => operation.querySelector(`.opblock-summary-${part}`)
    return [...document.querySelectorAll('.opblock')].map((each) => [
      each.id.split('-').pop(),
      words(each, 'method').textContent,
      words(each, 'path').dataset.path,
      words(each, 'description').textContent,
    ])
"""


def test_every_operation_of_the_document_is_shown_below_its_tag(
    chromium: Chrome, served: ConsoleThread
) -> None:
    """One tag at a time: a person opens it, and it has its operations and no other."""
    operations: dict[str, list[list[str]]] = {}
    for path, methods in document()["paths"].items():
        for method, each in methods.items():
            for tag in each["tags"]:
                row = [each["operationId"], method.upper(), path, each["summary"]]
                operations.setdefault(tag, []).append(row)
    docs = Docs(chromium, served.url)
    shown = "return [...document.querySelectorAll('.opblock-tag')].map((each) => each.dataset.tag)"
    assert sorted(chromium.execute_script(shown)) == sorted(operations)
    wait = WebDriverWait(chromium, PATIENCE_S, 0.05)
    for tag, expected in operations.items():
        chromium.execute_script(CLICK, tag)
        wait.until(lambda driver: driver.execute_script(SHOWN), f"{tag} stays closed")
        assert sorted(chromium.execute_script(SHOWN)) == sorted(expected), tag
        chromium.execute_script(CLICK, tag)
        wait.until(lambda driver: not driver.execute_script(SHOWN), f"{tag} stays open")
    assert docs.violations() == []


def test_axe_finds_nothing_in_the_page_an_operation_and_the_credentials(
    chromium: Chrome, served: ConsoleThread
) -> None:
    look(chromium, width=WIDTH)
    survey = Survey(chromium, "docs")
    docs = Docs(chromium, served.url)
    survey.note("closed")
    docs.click("#operations-tag-messages")
    docs.click(f"{SEND} .opblock-summary-control")
    docs.shown(f"{SEND} .try-out__btn")
    survey.note("operation")
    docs.click(f"{SEND} .opblock-summary-control")
    docs.click(".authorize")
    docs.shown(".auth-container input")
    survey.note("credentials")
    chromium.get(f"{served.url}/docs/endpoints")
    survey.note("endpoints")
    survey.finish()
