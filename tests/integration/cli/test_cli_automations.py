"""`simpost automations` against the demo: samples are installed off, and one sends a text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simpost.features.automations.samples import SAMPLES
from tests.integration.cli.handset import shown_texts, wait_delivered
from tests.integration.cli.test_cli_inbox import ESIM


def test_samples_are_installed_off_once_and_send_when_they_are_on(
    simpost: Any, tmp_path: Path
) -> None:
    added = simpost("automations", "init", "--brand", "Tuk Tuk")
    assert added.stdout.splitlines() == [f"{name}  added, off" for name in SAMPLES]
    again = simpost("automations", "init", "--brand", "Other")
    assert (again.returncode, again.stdout) == (0, "All samples are there.\n")
    listed = simpost("automations", "list").stdout.splitlines()[1:]
    assert [line.split()[:2] for line in listed] == [[name, "off"] for name in sorted(SAMPLES)]
    saved = simpost(
        *("automations", "save", "data-used", "--trigger", "data_used_100"),
        *("--template", "data-used", "--value", "brand=Tuk Tuk", "--on"),
    )
    assert saved.stdout.startswith("data-used  on\n")
    assert "value      brand=Tuk Tuk\n" in saved.stdout
    rows = tmp_path / "events.csv"
    rows.write_text(f"esimTranNo,kind,id\n{ESIM},depleted,e1\n")
    reported = simpost("lifecycle", "import", str(rows))
    assert reported.returncode == 0, reported.stderr
    wait_delivered(simpost)
    [text] = shown_texts(simpost)
    assert "Tuk Tuk" in text
    shown = simpost("automations", "show", "data-used").stdout
    assert "runs       1 accepted, 0 refused" in shown
    preview = simpost("automations", "preview", "data-used", "--json")
    assert json.loads(preview.stdout)["sends"] == 1
    off = simpost("automations", "off", "data-used")
    assert off.stdout.startswith("data-used  off\n")
    deleted = simpost("automations", "delete", "data-used")
    assert deleted.stdout == "data-used  deleted\n"


def test_mistakes_are_explained(simpost: Any) -> None:
    unknown = simpost("automations", "show", "nothing")
    assert (unknown.returncode, "no such automation" in unknown.stderr) == (1, True)
    value = simpost(
        *("automations", "save", "a", "--trigger", "attached"),
        *("--template", "b", "--value", "brand"),
    )
    assert (value.returncode, "write it as NAME=VALUE" in value.stderr) == (2, True)
    trigger = simpost("automations", "save", "a", "--trigger", "landed", "--template", "b")
    assert (trigger.returncode, "trigger" in trigger.stderr) == (1, True)
