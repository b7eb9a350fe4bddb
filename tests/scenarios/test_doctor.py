"""`simpost doctor` beside a service that runs, and beside none."""

import json
import subprocess
import sys

from tests import prestarted
from tests.scenarios.test_demo import demo
from tests.scenarios.test_page_examples import wait_bound


def doctor(config, *options):
    """The exit code, and what it prints."""
    process = prestarted.Popen(
        [sys.executable, "-m", "simpost", "doctor", f"--config={config}", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed, _ = process.communicate(timeout=90)
    return process.returncode, printed


def test_it_finds_a_healthy_demo_and_then_that_nothing_runs(tmp_path):
    data = tmp_path / "demo"
    config = data / "simpost.toml"
    with demo(f"--data={data}") as (_, url, _):
        wait_bound(url)
        code, printed = doctor(config, "--json")
        found = {(each["subject"], each["severity"]) for each in json.loads(printed)["findings"]}
        assert code == 0, printed
    subjects = {subject for subject, _ in found}
    assert subjects >= {"versions", "clock", "disk", "limits", "configuration", "webhooks"}
    assert ("service", "ok") in found
    assert ("problem" in {severity for _, severity in found}) is False
    code, printed = doctor(config)
    assert code == 1
    assert "does not answer" in printed
    assert "Start it with `simpost serve`" in printed
    assert printed.count("problem") >= 2  # the row, and the sum
