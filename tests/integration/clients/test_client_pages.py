"""Every Python and JavaScript block of the pages about the clients prints what the page says.

The blocks run against a demo.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.clients.conftest import run_node
from tests.scenarios.test_demo import demo
from tests.scenarios.test_page_examples import wait_bound

PAGES = [Path("clients/python/README.md"), Path("docs/clients.md")]
BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
ADDRESS = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with demo(f"--data={tmp_path_factory.mktemp('demo') / 'data'}") as (_, running, _):
        wait_bound(running)
        yield running


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_python_blocks_print_what_the_page_shows(page, url):
    blocks = BLOCK.findall(page.read_text("utf-8"))
    assert blocks
    environment = {**os.environ, "PYTHONPATH": str(Path("clients/python/src").absolute())}
    for source, shown in blocks:
        assert ADDRESS in source or "http" not in source
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", source.replace(ADDRESS, url)],
            capture_output=True, text=True, check=False, timeout=60, env=environment,
        )  # fmt: skip
        assert (done.stdout, done.stderr) == (shown, ""), source


def test_the_client_of_twilio_sends_as_the_page_of_shapes_shows(url):
    [(source, _)] = BLOCK.findall(Path("docs/shapes.md").read_text("utf-8"))
    done = subprocess.run(
        [sys.executable, "-c", source.replace(ADDRESS, url)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert re.fullmatch(r"SM[0-9a-f]{32} \w+ 1\n", done.stdout), (done.stdout, done.stderr)


NODE_BLOCK = re.compile(r"```js\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)


def test_javascript_blocks_print_what_the_page_shows(url, npm_client):
    blocks = NODE_BLOCK.findall((npm_client / "README.md").read_text("utf-8"))
    assert blocks
    for source, shown in blocks:
        example = npm_client / "example.mjs"
        built = source.replace(ADDRESS, url).replace("@simpost/client", "./dist/index.js")
        example.write_text(built, "utf-8")
        assert run_node(["node", example], npm_client) == shown, source
