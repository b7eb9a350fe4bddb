"""`simpost templates`, and `simpost send` with a template."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Simpost = Callable[..., Any]
ESIM = "23072017992029"
TEMPLATE = {
    "name": "ends",
    "variables": {
        "country": {"type": "text", "longest": "Bosnia and Herzegovina"},
        "days": {"type": "number", "longest": 365, "default": 7},
    },
    "texts": {
        "en": "{country}: {days, plural, one {# day} other {# days}}",
        "ru": "{country}: {days, plural, one {# день} few {# дня} many {# дней} other {# дня}}",
    },
}


@pytest.fixture(scope="module")
def saved(simpost: Simpost, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("templates") / "ends.json"
    file.write_text(json.dumps(TEMPLATE), "utf-8")
    return simpost("templates", "save", file)


def test_saving_shows_the_parts_of_each_language(saved: Any) -> None:
    assert saved.returncode == 0, saved.stderr
    assert [line.rstrip() for line in saved.stdout.splitlines()] == [
        "ends  version 1",
        "language  longest         UCS-2 triggers  text",
        "en        1 part of gsm7  -               Bosnia and Herzegovina: 365 days",
        "ru        1 part of ucs2  д е н ь         Bosnia and Herzegovina: 365 день",
    ]


def test_a_template_is_listed_shown_and_previewed(simpost: Simpost, saved: Any) -> None:
    assert "en, ru     country, days" in simpost("templates", "list").stdout
    shown = simpost("templates", "show", "ends", "--version", "1").stdout
    assert "{country}  text, required, longest 'Bosnia and Herzegovina'" in shown
    assert "{days}  number, default 7, longest 365" in shown
    assert f"en (default): {TEMPLATE['texts']['en']}" in shown
    previewed = simpost("templates", "preview", "ends").stdout
    assert saved.stdout == f"ends  version 1\n{previewed}"


def test_a_text_is_rendered_and_sent(simpost: Simpost, saved: Any) -> None:
    chosen = ("--values", '{"country": "Japan", "days": 3}', "--language", "ru")
    rendered = simpost("templates", "render", "ends", *chosen)
    assert rendered.stdout == "Japan: 3 дня\n  version 1 in ru, 1 part of ucs2\n"
    done = simpost("send", "--esim", ESIM, "--template", "ends", *chosen, "--wait")
    assert done.returncode == 0, done.stderr
    shown = simpost("messages", done.stdout.split()[0]).stdout
    assert "text      Japan: 3 дня" in shown
    assert "template  ends, version 1, in ru" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("render", "ends"), 1, "The value of country is missing."),
        (("render", "ends", "--values", "[1]"), 2, "--values must be a JSON object"),
        (("show", "none"), 1, "no such template"),
        (("delete", "none"), 1, "no such template"),
        (("save", "none.json"), 2, "No such file"),
    ],
)
def test_a_mistake_is_said_in_words(
    simpost: Simpost, saved: Any, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = simpost("templates", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_template_with_mistakes_names_each_and_is_not_saved(
    simpost: Simpost, tmp_path: Path
) -> None:
    bad = TEMPLATE | {"name": "bad", "texts": {"en": "{dayz} {"}}
    done = simpost("templates", "save", "-", "--dry-run", stdin=json.dumps(bad))
    assert done.returncode == 1
    assert "body.texts.en: At character 9: { needs a variable name" in done.stderr
    good = simpost("templates", "save", "-", "--dry-run", stdin=json.dumps(TEMPLATE))
    assert good.stdout.startswith("ends  valid, not saved\n")


def test_a_template_is_deleted(simpost: Simpost) -> None:
    template = json.dumps(TEMPLATE | {"name": "gone"})
    assert simpost("templates", "save", "-", stdin=template).returncode == 0
    assert simpost("templates", "delete", "gone").stdout == "gone  deleted\n"
    assert simpost("templates", "show", "gone").returncode == 1
