"""`simpost lifecycle` and `simpost esims events` against the demo."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from tests.integration.cli.test_cli_inbox import ESIM

CSV = f"""kind,esimTranNo,iccid,at,usedPercent,country
country_changed,{ESIM},,2026-01-01T00:00:00Z,,JP
usage_threshold,{ESIM},,2026-01-02T00:00:00Z,80,
installed,,8944538532008160222,2026-01-01T00:00:00Z,,
"""


def test_events_of_a_file_are_imported_once(simpost: Any, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text(CSV)
    first = simpost("lifecycle", "import", str(file), "--json")
    assert json.loads(first.stdout) == {"applied": 2, "parked": 1}
    again = simpost("lifecycle", "import", str(file))
    assert again.stdout == "       3  duplicate\n"
    shown = simpost("esims", "events", ESIM)
    rows = [line.split()[2:] for line in shown.stdout.splitlines()]
    assert ["usage_threshold", "api", "applied", "80", "%", "used"] in rows
    assert ["country_changed", "api", "applied", "JP"] in rows
    heading = "kind,esimTranNo,remainingOctets,totalOctets,expiresAt"
    file.write_text(f"{heading}\nusage_threshold,{ESIM},1500,9000,2030-01-02T00:00:00Z\n")
    assert simpost("lifecycle", "import", str(file)).returncode == 0
    latest = simpost("esims", "events", ESIM, "--limit", "1").stdout
    assert latest.rstrip().endswith("1,500 octets left of 9,000, ends 2030-01-02T00:00:00.000Z")
    assert "1 event of eSIMs that are not imported" in simpost("lifecycle", "list").stdout


def test_a_file_that_is_wrong_is_refused_with_its_line(simpost: Any, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    for content, said in (
        ("esimTranNo\n1\n", "the heading must have kind"),
        ("kind,iccid\ninstalled,8.94E+18\n", "send it as text"),
        ("kind,usedPercent\ninstalled,many\n", "line 2: usedPercent must be a whole number"),
        ("kind,iccid\ninstalled,1,2\n", "line 2: more cells"),
    ):
        file.write_text(content)
        done = simpost("lifecycle", "import", str(file))
        assert done.returncode != 0
        assert said in done.stderr, done.stderr


def test_a_source_is_added_used_listed_and_deleted(simpost: Any, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text('{"kind": "$.t", "kinds": {"ON": "enabled"}, "esimTranNo": "$.esim"}')
    options = ("--name", "Other", "--mapping", str(mapping), "--allow", "127.0.0.0/8")
    added = json.loads(simpost("lifecycle", "add", "mapping", *options, "--json").stdout)
    body = json.dumps({"t": "ON", "esim": ESIM}).encode()
    url = urljoin(simpost.url, added["url"])
    with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
        assert json.load(answer) == {"events": 1, "new": 1}
    body = json.dumps({"t": "?", "esim": ESIM}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
        assert "notUnderstood" in json.load(answer)
    assert "the mapping has no kind for '?'" in simpost("lifecycle", "errors").stdout
    listed = simpost("lifecycle", "list").stdout
    assert added["id"] in listed
    token = added["url"].rpartition("/")[2]
    assert token not in listed
    assert simpost("lifecycle", "delete", added["id"]).stdout == f"{added['id']}  deleted\n"
    assert added["id"] not in simpost("lifecycle", "list").stdout
