"""`simpost broadcast file` and `simpost esims tag` against the demo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.integration.cli.test_cli_inbox import ESIM

TEMPLATE = {
    "name": "trip",
    "texts": {"en": "Seat {seat} on {day}"},
    "defaultLanguage": "en",
    "variables": {
        "seat": {"type": "text", "longest": "12A"},
        "day": {"type": "text", "longest": "Wednesday"},
    },
}


def test_a_file_is_shown_uploaded_and_sent_with_its_values(simpost: Any, tmp_path: Path) -> None:
    template = tmp_path / "trip.json"
    template.write_text(json.dumps(TEMPLATE))
    assert simpost("templates", "save", str(template)).returncode == 0
    file = tmp_path / "trips.csv"
    file.write_text(f"esimTranNo;Day of trip;seat\n{ESIM};Monday;12A\n8.98E+19;Monday;1\n")
    options = ("broadcast", "file", str(file), "--map", "Day of trip=day")
    tried = simpost(*options, "--dry-run")
    assert tried.returncode == 1
    assert "column 'Day of trip': day\n" in tried.stdout
    assert "rows that name an eSIM: 1 of 2\n" in tried.stdout
    assert "line 3: esimTranNo 8.98E+19 was rounded by a spreadsheet" in tried.stdout
    file.write_text(f"esimTranNo;Day of trip;seat\n{ESIM};Monday;12A\n")
    read = json.loads(simpost(*options, "--json").stdout)
    assert (read["good"], read["refused"]) == (1, 0)
    preview = simpost(
        *("broadcast", "start", "Trips", "--template", "trip", "--category", "service"),
        *("--file", read["id"], "--dry-run"),
    )
    assert preview.returncode == 0, preview.stderr
    assert preview.stdout.splitlines()[-1].endswith("Seat 12A on Monday")
    listed = simpost("broadcast", "files").stdout.splitlines()
    assert listed[1].split()[:4] == [read["id"], "trips.csv", "1", "0"]
    rows = simpost("broadcast", "file-rows", read["id"]).stdout.splitlines()
    assert rows[1].split() == ["2", ESIM, "day=Monday,", "seat=12A"]
    refused = simpost("broadcast", "file-rows", read["id"], "--refused")
    assert refused.stdout == "No rows.\n"
    deleted = simpost("broadcast", "delete-file", read["id"])
    assert deleted.stdout == f"{read['id']} is deleted\n"
    assert simpost("broadcast", "files").stdout == "No files.\n"
    missing = simpost(*options[:2], str(tmp_path / "none.csv"))
    assert missing.stderr.endswith("none.csv cannot be read: No such file or directory.\n")


def test_tags_select_the_esims_of_a_broadcast(simpost: Any, tmp_path: Path) -> None:
    tagged = simpost("esims", "tag", ESIM, "26010199999999", "--add", "vip")
    assert (tagged.returncode, tagged.stdout.splitlines()) == (
        1,
        ["1 of 2 changed", "26010199999999: esim_unknown"],
    )
    listed = simpost("esims", "list", "--tag", "vip").stdout.splitlines()
    assert [line.split()[0] for line in listed[1:]] == [ESIM]
    template = tmp_path / "hi.json"
    template.write_text(json.dumps({"name": "hi", "texts": {"en": "Hi"}, "defaultLanguage": "en"}))
    simpost("templates", "save", str(template))
    options = ("--template", "hi", "--category", "service", "--tag", "vip", "--dry-run")
    preview = simpost("broadcast", "start", "Hi", *options)
    assert "eSIMs        1, of which 1 were decided\n" in preview.stdout
    assert simpost("esims", "tag", ESIM, "--remove", "vip").returncode == 0
