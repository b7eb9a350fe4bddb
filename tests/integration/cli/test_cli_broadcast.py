"""`simpost broadcast` against the demo: a preview, then one text to each of the eSIMs named."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from tests import prestarted
from tests.integration.cli.handset import shown_texts, wait_delivered
from tests.integration.cli.test_cli_inbox import ESIM

TEMPLATE = {"name": "works", "texts": {"en": "Works on Sunday"}, "defaultLanguage": "en"}


def begin(simpost: Any, tmp_path: Path, *options: str) -> Any:
    file = tmp_path / "works.json"
    file.write_text(json.dumps(TEMPLATE))
    simpost("templates", "save", str(file))
    esims = tmp_path / "esims.csv"
    esims.write_text(f"esimTranNo,name\n{ESIM},Ana\n26010199999999,\n")
    return simpost(
        *("broadcast", "start", "Works", "--template", "works", "--category", "service"),
        *("--esims", str(esims), *options),
    )


def wait_until_connected(pid: int) -> None:
    """Wait until a command has a connection to the gateway: its first request is on the way."""
    ends = time.monotonic() + 20
    process = psutil.Process(pid)
    while not any(one.status == "ESTABLISHED" for one in process.net_connections("tcp")):
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_a_broadcast_reaches_the_handset_and_counts_the_rest(simpost: Any, tmp_path: Path) -> None:
    preview = begin(simpost, tmp_path, "--dry-run")
    assert "eSIMs        2, of which 2 were decided\n" in preview.stdout
    assert (
        "parts        1, 1.0000 cost units; no known price for 1 eSIM, 1 unit a part\n"
        in preview.stdout
    )
    assert preview.stdout.splitlines()[-1].endswith("Works on Sunday")
    started = begin(simpost, tmp_path, "--watch", "--actor", "Ana")
    assert (started.returncode, started.stdout.splitlines()[-1]) == (
        0,
        "finished: Every eSIM was decided.",
    )
    broadcast_id = started.stdout.split()[0]
    accepted = simpost("broadcast", "recipients", broadcast_id, "--state", "accepted", "--json")
    [found] = json.loads(accepted.stdout)
    wait_delivered(simpost, found["messageId"])
    assert shown_texts(simpost).count("Works on Sunday") == 1
    shown = simpost("broadcast", "show", broadcast_id)
    assert "eSIMs      2: 1 accepted, 0 held, 1 refused, 0 cancelled, 0 remaining" in shown.stdout
    refused = simpost("broadcast", "recipients", broadcast_id, "--state", "refused").stdout
    assert [line.split() for line in refused.splitlines()] == [
        ["eSIM", "state", "message", "why"],
        ["26010199999999", "refused", "esim_unknown"],
    ]
    listed = simpost("broadcast", "list").stdout.splitlines()[1]
    assert listed.split() == [broadcast_id, "Works", "finished", "2", "2"]
    late = simpost("broadcast", "pause", broadcast_id)
    assert (late.returncode, "The broadcast is finished." in late.stderr) == (1, True)


def test_an_interrupt_pauses_it_and_json_stays_json(simpost: Any, tmp_path: Path) -> None:
    file = tmp_path / "works.json"
    file.write_text(json.dumps(TEMPLATE | {"name": "slow", "texts": {"en": "Slow works"}}))
    simpost("templates", "save", str(file))
    options = ("--template", "slow", "--category", "service", "--everyone", "--json")
    slow = ("--per-second", "0.01", "--stop-refused", "0")
    started = simpost("broadcast", "start", "Works", *options, *slow, "--not-after", "2100-01-01")
    assert (started.returncode, "notAfter" in started.stderr) == (1, True)
    begun = json.loads(simpost("broadcast", "start", "Works", *options, *slow).stdout)
    assert begun["perSecond"] == 0.01
    watch = prestarted.Popen(
        [
            *(sys.executable, "-m", "simpost", "broadcast", "watch", begun["id"]),
            *("--json", "--actor", "Ana"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "SIMPOST_CONFIG": str(simpost.config),
            "SIMPOST_ACCESS_CODE": "demo",
            "SIMPOST_SECRET": "demo-secret",
        },
    )
    with watch:
        wait_until_connected(watch.pid)
        watch.send_signal(signal.SIGINT)
        stdout, stderr = watch.communicate(timeout=30)
    assert (watch.returncode, stderr) == (1, "")
    paused = json.loads(stdout)
    assert (paused["status"], paused["actor"]) == ("paused", "Ana")
    cancelled = simpost("broadcast", "cancel", begun["id"], "--json")
    assert json.loads(cancelled.stdout)["counts"]["remaining"] == 0
    ended = simpost("broadcast", "watch", begun["id"])
    assert (ended.returncode, ended.stdout.startswith("cancelled: It was cancelled.")) == (1, True)


def test_mistakes_are_explained(simpost: Any, tmp_path: Path) -> None:
    nobody = simpost("broadcast", "start", "Works", "--template", "works")
    assert nobody.returncode == 2
    assert "say to whom: conditions, --esims, --file or --everyone." in nobody.stderr
    file = tmp_path / "wrong.csv"
    file.write_text("iccid\n1\n")
    wrong = simpost("broadcast", "start", "Works", "--template", "works", "--esims", str(file))
    assert (wrong.returncode, "has no column esimTranNo" in wrong.stderr) == (2, True)
    unknown = simpost("broadcast", "show", "x")
    assert (unknown.returncode, "no such broadcast" in unknown.stderr) == (1, True)
