"""`make bench`: the whole way of a message, measured from outside, side by side with a peer.

Every gateway runs in processes of its own, as a user runs it, and sends to a sink of its own; one
generator drives them alternately. CPU seconds are user and system time of all processes of a
gateway, including its database, for 1,000 parts; generator and sinks are not counted. Prints a
table for each row, and one JSON line at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from bench.gateways import Terms
from bench.machine import describe
from bench.peers import kannel
from bench.rows import ROWS, USUAL, Wanted


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog="rows: " + "; ".join(f"{name}: {row.__doc__}" for name, row in ROWS.items()),
    )
    parser.add_argument("rows", nargs="*", metavar="row", help=f"usually {' '.join(USUAL)}")
    parser.add_argument("--all", action="store_true", help="every row")
    parser.add_argument("--messages", type=int, default=10_000, help="of one stretch")
    parser.add_argument("--rounds", type=int, default=3, help="stretches of each; they alternate")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--esims", type=int, default=1000, help="number of recipients")
    parser.add_argument("--window", type=int, default=1000)
    parser.add_argument("--cpus", metavar="0,1", help="run everything on these processors only")
    parser.add_argument("--folder", type=Path, help="where stores go; the disk is that of the run")
    wanted = parser.parse_args()
    if wanted.cpus:
        os.sched_setaffinity(0, {int(cpu) for cpu in wanted.cpus.split(",")})
    chosen = list(ROWS) if wanted.all else wanted.rows or list(USUAL)
    if unknown := set(chosen) - set(ROWS):
        parser.error(f"no such row: {', '.join(unknown)}")
    machine = describe(wanted.folder)
    print(" ".join(f"{name}: {value}" for name, value in machine.items()))
    if (why := kannel.missing()) is not None:
        print(why)
    terms = Terms(window=wanted.window, connections=wanted.connections, esims=wanted.esims)
    found: dict[str, Any] = {}
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="simpost-bench-", dir=wanted.folder) as folder:
            row = ROWS[name]
            print(f"\n{name}: {row.__doc__}", flush=True)
            found[name] = row(Wanted(Path(folder), wanted.messages, wanted.rounds, terms))
        _print_table(found[name])
    asked = {"messages": wanted.messages, "rounds": wanted.rounds, "window": wanted.window}
    print(json.dumps({**machine, **asked, "connections": wanted.connections, "rows": found}))


def _print_table(figures: dict[str, dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(name for found in figures.values() for name in found))
    print(" " * 22, *(f"{column:>16}" for column in columns))
    for contestant, found in figures.items():
        cells = (str(found.get(column, "")) for column in columns)
        print(f"{contestant:22}", *(f"{cell:>16}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
