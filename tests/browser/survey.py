"""Looks at pages as axe does: in both colour schemes, as wide as a screen and as a phone."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Final

import axe_core_python
from selenium.webdriver import Chrome

AXE: Final = Path(axe_core_python.__file__).with_name("axe.min.js")
PICTURES: Final = Path(__file__).parents[1] / ".pictures"
"""Pictures of all pages, of the latest run of the browser tests."""
HEIGHT: Final = 900
WIDTHS: Final = (1280, 390)
_SCHEMES: Final = ("light", "dark")
OF_COLOURS: Final = ["color-contrast", "link-in-text-block"]
"""The rules of axe whose result depends on the colour scheme."""
_RUN: Final = """
const [rules, done] = arguments;
const options = {resultTypes: ["violations"], preload: false};
if (rules) options.runOnly = rules;
axe.run(document, options).then(({passes, violations}) => done({
  passes: passes.length,
  violations: violations.flatMap(
    (rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 100)}`)),
}));
"""


def look(driver: Chrome, *, scheme: str = "light", width: int, height: int = HEIGHT) -> None:
    """Show pages from now on in a colour scheme and at a width."""
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def run_axe(driver: Chrome, rules: list[str] | None = None) -> list[str]:
    """What axe finds on the page: each rule with the elements that break it."""
    if not driver.execute_script("return 'axe' in window"):
        driver.execute_script(AXE.read_text("utf-8"))
    found: dict[str, Any] = driver.execute_async_script(_RUN, rules)
    assert rules or found["passes"]
    violations: list[str] = found["violations"]
    return violations


class Survey:
    """Collects what is wrong with the pages of a test, and keeps a picture of each view."""

    def __init__(self, driver: Chrome, group: str) -> None:
        self._driver = driver
        self._group = group
        self._wrong: dict[str, list[str]] = {}

    def note(self, name: str) -> None:
        """Look at the page that is open, in every view; the last one is that of a phone."""
        for width in WIDTHS:
            for scheme in _SCHEMES if width == WIDTHS[0] else _SCHEMES[::-1]:
                look(self._driver, scheme=scheme, width=width)
                wrong = run_axe(self._driver, None if scheme == "light" else OF_COLOURS)
                wide = self._driver.execute_script("return document.documentElement.scrollWidth")
                if wide > width:
                    wrong.append(f"is {wide} pixels wide")
                view = f"{self._group}-{name}-{width}-{scheme}"
                if wrong:
                    self._wrong[view] = wrong
                self._keep(view)
        look(self._driver, width=WIDTHS[0])

    def finish(self) -> None:
        """Fail with all that was found, by page and view."""
        lines = [f"{view}: {each}" for view, found in self._wrong.items() for each in found]
        assert not lines, "\n".join(lines)

    def _keep(self, view: str) -> None:
        width, height = self._driver.execute_script(
            "return [innerWidth, document.documentElement.scrollHeight]"
        )
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, 4 * HEIGHT), "scale": 1}
        options = {"captureBeyondViewport": True, "clip": clip}
        picture = self._driver.execute_cdp_cmd("Page.captureScreenshot", options)["data"]
        PICTURES.mkdir(exist_ok=True)
        (PICTURES / f"{view}.png").write_bytes(base64.b64decode(picture))
