"""Stretches of load on one checkout's gateway, one for each line of standard input.

Run by `bench.pairs`, with the interpreter and the `bench` package of the checkout that is measured.
A line is a number of messages; the answer is one line with a number: processor time in nanoseconds,
or instructions when the gateway runs under Valgrind.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import processes

try:
    from bench.gateways import Simpost, Terms
    from bench.runner import Course
except ModuleNotFoundError:  # up to 6f8d008 these modules had other names
    from bench.contestants import Simpost, Terms  # type: ignore[import-not-found, no-redef]
    from bench.running import Course  # type: ignore[import-not-found, no-redef]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-receipts", action="store_true")
    parser.add_argument("--esims", type=int, required=True)
    parser.add_argument("--instructions", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="simpost-bench-") as folder:
        if wanted.instructions:
            sys.executable = _under_valgrind(Path(folder))
            processes._PATIENCE_S = 300  # noqa: SLF001  under Valgrind it starts slowly
        terms = Terms(receipts=not wanted.no_receipts, esims=wanted.esims)
        simpost = Simpost(Path(folder) / "simpost", terms)
        try:
            pid = _pid(simpost)
            course = Course(simpost, terms)
            spent = _Instructions(pid, Path(folder)) if wanted.instructions else _Time(pid)
            for line in sys.stdin:
                spent.start()
                course.run(int(line))
                print(spent.stop(), flush=True)
        finally:
            simpost.stop()


class _Time:
    """Nanoseconds on a processor, of all threads, as the scheduler counts them."""

    def __init__(self, pid: int) -> None:
        self._threads = Path(f"/proc/{pid}/task")

    def start(self) -> None:
        self._before = self._read()

    def stop(self) -> int:
        return self._read() - self._before

    def _read(self) -> int:
        files = self._threads.glob("*/schedstat")
        return sum(int(file.read_text().split()[0]) for file in files)


class _Instructions:
    """Instructions of user mode, counted by Valgrind; the kernel's are not seen."""

    def __init__(self, pid: int, folder: Path) -> None:
        self._pid = str(pid)
        self._folder = folder

    def start(self) -> None:
        self._control("--zero", "--instr=on")

    def stop(self) -> int:
        self._control("--dump", "--instr=off")
        newest = max(self._folder.glob("callgrind.out.*"), key=lambda file: file.stat().st_mtime_ns)
        found = re.search(r"^(?:summary|totals): (\d+)", newest.read_text(), re.MULTILINE)
        newest.unlink()
        return int(found.group(1)) if found else 0

    def _control(self, *arguments: str) -> None:
        for argument in arguments:
            command = ["callgrind_control", argument, self._pid]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _under_valgrind(folder: Path) -> str:
    script = folder / "python"
    script.write_text(
        f"#!/bin/sh\nexec valgrind --tool=callgrind --instr-atstart=no --quiet "
        f'--callgrind-out-file={folder}/callgrind.out.%p {sys.executable} "$@"\n'
    )
    script.chmod(0o700)
    return str(script)


def _pid(simpost: Simpost) -> int:
    return int(simpost.gateway.process._process.pid)  # noqa: SLF001  of older checkouts too


if __name__ == "__main__":
    main()
