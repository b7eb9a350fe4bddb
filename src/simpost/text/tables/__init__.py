"""The code tables of 3GPP TS 23.038, as data: one text file per table.

`locking_N.txt` and `single_N.txt` hold the tables of language N; N = 0 is the default alphabet
(6.2.1) and its extension (6.2.1.1), 1 to 13 the national languages (Annex A, numbered as in
6.2.1.2.4). A line is the code and the Unicode code point, both hexadecimal, then the name.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Literal


def read_table(kind: Literal["locking", "single"], language: int) -> dict[int, str]:
    """Return the characters of one table by their code; codes without a character are absent."""
    lines = (files(__name__) / f"{kind}_{language}.txt").read_text("ascii").splitlines()
    rows = (line.split(" ", 2) for line in lines if not line.startswith("#"))
    return {int(code, 16): chr(int(point, 16)) for code, point, _ in rows}
