"""The documentation as a site: built strictly, complete in itself, searched without a server."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.integration.downloads import install_python

ROOT = Path(__file__).parents[2]
LOADING = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src")}
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
ELSEWHERE = re.compile(r"""(?:url\(|@import)\s*["']?\s*(?:https?:)?//""")


class Page(HTMLParser):
    """What a page loads, what it links to, and its anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.anchors.add(value or "")
            elif (tag, name) in LOADING:
                self.loads.append(value or "")
            elif (tag, name) == ("a", "href"):
                self.links.append(value or "")


@pytest.fixture(scope="session")
def site(shared: Path) -> Path:
    """The site, built once in a run as `make site` builds it."""
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "site"
        if not folder.exists():
            programs = install_python(ROOT / "requirements", "site", "no site is built", "site.txt")
            making = shared / "site.part"
            command = [programs / "sphinx-build", "-W", "--keep-going", "-q", "-E"]
            command += ["-c", "docs/site", "-d", shared / "site.doctrees", ".", making]
            done = subprocess.run(
                command,
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, **NO_NETWORK},
            )
            assert done.returncode == 0, done.stderr
            making.rename(folder)
    return folder


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.resolve().rglob("*.html")}


def is_local(url: str) -> bool:
    return not (urlsplit(url).scheme or urlsplit(url).netloc)


def test_the_site_loads_nothing_from_elsewhere(site, pages):
    assert len(pages) > 80
    assert {url for page in pages.values() for url in page.loads if not is_local(url)} == set()
    styles = [*site.rglob("*.css"), *pages]
    assert [path for path in styles if ELSEWHERE.search(path.read_text("utf-8"))] == []


def is_there(url: str, path: Path, pages: dict[Path, Page]) -> bool:
    """Whether the file that a page names is in the site, with the anchor if it names one."""
    at, _, anchor = unquote(url).partition("#")
    target = (path.parent / at.partition("?")[0]).resolve() if at else path
    if target in pages and anchor:
        return anchor in pages[target].anchors
    return target.is_file()


def test_what_pages_load_and_link_to_is_in_the_site(pages):
    urls = [(url, path) for path, page in pages.items() for url in [*page.loads, *page.links]]
    local = [(url, path) for url, path in urls if is_local(url)]
    assert len(local) > 1000
    assert [(url, path) for url, path in local if not is_there(url, path, pages)] == []


@pytest.mark.skipif(shutil.which("chromedriver") is None, reason="chromedriver is not installed")
def test_a_search_finds_pages_from_files_alone(site):
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService
    from selenium.webdriver.support.wait import WebDriverWait

    options = ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    browser = Chrome(options, ChromeService(shutil.which("chromedriver")))
    try:
        browser.get(f"{(site / 'search.html').as_uri()}?q=quiet+hours")
        found = WebDriverWait(browser, 60).until(
            lambda page: page.find_elements("css selector", "#search-results li a")
        )
        assert any("policy.html" in each.get_attribute("href") for each in found)
    finally:
        browser.quit()
