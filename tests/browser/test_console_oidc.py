"""Single sign-on in real Chromium: to a provider of another site and back into the console."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait

from simpost.runtime.clock import wall_clock_ms
from tests.browser.conftest import PATIENCE_S
from tests.browser.survey import Survey
from tests.browser.test_console import ConsoleThread, url_of
from tests.integration.console.identity_provider import running_provider

pytest.importorskip("joserfc", reason="needs the extra oidc")


@pytest.fixture
def console(chromium: Chrome, tmp_path: Path) -> Iterator[ConsoleThread]:
    listener = socket.create_server(("127.0.0.1", 0))
    with running_provider(f"{url_of(listener)}/console/sign-in/oidc/callback") as provider:
        settings = provider.settings(oidc_user_claim="sub")
        thread = ConsoleThread(tmp_path, listener, console=settings, clock_ms=wall_clock_ms)
        yield thread
        chromium.delete_all_cookies()
        chromium.get("about:blank")
        chromium.get_log("browser")  # the provider's pages ask for a font of another host
        thread.run(thread.services.console_users.oidc.close())
        thread.stop()


def test_a_user_signs_in_by_the_provider(chromium: Chrome, console: ConsoleThread) -> None:
    wait = WebDriverWait(chromium, PATIENCE_S, 0.05)

    def click(selector: str) -> None:
        wait.until(lambda _: chromium.find_elements("css selector", selector), selector)
        chromium.find_element("css selector", selector).click()

    chromium.get(f"{console.url}/console/sessions")
    wait.until(lambda _: chromium.find_elements("css selector", "a.button.main"))
    survey = Survey(chromium, "console")
    survey.note("single-sign-on")
    survey.finish()
    click("a.button.main")
    wait.until(lambda _: chromium.find_elements("css selector", "input[name=login]"))
    assert chromium.current_url.startswith("http://localhost:")
    chromium.find_element("css selector", "input[name=login]").send_keys("ann")
    chromium.find_element("css selector", "input[name=password]").send_keys("any")
    click("[type=submit]")
    wait.until(lambda _: not chromium.find_elements("css selector", "input[name=login]"))
    click("[type=submit]")  # the user agrees
    # The page that goes on by itself sends the cookie of the new session.
    wait.until(lambda _: chromium.current_url == f"{console.url}/console/sessions")
    assert "ann, admin" in chromium.find_element("css selector", "header").get_property(
        "textContent"
    )
    cookies = {each["name"]: each.get("sameSite") for each in chromium.get_cookies()}
    assert cookies == {"simpost_console": "Strict"}
