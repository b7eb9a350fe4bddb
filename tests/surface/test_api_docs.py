import re
from pathlib import Path

import pytest

from simpost.api.open.envelope import Code
from simpost.api.open.request import PREFIX
from simpost.api.open.routes import ENDPOINTS
from simpost.api.shared.problems import ProblemCode
from simpost.api.v1.messages.results import STATUS

API = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def rows_of(heading: str) -> set[str]:
    """What the first column of the table under a heading lists."""
    section = API.split(f"\n### {heading}\n")[1].partition("\n### ")[0].partition("\n---\n")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def test_every_code_of_the_compatible_api_is_documented_and_no_other() -> None:
    assert rows_of("Codes") == {str(code) for code in Code}


def test_every_problem_of_the_native_api_is_documented_and_no_other() -> None:
    assert rows_of("Problems") == {str(code) for code in ProblemCode}


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_endpoint_of_the_compatible_api_is_documented(path: str) -> None:
    assert f"`{path.removeprefix(f'{PREFIX}/')}`" in API


@pytest.mark.parametrize("reason", STATUS)
def test_every_reason_with_a_status_of_its_own_is_documented(reason: str) -> None:
    assert f"`{reason}`" in API
