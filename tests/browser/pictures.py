"""The pictures of the README: `make pictures`, which needs Chromium.

Starts the demo, sends a few texts and a broadcast, and writes docs/pictures/. The eSIMs, numbers
and texts are invented.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import httpx2
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from tests.browser.conftest import FLAGS
from tests.browser.survey import look

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
WIDTH, HEIGHT = 960, 600
_ESIM, _NUMBER = "23072017992029", "66800000001"
_TEXTS: Final = (
    "Welcome to Thailand! Your 1 GB is ready.",
    "80 % of your data is used. Reply MORE to buy another gigabyte.",
    "Thank you. 1 GB was added, valid for 7 days.",
    "สวัสดีครับ แพ็กเกจของคุณพร้อมใช้งานแล้ว 🇹🇭",
)
_NOTICE: Final = {
    "name": "maintenance",
    "defaultLanguage": "en",
    "variables": {"day": {"type": "text", "longest": "Wednesday"}},
    "texts": {
        "en": "No service on {day} from 2 to 3 am.",
        "de": "Am {day} von 2 bis 3 Uhr kein Netz – bitte vorher laden.",
    },
}


class Demo:
    """`simpost demo` on free ports, with its addresses."""

    def __init__(self, folder: str) -> None:
        ports = ("--port=0", "--handsets-port=0", "--smsc-port=0")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simpost", "demo", *ports, "--no-tour", "--data", folder],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        shown = ""
        while "One line for each text follows" not in shown:
            line = self._process.stdout.readline()
            assert line, shown
            shown += line
        self.url = self._find(r"API +(http://[\d.:]+)/api", shown)
        self.handsets = self._find(r"handsets +(http://[\d.:]+)/", shown)
        self.password = self._find(r"sign in as demo, password (\S+)", shown)

    def _find(self, pattern: str, shown: str) -> str:
        found = re.search(pattern, shown)
        assert found, shown
        return found[1]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The response of the API to the account of the demo."""
        auth = ("demo", "demo-secret")
        answer = httpx2.request(method, f"{self.url}/v1/{path}", json=body, auth=auth)
        assert answer.is_success, answer.text
        return answer.json()

    def fill(self) -> str:
        """What the pictures show; returns the id of a delivered message."""
        sent = [
            self.call("POST", "messages", {"esimTranNo": _ESIM, "text": text})["id"]
            for text in _TEXTS
        ]
        while self.call("GET", f"messages/{sent[1]}")["state"] != "delivered":
            time.sleep(0.1)
        place = f"{self.handsets}/handsets/{_NUMBER}/messages"
        said = httpx2.post(place, json={"to": "66820000000", "text": "MORE please, until Sunday"})
        assert said.is_success, said.text
        self.call("POST", "templates", _NOTICE)
        works = {"name": "Maintenance", "template": "maintenance", "values": {"day": "Monday"}}
        self.call("POST", "broadcasts", works | {"audience": {"statuses": ["IN_USE"]}})
        time.sleep(3)  # receipts come, and the broadcast ends
        return str(sent[1])

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)


def main() -> None:
    """Write the pictures."""
    options = ChromeOptions()
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver):
        raise SystemExit("needs Chromium: Debian's packages chromium and chromium-driver")
    options.binary_location = browser
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="simpost-pictures-") as folder:
        for flag in (*FLAGS, f"--user-data-dir={folder}/profile", "--hide-scrollbars"):
            options.add_argument(flag)
        demo = Demo(f"{folder}/demo")
        try:
            message_id = demo.fill()
            with Chrome(options, ChromeService(driver)) as chromium:
                _draw(chromium, demo, message_id)
        finally:
            demo.stop()


def _draw(chromium: Chrome, demo: Demo, message_id: str) -> None:
    look(chromium, width=WIDTH, height=HEIGHT)
    _keep(chromium, "handsets", f"{demo.handsets}/")
    chromium.get(f"{demo.url}/console")
    chromium.find_element("id", "name").send_keys("demo")
    chromium.find_element("id", "password").send_keys(demo.password)
    chromium.find_element("css selector", "button[type=submit], form button").click()
    while not chromium.title.startswith("Look up"):
        time.sleep(0.1)
    _keep(chromium, "message", f"{demo.url}/console/messages/{message_id}")
    chromium.get(f"{demo.url}/console/compose/demo/{_ESIM}")
    chromium.find_element("id", "text").send_keys("Your “gift” is waiting")
    _keep(chromium, "write")
    look(chromium, scheme="dark", width=WIDTH, height=HEIGHT)
    _keep(chromium, "broadcasts-dark", f"{demo.url}/console/broadcasts/demo")


def _keep(chromium: Chrome, name: str, url: str = "") -> None:
    if url:
        chromium.get(url)
    time.sleep(1.5)  # what comes by itself has come
    chromium.save_screenshot(str(FOLDER / f"{name}.png"))


if __name__ == "__main__":
    main()
