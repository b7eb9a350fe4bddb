"""How `make site` builds the documentation: Sphinx reads the Markdown that GitHub shows.

The folder of the sources is that of the repository, so that links between pages stay as they are.
Nothing is loaded from elsewhere: no fonts, no scripts, no inventories of other projects.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CONTENTS = (HERE / "contents.txt").read_text("utf-8")
LINK = re.compile(r"\[([^\[\]]+)\]\((?![a-z]+:|#)([^()\s#]+)(#[^()\s]*)?\)")

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

project = "simpost"
version = release = PYPROJECT["project"]["version"]
extensions = ["myst_parser"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
root_doc = "README"
include_patterns = ["*.md", "docs/**.md", "docs/**.rst", "clients/*/README.md"]
exclude_patterns = [
    *(".*", "bench", "clients/*/node_modules", "dist", "examples", "ops", "packaging"),
    *("requirements", "site", "src", "tests"),
]
myst_heading_anchors = 4  # with the anchors of GitHub
suppress_warnings = ["misc.highlighting_failure"]  # JSON of examples is elided with ...

html_theme = "furo"
html_title = f"simpost {release}"
html_extra_path = ["start"]
html_use_index = False
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False


def prepare(_app: Any, docname: str, source: list[str]) -> None:
    """Add the contents to the first page; name folders of the repository without a link."""
    folder = (ROOT / docname).parent

    def link(found: re.Match[str]) -> str:
        label, target, _ = found.groups()
        if not (folder / target).is_dir():
            return found[0]
        if (folder / target).resolve() == ROOT / "docs" / "decisions":
            return f"[{label}](docs/site/decisions.rst)"
        return label

    source[0] = LINK.sub(link, source[0])
    if docname == root_doc:
        source[0] += CONTENTS


def setup(app: Any) -> None:
    """Called by Sphinx."""
    from pygments.lexers.special import TextLexer

    for language in ("caddyfile", "csv", "haproxy"):
        app.add_lexer(language, TextLexer)  # Pygments has no lexer for them
    app.connect("source-read", prepare)
