"""`--retire-missing` against the demo: what is shown, asked, saved and retired."""

from __future__ import annotations

import json
import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import prestarted

Simpost = Callable[..., Any]

HEADING = "esimTranNo,smdpStatus,esimStatus,smsStatus\n"


@pytest.fixture
def shop(simpost: Simpost, request: pytest.FixtureRequest) -> str:
    """An account with 25 eSIMs, for one test."""
    number = abs(hash(request.node.name)) % 10**6
    code = f"shop-{number}"
    assert simpost("accounts", "add", code).returncode == 0
    done = simpost("esims", "import", "-", "--account", code, stdin=rows(code, range(25)))
    assert done.returncode == 0, done.stderr
    return code


def rows(shop: str, numbers: Any, status: str = "IN_USE") -> str:
    lines = [f"{shop}-{number:02},ENABLED,{status},1\n" for number in numbers]
    return HEADING + "".join(lines)


def retired(simpost: Simpost, shop: str) -> list[str]:
    listed = simpost("esims", "list", "--account", shop, "--retired", "--json")
    return [each["esimTranNo"] for each in json.loads(listed.stdout)]


def run(simpost: Simpost, shop: str, file: str, *options: str) -> Any:
    return simpost("esims", "import", "-", "--account", shop, *options, stdin=file)


def test_missing_esims_are_shown_and_retired_after_the_rows_are_saved(
    simpost: Simpost, shop: str
) -> None:
    file = rows(shop, [0, 1, 30])
    shown = run(simpost, shop, file, "--retire-missing", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("23 of 25 are not in the file\nesimTranNo ")
    assert f"{shop}-21 " in shown.stdout
    assert f"{shop}-22 " not in shown.stdout
    assert "... and 3 more\n3 rows are good, in " in shown.stdout
    assert shown.stdout.endswith("\n23 would be retired.\n")
    assert retired(simpost, shop) == []

    done = run(simpost, shop, file, "--retire-missing", "--yes")
    assert done.returncode == 0, done.stderr
    assert "\n3 rows saved (1 added, 0 changed, 2 unchanged), in " in done.stdout
    assert done.stdout.endswith("\n23 retired.\n")
    assert retired(simpost, shop) == [f"{shop}-{number:02}" for number in range(2, 25)]
    again = run(simpost, shop, file, "--retire-missing", "--yes")
    assert again.stdout.startswith("0 of 3 are not in the file\n3 rows saved (0 added, 0 ch")
    assert again.stdout.endswith("\n0 retired.\n")


BAD = (
    "x,ENABLED,NONSENSE,1\n",
    "23072017992035,ENABLED,IN_USE,1\n",  # another account's
    'x,"ENABLED,IN_USE,1\n',  # cut off
    "never-seen,,,1\n",  # new, and its states are missing
)


def test_nothing_is_retired_when_a_row_was_refused(simpost: Simpost, shop: str) -> None:
    for row in BAD:
        done = run(simpost, shop, rows(shop, [0]) + row, "--retire-missing", "--yes")
        assert done.returncode == 1
        assert "1 row saved (0 added, 0 changed, 1 unchanged), 1 bad, in " in done.stdout
        assert done.stdout.endswith("\nNothing was retired: not every row is good.\n")
    assert retired(simpost, shop) == []


def test_a_file_without_rows_retires_nothing(simpost: Simpost, shop: str) -> None:
    done = run(simpost, shop, HEADING, "--retire-missing", "--yes")
    assert done.returncode == 1
    assert done.stdout.endswith("\nNothing was retired: the file has no rows.\n")
    assert retired(simpost, shop) == []


def test_without_a_terminal_to_confirm_nothing_is_saved(simpost: Simpost, shop: str) -> None:
    done = run(simpost, shop, rows(shop, [30]), "--retire-missing")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--retire-missing asks for a confirmation: give --yes" in done.stderr
    assert simpost("esims", "list", f"{shop}-30").stdout == "none\n"


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_nothing_is_saved_without_a_yes(
    simpost: Any, shop: str, tmp_path: Path, answer: str, code: int
) -> None:
    file = tmp_path / "esims.csv"
    file.write_text(rows(shop, [*range(24), 30]))
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = prestarted.run(
        [sys.executable, "-m", "simpost", "esims", "import", file, "--account", shop,
         "--retire-missing", "--config", simpost.config],
        stdin=theirs, timeout=50,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert done.returncode == code, done.stderr
    assert "Save 25 rows and retire 1? [y/N]:" in done.stderr
    assert retired(simpost, shop) == ([f"{shop}-24"] if answer == "y" else [])
    assert ("none" in simpost("esims", "list", f"{shop}-30").stdout) == (answer == "n")


def test_an_accounts_prices_come_from_a_file_of_plans(simpost: Simpost) -> None:
    file = "packageCode,price\nPKG-TH-01,70000\nnone,1\n"
    done = simpost("plans", "import", "-", "--account", "demo", stdin=file)
    assert done.returncode == 1
    assert done.stderr == "line 3: no plan has this packageCode\n"
    assert done.stdout.startswith("1 row saved (1 added, 0 changed, 0 unchanged), 1 bad, in ")
    assert '"price": 45000' in simpost("plans", "show", "PKG-TH-01", "--json").stdout
    done = simpost("plans", "import", "-", "--account", "demo", "--replace", stdin=file)
    assert (done.returncode, done.stdout) == (2, "")


def test_missing_plans_are_retired(simpost: Simpost) -> None:
    plans = json.loads(simpost("plans", "list", "--json").stdout)
    kept = [{"packageCode": each["packageCode"]} for each in plans if each["slug"] != "TH_1_7"]
    done = simpost(
        "plans", "import", "-", "--retire-missing", "--yes", stdin="\n".join(map(json.dumps, kept))
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"1 of {len(plans)} are not in the file\n")
    assert done.stdout.endswith("\n1 retired.\n")
    listed = json.loads(simpost("plans", "list", "--json").stdout)
    assert [each["slug"] for each in listed if each["retired"]] == ["TH_1_7"]
