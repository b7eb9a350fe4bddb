"""Look every locked dependency up among the known vulnerabilities: `make check` runs this.

Prints what was found and exits with 1; exits with 0 when nothing is known, and, with a sentence,
where the data (osv.dev) cannot be had.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

DATA = "https://api.osv.dev/v1/query"
LOCKS = (Path(__file__).with_name("run.txt"), Path(__file__).with_name("dev.txt"))
_LONGEST_S = 120


def audit(locks: Sequence[Path], data: str) -> tuple[int, str]:
    """The exit status, and what to print."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"),
        *("--vulnerability-service=osv", f"--osv-url={data}", "--timeout=5"),
        *("--format=json", "--progress-spinner=off"),
        *(f"--requirement={lock}" for lock in locks),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_LONGEST_S
        )
        found = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return 0, f"Dependencies not audited: {data} took longer than {_LONGEST_S} s."
    except (ValueError, KeyError):
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return 0, f"Dependencies not audited, {data} could not be asked: {last[:200]}"
    known = [
        f"{each['name']} {each['version']}: {flaw['id']}, fixed in "
        f"{', '.join(flaw['fix_versions']) or 'no version yet'}"
        for each in found
        for flaw in each.get("vulns", ())
    ]
    if known:
        return 1, "\n".join(["Dependencies with known vulnerabilities:", *known])
    return 0, f"{len(found)} dependencies audited: no known vulnerability."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=DATA, help="URL of an OSV query API")
    parser.add_argument("locks", nargs="*", type=Path, default=LOCKS, help="files that lock")
    given = parser.parse_args()
    status, text = audit(given.locks, given.data)
    print(text)
    sys.exit(status)


if __name__ == "__main__":
    main()
