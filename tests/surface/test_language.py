"""Names and words: what words.md asks for and a machine can check."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

SOURCES = sorted(Path("src").rglob("*.py"))
PAGES = sorted(
    [*Path().glob("*.md"), *Path("docs").rglob("*.md"), *Path("requirements").glob("*.md")]
)

SAME_NAME: dict[str, str] = {}
"""Class names that may exist twice, and why."""

NOUNS = frozenset(
    {
        "data_coding",
        "encoding",
        "inbound_routing",
        "messaging",
        "packaging",
        "paging",
        "routing",
        "spelling",
        "tracing",
    }
)
"""Modules and packages whose names end in -ing and are nouns of the trade."""

UNUSED_WORDS = re.compile(
    r"\b(anew|mend(s|ed|ing)?|whoever|whomever|in vain|had better|dearer|bur(y|ies|ied)|heed(s|ed)?"
    r"|obey(s|ed|ing)?|tells? of|told of|speaks? of|spoke of|meanwhile|in turn|so many|doors?"
    r"|tenants?|hitherto|lest)\b",
    re.IGNORECASE,
)

MOST_LINES = 500

DOCUMENTED = ("api", "cli", "cluster", "console", "http", "net", "ports", "smpp", "text")


def classes():
    found = defaultdict(list)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path))
    return found


def test_a_class_name_exists_once():
    twice = {name for name, paths in classes().items() if len(paths) > 1}
    assert twice - SAME_NAME.keys() == set()


def test_modules_are_nouns():
    helpers = [path for path in Path("tests").rglob("*.py") if not path.name.startswith("test_")]
    paths = [*SOURCES, *Path("bench").rglob("*.py"), *helpers]
    names = {path.stem for path in paths} | {path.parent.name for path in paths}
    gerunds = {name for name in names if name.endswith("ing")}
    assert gerunds - NOUNS == set()


def test_a_file_has_500_lines_at_most():
    long = [str(path) for path in SOURCES if path.read_text("utf-8").count("\n") > MOST_LINES]
    assert long == []


def test_words_we_do_not_use():
    code = [path for room in ("src", "bench", "tests") for path in Path(room).rglob("*.py")]
    other = [path for room in ("src", "ops") for path in Path(room).rglob("*.*")]
    texts = [path for path in other if path.suffix in {".sql", ".toml", ".html", ".json", ".yml"}]
    paths = [*PAGES, *code, *texts]
    found = [
        f"{path}:{number}: {word[0]}"
        for path in paths
        if path.name != Path(__file__).name
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (word := UNUSED_WORDS.search(line))
    ]
    assert found == []


def without_docstring(body, prefix=""):
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                yield prefix + node.name
            yield from without_docstring(node.body, f"{prefix}{node.name}.")
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and not node.name.startswith("_") and not ast.get_docstring(node):
            yield prefix + node.name


@pytest.mark.parametrize("room", DOCUMENTED)
def test_every_public_class_and_function_has_a_docstring(room):
    missing = [
        f"{path}: {name}"
        for path in sorted(Path("src/simpost", room).rglob("*.py"))
        for name in without_docstring(ast.parse(path.read_text("utf-8")).body)
    ]
    assert missing == []


def test_the_checks_find_violations():
    assert UNUSED_WORDS.search("Decided Anew each time")
    assert not UNUSED_WORDS.search("indoors, mendacious")
    body = ast.parse("class A:\n    def b(self): pass\n    def _c(self): pass\n").body
    assert list(without_docstring(body)) == ["A", "A.b"]
