"""What was freed is returned to the system; each process of its own, since settings stay."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import os, psutil, sys
from simpost.runtime.allocator import return_freed_memory

def resident():
    return psutil.Process().memory_info().rss

if sys.argv[1] == "returned":
    return_freed_memory()
del (large := [bytearray(24 * 2**20)])[:]  # the largest block until now
before = resident()
kept = []
for _ in range(4):
    large = bytearray(b"x" * 16 * 2**20)
    kept.append(b"y" * 2_000)  # behind it, and it stays
    del large
print(resident() - before)
"""


def grown(way):
    return int(subprocess.check_output([sys.executable, "-c", PROGRAM, way], env=dict(os.environ)))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="settings of glibc")
def test_large_blocks_leave_nothing_behind():
    assert grown("returned") < 2**20
    assert grown("as it is") > 8 * 2**20  # or this test would show nothing
