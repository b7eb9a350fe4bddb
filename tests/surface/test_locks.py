"""The locks of an installation and of the tools that build are the lock of `make run`, divided."""

import re
from pathlib import Path

import pytest

LOCKS = Path("requirements")


def pins(name):
    return set(
        re.findall(r"^([\w.-]+==\S+)", (LOCKS / f"{name}.txt").read_text("utf-8"), re.MULTILINE)
    )


def test_what_is_deployed_and_what_builds_are_what_runs():
    assert pins("deploy") | pins("build") == pins("run")


def test_an_installation_has_no_tool_that_builds():
    assert pins("deploy") & pins("build") == set()


@pytest.mark.parametrize("name", ["deploy", "build"])
def test_every_file_is_pinned_by_hash(name):
    text = (LOCKS / f"{name}.txt").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip()]
    assert [line for line in lines if "--hash=sha256:" not in line] == []
