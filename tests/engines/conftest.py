"""The pages in Firefox and WebKit, in light and dark, as wide as a phone and as a screen."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, Protocol

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import PATIENCE_S
from tests.browser.survey import HEIGHT, WIDTHS
from tests.engines import firefox, webkit
from tests.engines.watch import Watched

_RUN_BY: Final = "run by `make engines`, which installs Firefox and WebKit"
_VIEWS: Final = [
    (name, scheme, width)
    for name in ("firefox", "webkit")
    for scheme in ("light", "dark")
    for width in WIDTHS
]


class Engine(Protocol):
    """A browser with an engine of its own."""

    @property
    def name(self) -> str: ...

    version: str
    driver: Any

    def look(self, *, width: int, height: int) -> None: ...
    def complaints(self) -> list[str]: ...
    def stop(self) -> None: ...


_ENGINES: Final[dict[str, Callable[[str], Engine]]] = {
    "firefox": firefox.Firefox,
    "webkit": webkit.WebKit,
}


class View(NamedTuple):
    """A browser, how it shows pages, and how wide they are."""

    engine: Engine
    scheme: str
    width: int

    @property
    def driver(self) -> WebDriver:
        """The browser."""
        driver: WebDriver = self.engine.driver
        return driver

    @property
    def name(self) -> str:
        """Of this view alone."""
        return f"{self.engine.name}-{self.scheme}-{self.width}"

    def until(self, condition: str, *arguments: Any) -> None:
        """Wait until a JavaScript expression is true."""
        WebDriverWait(self.driver, PATIENCE_S, 0.05).until(
            lambda driver: driver.execute_script(f"return {condition}", *arguments), condition
        )

    def complaints(self, watched: Watched) -> list[str]:
        """What the browser said about the pages of a server since the last time."""
        self.driver.execute_script("sayToWatch('end')")
        WebDriverWait(self.driver, PATIENCE_S, 0.05).until(lambda _: "end" in watched.reports)
        reports = [each for each in watched.reports if each != "end"]
        watched.reports.clear()
        return [*reports, *self.engine.complaints()]

    def click(self, selector: str) -> None:
        """Click an element as soon as it is there, in the middle of the window."""
        wait = WebDriverWait(self.driver, PATIENCE_S, 0.05)
        element = wait.until(
            lambda driver: driver.find_elements(By.CSS_SELECTOR, selector), selector
        )[0]
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()


@pytest.fixture(scope="session")
def engines() -> Iterator[dict[tuple[str, str], Engine]]:
    """The browsers that have been started, by engine and scheme."""
    if not os.environ.get("ENGINES"):
        pytest.skip(_RUN_BY)
    for program in (firefox.BINARY, webkit.DRIVER, webkit.SCREEN):
        assert shutil.which(program), f"{program} is missing"
    started: dict[tuple[str, str], Engine] = {}
    yield started
    for engine in started.values():
        sys.stdout.write(f"{engine.name} {engine.version}\n")
        engine.stop()


@pytest.fixture(params=_VIEWS, ids=lambda view: "-".join(map(str, view)))
def view(request: pytest.FixtureRequest, engines: dict[tuple[str, str], Engine]) -> Iterator[View]:
    """A browser in one of the views, with nothing of the test before."""
    name, scheme, width = request.param
    if (name, scheme) not in engines:
        engines[name, scheme] = _ENGINES[name](scheme)
    view = View(engines[name, scheme], scheme, width)
    view.engine.look(width=width, height=HEIGHT)
    view.until("innerWidth === arguments[0]", width)
    view.until("matchMedia(`(prefers-color-scheme: ${arguments[0]})`).matches", scheme)
    view.engine.complaints()
    yield view
    view.driver.get("about:blank")
