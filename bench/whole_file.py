"""How long the embedded store's whole file takes: `python -m bench.whole_file [--messages N]`.

Seconds for each GiB of what reads or writes all of it: the check at each start, a backup with its
check, and the VACUUM that a file of an older release gets once. The pages are in the system's
memory, as the messages have just been written.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.history import fill_sqlite
from simpost.store.sqlite.backup import back_up
from simpost.store.sqlite.connection import open_writer
from simpost.store.sqlite.schema import bring_up_to_date
from simpost.store.sqlite.soundness import check_sound

GIB = 2**30
ESIMS = [f"2307201799{number:04}" for number in range(1000)]


def vacuum(path: Path) -> None:
    with contextlib.closing(open_writer(path)) as connection:
        connection.pragma("temp_store", "file")
        connection.execute("VACUUM")


def measure(what: str, do: Callable[[], object], octets: int) -> None:
    began, began_cpu = time.perf_counter(), time.process_time()
    do()
    wall, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    print(f"{what}: {wall * GIB / octets:.1f} s for each GiB, {cpu * GIB / octets:.1f} s of CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=500_000)
    parser.add_argument("--folder", type=Path, help="the disk is that of the measurement")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "simpost.db"
        bring_up_to_date(path)
        fill_sqlite(path, options.messages, ESIMS, int(time.time() * 1000))
        octets = path.stat().st_size
        print(f"{options.messages:,} messages, {octets / 2**20:.0f} MiB")
        measure("check at a start", partial(check_sound, path), octets)
        measure("backup", partial(back_up, path, Path(folder) / "backup.db"), octets)
        measure("VACUUM", partial(vacuum, path), octets)


if __name__ == "__main__":
    main()
