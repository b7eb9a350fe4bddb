"""Preferences end to end on the demo: by command, by import, by a text of a handset, by a link."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.cli.test_cli_inbox import ESIM, NUMBER, text_from, wait_until_shown

STOPPED = "The demo account: Stopped: Offers, Notices."


def promote(simpost: Any) -> str:
    """Send a promotion; the reason of its refusal, empty when it is taken."""
    done = simpost("send", "Sale", "--esim", ESIM, "--category", "promotion")
    return "" if done.returncode == 0 else done.stderr + done.stdout


def allowed(simpost: Any, category: str) -> bool:
    shown = json.loads(simpost("preferences", "show", ESIM, "--json").stdout)
    return next(each["allowed"] for each in shown["categories"] if each["category"] == category)


@pytest.fixture(autouse=True)
def everything_is_allowed(simpost: Any) -> None:
    values = ("--promotion", "default", "--notice", "default", "--language", "default")
    assert simpost("preferences", "set", ESIM, *values).returncode == 0


def test_stop_from_the_handset_ends_promotions_and_not_codes(simpost: Any) -> None:
    assert text_from(simpost, NUMBER, "4455", "Stop please!") == ["ESME_ROK"]
    wait_until_shown(simpost, NUMBER, STOPPED + " Codes and service messages still come. "
                     "Text START to get them again.")  # fmt: skip
    assert "refuses messages" in promote(simpost)
    code = simpost("send", "Your code is 1234", "--esim", ESIM, "--category", "code", "--wait")
    assert code.returncode == 0, code.stderr
    assert text_from(simpost, NUMBER, "4455", "START") == ["ESME_ROK"]
    wait_until_shown(
        simpost, NUMBER, "The demo account: On again: Offers, Notices. Text STOP to end them."
    )
    assert promote(simpost) == ""
    shown = simpost("preferences", "history", ESIM, "--limit", "2").stdout.splitlines()
    assert re.search(r"handset +- +promotion=yes, notice=yes +START$", shown[1])
    assert re.search(r"handset +- +promotion=no, notice=no +Stop please!$", shown[2])


def test_a_doubtful_text_changes_nothing_and_is_a_flag(simpost: Any) -> None:
    assert text_from(simpost, NUMBER, "4455", "please stop this") == ["ESME_ROK"]
    assert allowed(simpost, "promotion")
    [flag] = json.loads(simpost("preferences", "flags", "--json").stdout)
    assert flag["words"] == "please stop this"
    assert simpost("preferences", "flags", "--close", flag["id"]).stdout == "closed\n"
    assert simpost("preferences", "flags").stdout == "no flags\n"


def test_a_command_changes_and_shows_preferences(simpost: Any) -> None:
    done = simpost("preferences", "set", ESIM, "--promotion", "no", "--language", "fr")
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "category sent decided by"
    assert "code yes category" in lines
    assert "promotion no esim" in lines
    assert "language fr" in lines
    wrong = simpost("preferences", "set", ESIM, "--promotion", "maybe")
    assert wrong.returncode == 2
    assert "promotion must be yes, no or default" in wrong.stderr
    assert simpost("preferences", "set", ESIM).returncode == 2


def test_a_file_is_imported_and_its_bad_lines_are_named(simpost: Any, tmp_path: Path) -> None:
    file = tmp_path / "wishes.csv"
    file.write_text(
        "esimTranNo,promotion,language,openHours,words\n"
        f"{ESIM},no,,,no offers\n"
        "26010100000099,no,,,\n"
        f"{ESIM},perhaps,,,\n"
        f"{ESIM},,french,,\n"
        f"{ESIM},,,8 to 9,\n",
        "utf-8",
    )
    done = simpost("preferences", "import", file)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines[:3]] == ["line 4", "line 5", "line 6"]
    assert lines[3:] == [
        "1 changed, 0 unchanged",
        "1 eSIM unknown, 3 lines not valid",
    ]
    assert not allowed(simpost, "promotion")
    assert simpost("preferences", "import", "-", stdin="iccid\n1\n").returncode == 2
    assert simpost("preferences", "import", "-", stdin=f"esimTranNo\n{ESIM}\n").returncode == 0


def test_the_page_of_a_link_acts_without_a_sign_in(simpost: Any) -> None:
    shown = json.loads(simpost("preferences", "show", ESIM, "--json").stdout)
    page = simpost.url + urlsplit(shown["optOutUrl"]).path
    with urllib.request.urlopen(page) as answer:
        html = answer.read().decode()
    action = re.findall(r'action="([^"]*)"', html)[0].replace("&amp;", "&")
    with urllib.request.urlopen(page + action, data=b"") as answer:
        html = answer.read().decode()
        assert answer.url == page
    assert "You do not get these." in html
    assert "refuses messages" in promote(simpost)


def test_help_is_answered(simpost: Any) -> None:
    assert text_from(simpost, NUMBER, "4455", "HELP") == ["ESME_ROK"]
    wait_until_shown(
        simpost,
        NUMBER,
        "The demo account: Text STOP to end: Offers, Notices. Text START to get them again.",
    )


def test_the_administrator_shows_and_changes_those_of_an_account(
    simpost: Any, run: Any, tmp_path: Path
) -> None:
    def of_demo(*arguments: str | Path, stdin: str = "") -> Any:
        return run("preferences", *arguments, "--account", "demo", stdin=stdin,
                   SIMPOST_CONFIG=str(simpost.config))  # fmt: skip

    done = of_demo("set", ESIM, "--promotion", "no", "--words", "no ads")
    assert done.returncode == 0, done.stderr
    assert not allowed(simpost, "promotion")
    [change] = json.loads(of_demo("history", ESIM, "--limit", "1", "--json").stdout)
    assert (change["way"], change["changedBy"], change["words"]) == ("cli", "admin", "no ads")
    imported = of_demo("import", "-", stdin=f"esimTranNo,promotion\n{ESIM},default\n")
    assert imported.stdout == "1 changed, 0 unchanged\n", imported.stderr
    assert "promotion  yes   default" in of_demo("show", ESIM).stdout
    assert of_demo("show").returncode == 0
    assert text_from(simpost, NUMBER, "4455", "please stop it now") == ["ESME_ROK"]
    [flag] = json.loads(of_demo("flags", "--json").stdout)
    assert of_demo("flags", "--close", flag["id"]).stdout == "closed\n"
    nobody = run("preferences", "show", "--account", "nobody", SIMPOST_CONFIG=str(simpost.config))
    assert (nobody.returncode, "no account with" in nobody.stderr) == (1, True)
    no_token = run("preferences", "show", ESIM, "--account", "demo", "--url", simpost.url)
    assert (no_token.returncode, "no admin token" in no_token.stderr) == (2, True)
