"""Firefox without a screen, in one colour scheme, with what it complains about."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from selenium.webdriver import FirefoxOptions, Remote

from tests.engines.marionette import Marionette

BINARY: Final = "firefox-esr"
ENDS_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL")
"""A program that is started so ends when the test's process is killed."""
_PATIENCE_S: Final = 90
_PREFERENCES: Final = {
    "marionette.port": 0,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "services.settings.server": "data:,",
    "ui.prefersReducedMotion": 1,
}
_SCHEME: Final = """
Services.prefs.setIntPref(
  "layout.css.prefers-color-scheme.content-override", arguments[0] ? 0 : 1);
"""
_SIZE: Final = """
const [width, height] = arguments;
const {style} = gBrowser.selectedBrowser;
for (const [side, size] of [["width", width], ["height", height]]) {
  style.setProperty(`min-${side}`, `${size}px`);
  style.setProperty(`max-${side}`, `${size}px`);
}
"""
_COMPLAINTS: Final = """
const found = Services.console.getMessageArray()
  .filter((each) => each instanceof Ci.nsIScriptError)
  .filter((each) => /^http:/.test(each.sourceName) || /Content-Security/.test(each.errorMessage))
  .map((each) => `${each.category}: ${each.errorMessage} ${each.sourceName}:${each.lineNumber}`);
Services.console.reset();
const storage = Cc["@mozilla.org/consoleAPI-storage;1"].getService(Ci.nsIConsoleAPIStorage);
const said = storage.getEvents()
  .filter((each) => ["error", "warn"].includes(each.level) && /^http:/.test(each.filename))
  .map((each) => `${each.level}: ${each.arguments.join(" ")}`);
storage.clearEvents();
return [...found, ...said];
"""


class Firefox:
    """A Firefox of its own, with a new profile, in one colour scheme."""

    name: Final = "firefox"

    def __init__(self, scheme: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="simpost-firefox-")
        profile = Path(self._folder) / "profile"
        profile.mkdir()
        lines = [f'user_pref("{name}", {_shown(value)});' for name, value in _PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines), "utf-8")
        self._process = subprocess.Popen(
            [*ENDS_WITH_US, BINARY, "--headless", "--no-remote", "--marionette",
             "--remote-allow-system-access", "--profile", str(profile),
             "--width", "1400", "--height", "1100"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self._folder, "MOZ_CRASHREPORTER_DISABLE": "1"},
            start_new_session=True,
        )  # fmt: skip
        self._connection = Marionette(self._port(profile / "MarionetteActivePort"), _PATIENCE_S)
        self.driver = Remote(self._connection, options=FirefoxOptions())
        self.driver.set_script_timeout(_PATIENCE_S)
        self._inside(_SCHEME, scheme == "dark")
        self.version = str(self.driver.caps["browserVersion"])

    def look(self, *, width: int, height: int) -> None:
        """Show pages from now on at a width."""
        self._inside(_SIZE, width, height)

    def complaints(self) -> list[str]:
        """What it has said about pages since the last time, such as a broken policy."""
        found: list[str] = self._inside(_COMPLAINTS)
        return found

    def stop(self) -> None:
        """End it and forget its profile."""
        self._connection.close()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _inside(self, script: str, *arguments: Any) -> Any:
        """The result of a script with the rights of the browser itself."""
        self._connection.execute("setContext", {"value": "chrome"})
        try:
            return self.driver.execute_script(script, *arguments)
        finally:
            self._connection.execute("setContext", {"value": "content"})

    def _port(self, file: Path) -> int:
        until_s = time.monotonic() + _PATIENCE_S
        while not (file.exists() and file.read_text("ascii").strip()):
            assert self._process.poll() is None, "Firefox has ended"
            assert time.monotonic() < until_s, "Firefox opens no port"
            time.sleep(0.1)
        return int(file.read_text("ascii"))


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')
