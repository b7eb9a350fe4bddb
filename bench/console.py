"""What pages of the console cost with a million messages: `python -m bench.console`.

Signs in as an administrator, asks for each page of the menu and for pages of eSIMs, messages and
searches, another one each time, one at a time on one connection. The time is that of the whole
response, which the gateway makes on its event loop; `transferred` is a first load: the page and
all that it names, without compression. Then ten screens of as many sessions stay open on each page
that refreshes itself: with its stream, and a request for each event of it, or as often as the page
asks. The figure is the share of a core that the gateway takes, and that of a gateway without
screens. Ends with 1 where a p95 is above 150 ms or a page above 100 kB.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

from bench.database import Database
from bench.gateways import Simpost, Terms
from bench.load import percentile_ms
from bench.machine import describe
from bench.processes import HOST

MOST_MS: Final = 150.0
MOST_OCTETS: Final = 100_000
SCREENS: Final = 10
_SETTLING_S: Final = 5.0
_NAME, _PASSWORD = "bench@example.com", "a password of the bench"

Where: TypeAlias = Callable[[], str]


class ConsoleSimpost(Simpost):
    """With the console switched on."""

    more = "[console]\nenabled = true\n"


class Browser:
    """A signed-in user on one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port)
        self._cookie = ""

    def sign_in(self) -> None:
        form = urlencode({"name": _NAME, "password": _PASSWORD})
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Sec-Fetch-Site": "same-origin",
        }
        self._connection.request("POST", "/console/sign-in", form, headers)
        answer = self._connection.getresponse()
        answer.read()
        cookie = answer.getheader("Set-Cookie")
        if answer.status != http.HTTPStatus.SEE_OTHER or not cookie:
            raise SystemExit(f"sign-in: {answer.status}")
        self._cookie = cookie.partition(";")[0]

    def get(self, path: str) -> bytes:
        """The body; follows a redirect of the look-up box."""
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status == http.HTTPStatus.SEE_OTHER:
            return self.get(answer.getheader("Location", ""))
        if answer.status != http.HTTPStatus.OK:
            raise SystemExit(f"{path}: {answer.status}")
        return body

    def listen(self, path: str, on_change: Callable[[], object], over: threading.Event) -> None:
        """Read a stream until the end, and call `on_change` for each event of it."""
        connection = http.client.HTTPConnection(HOST, self._connection.port)
        connection.request("GET", path, headers={"Cookie": self._cookie})
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise SystemExit(f"{path}: {answer.status}")
        while not over.is_set():  # a heartbeat comes every 15 s
            if answer.readline().startswith(b"event: changed"):
                on_change()
        connection.close()

    def close(self) -> None:
        self._connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=100, help="that each page is asked for")
    parser.add_argument("--seconds", type=int, default=30, help="with and without open screens")
    parser.add_argument("--postgres", action="store_true", help="instead of the embedded store")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="simpost-bench-") as folder:
        database = Database() if wanted.postgres else None
        simpost = ConsoleSimpost(Path(folder) / "simpost", Terms(), database=database)
        try:
            simpost.fill_history(wanted.rows, int(time.time() * 1000))
            simpost.gateway.operate(
                "POST",
                "console-users",
                {"name": _NAME, "password": _PASSWORD, "role": "admin"},
            )
            browser = Browser(simpost.ports[0])
            browser.sign_in()
            pages = _pages(simpost, browser)
            figures = _ask_all(simpost, browser, pages, wanted.times)
            idle = _idle(simpost, browser, pages, wanted.seconds)
        finally:
            simpost.stop()
    store = "postgres" if wanted.postgres else "embedded"
    found = {"store": store, "rows": wanted.rows, "console": figures, "idle": idle}
    print(json.dumps({**describe(), **found}))
    is_slow = any(
        each["p95_ms"] > MOST_MS or each["octets"] > MOST_OCTETS for each in figures.values()
    )
    sys.exit(is_slow)


def _pages(simpost: Simpost, browser: Browser) -> dict[str, Where]:
    """Paths by name: all of the menu, and one of each kind that needs a value."""
    dice = random.Random(3)
    ids = [message["id"] for message in simpost.ask("/v1/messages?limit=200")["messages"]]
    menu = re.findall(r'<a href="(/console[^"]*)"', browser.get("/console").decode())
    access_code = simpost.gateway.access_code
    paths: dict[str, Where] = {path: lambda path=path: path for path in dict.fromkeys(menu)}  # type: ignore[misc]
    return paths | {
        "messages, delivered": lambda: f"/console/messages?account={access_code}&state=delivered",
        "messages, failed": lambda: f"/console/messages?account={access_code}&state=failed",
        "eSIM": lambda: f"/console/esims/{access_code}/{dice.choice(simpost.esims[2:])}",
        "eSIM with 11,000 messages": lambda: f"/console/esims/{access_code}/{simpost.esims[0]}",
        "message": lambda: f"/console/messages/{dice.choice(ids)}",
        "look-up of an eSIM": lambda: f"/console?q={dice.choice(simpost.esims)}",
        "look-up of a reference": lambda: f"/console?q=order-{dice.randrange(1000)}",
    }


def _ask_all(
    simpost: Simpost, browser: Browser, pages: Mapping[str, Where], times: int
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    print(f"{'':36} {'p50 ms':>8} {'p95 ms':>8} {'CPU ms':>8} {'octets':>8}")
    for name, path in pages.items():
        octets = _first_load(browser, path())
        latencies, cpu_before = [], simpost.cpu_seconds
        for _ in range(times):
            asked, started = path(), time.perf_counter()
            browser.get(asked)
            latencies.append(time.perf_counter() - started)
        cpu = round(1000 * (simpost.cpu_seconds - cpu_before) / times, 1)
        p50, p95 = (round(percentile_ms(latencies, share), 1) for share in (0.5, 0.95))
        figures[name] = {"p50_ms": p50, "p95_ms": p95, "cpu_ms": cpu, "octets": octets}
        print(f"{name:36} {p50:8} {p95:8} {cpu:8} {octets:8}", flush=True)
    return figures


def _first_load(browser: Browser, path: str) -> int:
    """Octets of a page and of the files that it names."""
    body = browser.get(path)
    named = set(re.findall(r'(?:src|href)="(/console/assets/[^"]+)"', body.decode()))
    return len(body) + sum(len(browser.get(each)) for each in named)


def _idle(
    simpost: Simpost, browser: Browser, pages: Mapping[str, Where], seconds: int
) -> dict[str, float]:
    """Percent of a core without screens, and with ten on each page that refreshes itself."""
    shares = {"no screens": _share(simpost, seconds)}
    for name, path in pages.items():
        page = unescape(browser.get(path()).decode())
        if found := re.search(r'data-live="([^"]+)" hx-get="([^"]+)"', page):
            shares[name] = _with_screens(simpost, partial(_listen, found[1], found[2]), seconds)
        elif found := re.search(r'hx-get="([^"]+)" hx-trigger="[^"]*every (\d+)s', page):
            screen = partial(_ask_again, found[1], int(found[2]))
            shares[name] = _with_screens(simpost, screen, seconds)
    for name, share in shares.items():
        print(f"{SCREENS} screens: {name:24} {share:5.1f} % of a core", flush=True)
    return shares


def _listen(stream: str, page: str, browser: Browser, over: threading.Event, _place: int) -> None:
    browser.listen(stream, lambda: browser.get(page), over)


def _ask_again(
    page: str, every_s: int, browser: Browser, over: threading.Event, place: int
) -> None:
    over.wait(every_s * place / SCREENS)
    while not over.is_set():
        browser.get(page)
        over.wait(every_s)


def _with_screens(
    simpost: Simpost, screen: Callable[[Browser, threading.Event, int], None], seconds: int
) -> float:
    over, signed_in = threading.Event(), threading.Barrier(SCREENS + 1)

    def open_screen(place: int) -> None:
        browser = Browser(simpost.ports[0])
        browser.sign_in()
        signed_in.wait()
        screen(browser, over, place)
        browser.close()

    screens = [threading.Thread(target=open_screen, args=(place,)) for place in range(SCREENS)]
    for each in screens:
        each.start()
    signed_in.wait()  # a sign-in costs more than a page
    time.sleep(_SETTLING_S)
    share = _share(simpost, seconds)
    over.set()
    for each in screens:
        each.join()
    return share


def _share(simpost: Simpost, seconds: int) -> float:
    before = simpost.cpu_seconds
    time.sleep(seconds)
    return round(100 * (simpost.cpu_seconds - before) / seconds, 2)


if __name__ == "__main__":
    main()
