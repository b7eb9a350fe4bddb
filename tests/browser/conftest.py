"""Fixtures: real Chromium, and a simulator with an ESME in another thread."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.support.wait import WebDriverWait

from simpost.smsc import Simulator, SimulatorOptions
from tests.browser.survey import HEIGHT, WIDTHS, run_axe
from tests.integration.smsc.esme import NUMBER, PASSWORD, Esme, bound

PATIENCE_S = 90
WIDTH = WIDTHS[0]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    f"--window-size={WIDTH},{HEIGHT}",
)


class SimulatorThread:
    """A simulator with a bound ESME, in a thread of its own."""

    esme: Esme
    simulator: Simulator

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._stack = AsyncExitStack()
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.simulator.http_port}/"

    def start(self) -> None:
        self.run(self._start())

    def stop(self) -> None:
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def text(self, text: str, to: str = NUMBER, **fields: Any) -> None:
        """Send a text to a handset."""
        self.run(self.esme.send(text, to, **fields))

    def texts(self, text: str, numbers: list[str]) -> None:
        """Send the same text to several handsets."""

        async def send() -> None:
            for number in numbers:
                await self.esme.send(text, number)

        self.run(send())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """The result of a coroutine in the simulator's event loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)

    async def _start(self) -> None:
        self.simulator = Simulator(SimulatorOptions(password=PASSWORD, retry_s=0.01))
        await self.simulator.start()
        self._stack.push_async_callback(self.simulator.stop)
        self.esme = await self._stack.enter_async_context(bound(self.simulator))


@pytest.fixture
def centre() -> Iterator[SimulatorThread]:
    centre = SimulatorThread()
    try:
        centre.start()
        yield centre
    finally:
        centre.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chrome]:
    """Chromium without the parts that only a screen needs, where it is installed: a third less."""
    browser = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    driver = shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("needs Chromium: Debian's packages chromium and chromium-driver")
    options = ChromeOptions()
    options.binary_location = browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in FLAGS:
        options.add_argument(flag)
    with Chrome(options, ChromeService(driver)) as started:
        started.set_script_timeout(PATIENCE_S)
        yield started


class Page:
    """The handsets' page in a browser window."""

    def __init__(self, driver: Chrome, url: str) -> None:
        self.driver = driver
        self.url = url

    def open(self, *, dark: bool = False, forced: bool = False, width: int = WIDTH) -> None:
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "forced-colors", "value": "active" if forced else "none"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(self.url)
        self.until("document.querySelector('#live').textContent === 'live'")

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, condition: str, *arguments: Any) -> None:
        """Wait until a JavaScript expression is true."""
        WebDriverWait(self.driver, PATIENCE_S, 0.05).until(
            lambda _: self.run(f"return {condition}", *arguments), condition
        )

    def until_shown(self, text: str, number: str = NUMBER) -> None:
        """Wait until a card shows a text."""
        self.until(
            "[...document.querySelectorAll("
            "`main [data-number='${arguments[0]}'] .bubble`)]"
            ".some((bubble) => bubble.textContent === arguments[1])",
            number,
            text,
        )

    def card(self, part: str = "", number: str = NUMBER) -> Any:
        """A part of a handset's card, by a CSS selector."""
        return self.driver.find_element("css selector", f"main [data-number='{number}'] {part}")

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def faults(self) -> list[str]:
        """What axe finds: each rule with the elements that break it."""
        return run_axe(self.driver)

    def complaints(self) -> list[str]:
        """What the browser complained about, such as a broken policy or an uncaught error."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if "the server responded with a status of 4" not in entry["message"]
        ]


@pytest.fixture
def page(chromium: Chrome, centre: SimulatorThread) -> Iterator[Page]:
    page = Page(chromium, centre.url)
    yield page
    complaints = page.complaints()
    chromium.get("about:blank")  # or it reconnects
    assert complaints == []
