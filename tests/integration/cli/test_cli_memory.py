"""Imports of any size in bounded memory; docs/importing.md has the figure for 1,000,000 rows."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import json, resource, sys
from simpost.catalogue.files import Batch, Kind, batches, read_rows

shape, few, many = sys.argv[1], 2_000, 20_000
esim = {"iccid": "8985200026331880614", "smdpStatus": "ENABLED", "esimStatus": "IN_USE",
        "ac": "LPA:1$rsp.example.com$" + "x" * 200}

def chunks():
    if shape == "csv":
        yield ("esimTranNo," + ",".join(esim) + "\\n").encode()
    elif shape == "answer":
        yield b'{"obj": {"esimList": ['
    for number in range(many):
        row = {"esimTranNo": str(number), **esim}
        if shape == "csv":
            yield (",".join(row.values()) + "\\n").encode()
        else:
            comma = "," if shape == "answer" and number else ""
            yield (comma + json.dumps(row) + "\\n").encode()
    if shape == "answer":
        yield b"]}}"

def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

rows, early = 0, 0
for batch in batches(read_rows(chunks(), Kind.ESIMS), Kind.ESIMS):
    assert isinstance(batch, Batch), batch
    rows += len(batch.lines)
    early = early or (peak_kib() if rows >= few else 0)
assert rows == many, rows
print(peak_kib() - early)
"""


@pytest.mark.parametrize("shape", ["answer", "lines", "csv"])
def test_the_memory_of_an_import_does_not_grow_with_the_file(shape: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, shape], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 4096
