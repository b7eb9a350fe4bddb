"""Every Python block of the pages about the client runs against a demo and prints what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
