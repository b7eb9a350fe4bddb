"""Whether one checkout costs more than another: their gateways take turns on one machine.

Each runs from its own folder with its own `.venv` (`make .venv/dev.stamp` makes it). The ratio is
the median over the pairs of stretches; the machine's other work affects both of a pair.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

_STRETCHES = Path(__file__).with_name("stretches.py")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pairs", description=__doc__)
    parser.add_argument("old", type=Path, help="folder of a checkout")
    parser.add_argument("new", type=Path, nargs="?", default=Path(), help="this one by default")
    parser.add_argument("--no-receipts", action="store_true", help="as the row `plain`")
    parser.add_argument("--esims", type=int, default=1000, help="number of recipients")
    parser.add_argument("--messages", type=int, default=3000, help="of one stretch")
    parser.add_argument("--pairs", type=int, default=14)
    parser.add_argument("--instructions", action="store_true", help="count them with Valgrind")
    wanted = parser.parse_args()
    arguments = [f"--esims={wanted.esims}"]
    arguments += ["--no-receipts"] if wanted.no_receipts else []
    arguments += ["--instructions"] if wanted.instructions else []
    with _Checkout(wanted.old, arguments) as old, _Checkout(wanted.new, arguments) as new:
        for one in (old, new):
            one.run(wanted.messages)
        costs = []
        for place in range(wanted.pairs):
            first, second = (old, new) if place % 2 else (new, old)
            cost = {it: it.run(wanted.messages) / wanted.messages for it in (first, second)}
            costs.append((cost[old], cost[new]))
    _report(costs, "instructions" if wanted.instructions else "ns")


def _report(costs: Sequence[tuple[float, float]], unit: str) -> None:
    for name, values in zip(("old", "new"), zip(*costs, strict=True), strict=True):
        middle = statistics.median(values)
        print(f"{name}: {middle:,.0f} {unit} a message, {min(values):,.0f} at least")
    ratios = sorted(new / old for old, new in costs)
    least = min(new for _, new in costs) / min(old for old, _ in costs)
    print(f"ratio: {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})")
    print(f"ratio of the least of each: {least:.3f}")


class _Checkout:
    """A process that measures the gateway of one checkout when asked."""

    def __init__(self, folder: Path, arguments: Sequence[str]) -> None:
        folder = folder.resolve()
        python = folder / ".venv/bin/python"
        if not python.exists():
            raise SystemExit(f"{folder} has no .venv: run `make .venv/dev.stamp` there")
        self._process = subprocess.Popen(
            [python, _STRETCHES, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, messages: int) -> int:
        """What one stretch took, in the unit that was asked for."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(messages, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("a gateway did not do its stretch; see the message above")
        return int(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


if __name__ == "__main__":
    main()
