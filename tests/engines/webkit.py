"""WebKitGTK, the engine of Safari, on a screen in memory (Xvfb)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Final

from selenium.webdriver import WebKitGTK, WebKitGTKOptions
from selenium.webdriver.webkitgtk.service import Service

from tests.engines.firefox import ENDS_WITH_US

DRIVER: Final = "WebKitWebDriver"
SCREEN: Final = "Xvfb"
_PATIENCE_S: Final = 90
_ARGUMENTS: Final = ("--automation", "--javascript-can-open-windows-automatically=true")
_BARE: Final = """
open("about:blank", "_blank", "width=390,height=844,toolbar=no,menubar=no,location=no,popup");
"""
"""A window without a bar of tools, which is wider than a phone."""


def browser() -> str | None:
    """WebKit's own browser, which Debian keeps beside the library."""
    return next(map(str, sorted(Path("/usr/lib").glob("*/webkit2gtk-*/MiniBrowser"))), None)


class WebKit:
    """A WebKit of its own, in one colour scheme: GTK takes it when it starts."""

    name: Final = "webkit"

    def __init__(self, scheme: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="simpost-webkit-"))
        settings = self._folder / "gtk-3.0" / "settings.ini"
        settings.parent.mkdir()
        settings.write_text("[Settings]\ngtk-enable-animations=0\n", "utf-8")
        self._screen = subprocess.Popen(
            [*ENDS_WITH_US, SCREEN, "-displayfd", "1", "-screen", "0", "1600x1200x24",
             "-nolisten", "tcp"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self._screen.stdout
        display = self._screen.stdout.readline().decode().strip()
        folder = str(self._folder)
        environment = {
            **os.environ,
            "DISPLAY": f":{display}",
            "GDK_BACKEND": "x11",
            "GTK_THEME": "Adwaita:dark" if scheme == "dark" else "Adwaita",
            "GTK_A11Y": "none",
            "LANG": "en_US.UTF-8",
            "LC_ALL": "en_US.UTF-8",
            "HOME": folder,
            "XDG_CONFIG_HOME": folder,
            "XDG_RUNTIME_DIR": folder,
            "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
        }
        options = WebKitGTKOptions()
        options.binary_location = browser() or ""
        for argument in _ARGUMENTS:
            options.add_argument(argument)
        service = Service(
            shutil.which(DRIVER) or DRIVER, log_output=subprocess.DEVNULL, env=environment
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # in Selenium's own class
            self.driver = WebKitGTK(options=options, service=service)
        self.driver.set_script_timeout(_PATIENCE_S)
        self._take_bare_window()
        self.version = str(self.driver.caps["browserVersion"])

    def look(self, *, width: int, height: int) -> None:
        """Show pages from now on at a width."""
        self.driver.set_window_rect(0, 0, width, height)

    def complaints(self) -> list[str]:
        """Its driver has none."""
        return []

    def stop(self) -> None:
        """End it and forget its files."""
        self.driver.quit()
        self._screen.terminate()
        self._screen.wait()
        assert self._screen.stdout
        self._screen.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _take_bare_window(self) -> None:
        first = self.driver.current_window_handle
        self.driver.execute_script(_BARE)
        (second,) = set(self.driver.window_handles) - {first}
        self.driver.close()
        self.driver.switch_to.window(second)
