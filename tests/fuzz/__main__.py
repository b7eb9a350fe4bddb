"""`make fuzz`: many cases on every core, and a one-line summary."""

import argparse
import os
import secrets
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from tests.fuzz import campaign

FOLDER = Path(".cache/fuzz")


def main():
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    parser.add_argument("--case", type=int, help="this one alone")
    given = parser.parse_args()
    cores = os.cpu_count() or 1
    shares = [  # one process each from end to end, so that a slow leak shows
        range(given.count * core // cores, given.count * (core + 1) // cores)
        for core in range(cores)
    ]
    if given.case is not None:
        shares = [range(given.case, given.case + 1)]
    began = time.monotonic()
    total = campaign.Tally()
    with ProcessPoolExecutor(len(shares)) as pool:
        running = [pool.submit(partial(campaign.run, given.seed), share) for share in shares]
        for done in as_completed(running):
            total += done.result()
    write(f"{_line(total)}, seed {given.seed}, {time.monotonic() - began:.0f} s")
    for case, why in total.failures[:20]:
        write(f"broken: {keep(case, why)}: {why.strip().splitlines()[0][:200]}")
    if total.growth_mib > campaign.MAX_GROWTH_MIB:
        write(f"broken: memory grew by {total.growth_mib:.0f} MiB")
    return 1 if total.failures or total.growth_mib > campaign.MAX_GROWTH_MIB else 0


def keep(case, why):
    """The case as hex, with everything needed to run it again."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept = FOLDER / f"{case.seed}-{case.number}.txt"
    kept.write_text(f"{case.told()}{why}\n")
    return kept


def _line(total):
    counts = total.counts
    errors = ", ".join(
        f"{name} {counts[name]}"
        for name in ("RecoverablePduError", "FatalPduError", "tolerated", "FieldError")
    )
    return (
        f"{total.cases} mutated PDUs and receipts: {counts['accepted']} PDUs accepted "
        f"({counts['receipts']} receipts), {errors}, {len(total.failures)} broken promises, "
        f"peak {total.peak_mib:.0f} MiB (grew {total.growth_mib:.1f})"
    )


def write(line):
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
