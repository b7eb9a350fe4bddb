"""Completion in shells, of the installed command; and the man page."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simpost.cli import COMMANDS

ROOT = Path(__file__).parents[2]
COMPLETE = """\
source <(simpost completion bash)
complete_line() {
    COMP_WORDS=("$@")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _simpost_completion simpost
    echo "${COMPREPLY[@]}"
}
complete_line simpost comp
complete_line simpost esims imp
complete_line simpost health --re
"""


def test_bash_completes_commands_and_options(environment):
    done = subprocess.run(
        ["bash", "-c", COMPLETE],
        env={"PATH": f"{environment}/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split("\n"), done.stderr) == (["completion", "import", "--ready", ""], "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_understand_the_script(environment, shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed.")
    script = subprocess.check_output([environment / "bin" / "simpost", "completion", shell])
    subprocess.run([shell, "-n", "/dev/stdin"], input=script, check=True)


def test_the_man_page_has_every_command_and_no_fault(tmp_path):
    page = tmp_path / "simpost.1"
    command = [sys.executable, ROOT / "packaging" / "manual.py"]
    page.write_bytes(subprocess.check_output(command, env={"SOURCE_DATE_EPOCH": "0"}))
    text = page.read_text("utf-8")
    assert '"1970-01-01"' in text.partition("\n")[0]
    assert all(f'.SS "simpost {word}'.replace("-", "\\-") in text for word in COMMANDS)
    if not shutil.which("man"):
        pytest.skip("man is not installed.")
    done = subprocess.run(
        ["man", "--warnings", "--encoding=UTF-8", "--local-file", page],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MANWIDTH": "100", "MANROFFSEQ": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--credentials" in done.stdout
