"""Every code block of the documentation is run or checked by something; a new kind fails here.

`console` and `sh` are run by `test_page_examples.py`, which names those that cannot be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import jsonschema_rs
import pytest
import yaml

from simpost.errors import ConfigError
from tests.native_app import document
from tests.scenarios.page_examples import fences
from tests.scenarios.scripts_not_run import NOT_RUN, why_not_run
from tests.surface.toml_snippets import load_snippet

PAGES = sorted(
    [*Path().glob("*.md"), *Path("docs").rglob("*.md"), *Path("clients").glob("*/README.md")]
)
CLIENTS = "tests/integration/clients/test_client_pages.py"
RUN_BY = {
    ("docs/clients.md", "python"): CLIENTS,
    ("clients/python/README.md", "python"): CLIENTS,
    ("clients/npm/README.md", "js"): CLIENTS,
    ("docs/shapes.md", "python"): CLIENTS,
    ("docs/webhooks.md", "python"): "tests/integration/webhooks/test_webhook_page.py",
    ("docs/handset-tests.md", "python"): "tests/integration/smsc/test_handset_tests_page.py",
    ("docs/smsc.md", "python"): "tests/integration/smsc/test_smsc_page.py",
    ("docs/proxies.md", "nginx"): "tests/integration/http/test_proxies.py",
    ("docs/proxies.md", "caddyfile"): "tests/integration/http/test_proxies.py",
    ("docs/proxies.md", "haproxy"): "tests/integration/http/test_proxies.py",
}
"""The test that runs the blocks of a language on a page; it names the page or its folder."""
NOT_CHECKED = {
    ("docs/handset-tests.md", "javascript"): "Playwright, Cypress and Postman are not installed",
}
SCHEMAS = {
    "docs/api.md": ["Envelope", "Notification", "ReloadResult"],
    "docs/verifications.md": ["Problem"],
    "docs/smsc.md": ["texts"],
    "docs/mcp.md": ["configuration of a program", "Quoted"],
}
"""What the JSON blocks of a page are, in their order: a schema of the API, or a name in FORMS."""
FORMS = {
    "Envelope": {"success", "errorCode", "errorMsg", "obj"},
    "Notification": {"notifyType", "notifyId", "eventGenerateTime", "content"},
    "texts": {"version", "texts"},
    "configuration of a program": {"mcpServers"},
    "Quoted": {"quoted", "origin", "isCut"},
}
"""The keys of what the OpenAPI document does not have."""
OUTPUT = {"text", "", "toctree"}
"""Output of a block before, a drawing, or a session elsewhere; with prompts it needs a reason."""
SESSIONS = {
    "docs/api.md": "a stream, which does not end; test_event_stream.py reads it",
    "docs/backups.md": "a copy of a store; test_copies.py",
    "docs/nodes.md": "several nodes; test_nodes_killed.py",
    "docs/postgres.md": "PostgreSQL; test_moving_killed.py",
    "docs/suppliers.md": "a supplier; test_supplier_copied.py",
}


class Snippet(NamedTuple):
    page: Path
    language: str
    name: str
    text: str


def snippets(*languages: str) -> Iterator[Snippet]:
    for page in PAGES:
        for language, name, text in fences(page):
            if not languages or language in languages:
                yield Snippet(page, language, name, text)


def kind(snippet: Snippet) -> str:
    """What takes care of a block; `unknown` if nothing does."""
    place = str(snippet.page), snippet.language
    if snippet.name or place in RUN_BY or place in NOT_CHECKED:
        return "named or run"
    if snippet.language in {"console", "sh", "toml", "json", "yaml", *OUTPUT}:
        return snippet.language or "text"
    return "unknown"


def test_every_block_is_run_or_checked():
    unknown = {(str(each.page), each.language) for each in snippets() if kind(each) == "unknown"}
    assert unknown == set(), "give it a test, and a line in RUN_BY"


def test_every_table_has_blocks_and_tests_that_exist():
    places = {(str(each.page), each.language) for each in snippets()}
    assert set(RUN_BY) | set(NOT_CHECKED) <= places
    for (page, _), test in RUN_BY.items():
        assert Path(page).name in Path(test).read_text("utf-8"), test
    named = " ".join((*NOT_RUN.values(), *SESSIONS.values()))
    known = {path.name for path in Path("tests").rglob("test_*.py")}
    assert set(re.findall(r"test_\w+\.py", named)) - known == set()


def test_a_file_of_a_page_is_used_by_a_command_of_it():
    for each in snippets():
        if each.name:
            rest = each.page.read_text("utf-8").replace(f"```{each.language} {each.name}", "")
            assert each.name in rest, (each.page, each.name)


def test_every_script_that_is_not_run_exists():
    found = {(str(each.page), each.text) for each in snippets("sh")}
    for page, beginning in NOT_RUN:
        assert any(at == page and text.startswith(beginning) for at, text in found), beginning


def test_pages_without_a_demo_name_all_their_scripts():
    """Pages of the clients are not among those that `test_page_examples.py` runs."""
    for each in snippets("sh"):
        if each.page.parts[0] == "clients":
            assert why_not_run(each.page, each.text), each


def test_targets_and_modules_of_scripts_exist():
    targets = set(re.findall(r"^([a-z-]+):", Path("Makefile").read_text("utf-8"), re.MULTILINE))
    for each in snippets("sh"):
        made = set(re.findall(r"^make ([a-z-]+)\b", each.text, re.MULTILINE))
        assert made <= targets, each.page
        for module in re.findall(r"\bpython -m ([\w.]+)", each.text):
            assert find_spec(module), (each.page, module)


def test_a_session_that_cannot_be_run_has_a_reason():
    prompts = {
        str(each.page) for each in snippets("text") if re.search(r"^ *\$ ", each.text, re.MULTILINE)
    }
    assert prompts == set(SESSIONS)


TOML = [each for each in snippets("toml") if not each.name]


@pytest.mark.parametrize("at", range(len(TOML)))
def test_settings_and_faults_are_read_by_the_real_loader(at, tmp_path):
    load_snippet(TOML[at].text, tmp_path / "simpost.toml")


def test_toml_that_is_wrong_is_found(tmp_path):
    wrong = "[console]\nenabeld = true\n", "[[rules]]\nwhen = { every = 0 }\n", "colour = 1\n"
    for text in wrong:
        with pytest.raises((ConfigError, KeyError), match=r"enabeld|every|colour"):
            load_snippet(text, tmp_path / "simpost.toml")


def test_json_has_the_form_that_the_api_gives_it():
    schemas = document()["components"]
    for page in PAGES:
        texts = [each.text for each in snippets("json") if each.page == page and not each.name]
        forms = ["EventOut"] * len(texts) if page.name == "events.md" else None
        for form, text in zip(forms or SCHEMAS.get(str(page), []), texts, strict=True):
            value = json.loads(text)
            if form in FORMS:
                assert set(value) == FORMS[form], page
            else:
                schema = {"$ref": f"#/components/schemas/{form}", "components": schemas}
                jsonschema_rs.validator_for(schema).validate(value)


def test_yaml_is_a_document():
    """For Traefik, which Debian does not have: routers name services that exist."""
    for each in snippets("yaml"):
        http = yaml.safe_load(each.text)["http"]
        assert {each["service"] for each in http["routers"].values()} == set(http["services"])
