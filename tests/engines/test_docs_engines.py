"""`/docs` in Firefox and WebKit: a request is tried, and axe finds nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.survey import run_axe
from tests.browser.test_interactive_docs import SEND
from tests.engines.conftest import View
from tests.engines.served import WatchedConsole
from tests.integration.api.conftest import GOOD


@pytest.fixture(scope="module")
def served(
    engines: dict[Any, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WatchedConsole]:
    thread = WatchedConsole(tmp_path_factory.mktemp("docs"))
    yield thread
    thread.stop()


def type_into(view: View, selector: str, text: str) -> None:
    """Put a text into a field of React, as a person who types does."""
    view.until(f"document.querySelector({selector!r}) !== null")
    view.driver.execute_script(
        "const field = document.querySelector(arguments[0]);"
        "Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value')"
        ".set.call(field, arguments[1]);"
        "for (const name of ['input', 'change'])"
        "  field.dispatchEvent(new Event(name, {bubbles: true}))",
        selector,
        text,
    )


def test_a_request_is_tried_and_axe_finds_nothing(view: View, served: WatchedConsole) -> None:
    served.watched.reports.clear()
    view.driver.get(f"{served.url}/docs")
    view.until("document.querySelector('.opblock-tag') !== null")
    assert run_axe(view.driver) == []
    view.click(".authorize")
    type_into(view, "[name=username]", "demo")
    type_into(view, "[name=password]", "demo-secret")
    assert run_axe(view.driver) == []
    view.driver.execute_script(
        "document.querySelector('[name=password]').closest('.auth-container')"
        ".querySelector('button.authorize').click()"
    )
    view.click(".close-modal")
    view.click("#operations-tag-messages")
    view.click(f"{SEND} .opblock-summary-control")
    view.click(f"{SEND} .try-out__btn")
    body = json.dumps({"esimTranNo": GOOD, "text": "Hello from the page"})
    type_into(view, f"{SEND} .body-param__text", body)
    view.click(f"{SEND} .execute")
    answer = f"document.querySelector('{SEND} .live-responses-table .response')"
    view.until(f'{answer}?.textContent.includes(\'"state": "accepted"\')')
    view.until("document.documentElement.scrollWidth <= arguments[0]", view.width)
    assert run_axe(view.driver) == []
    view.driver.get(f"{served.url}/docs/endpoints")
    view.until("document.readyState === 'complete'")
    assert run_axe(view.driver) == []
    assert view.complaints(served.watched) == []
