"""Reads plans and eSIMs from files of any size, row by row, in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from simpost.catalogue.batches import Batch, batches
from simpost.catalogue.csv_rows import csv_rows
from simpost.catalogue.json_rows import json_rows
from simpost.catalogue.rows import MAX_ROW_CHARACTERS, Kind, Row, RowError

__all__ = ["MAX_ROW_CHARACTERS", "Batch", "Kind", "Row", "RowError", "batches", "read_rows"]

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_rows(
    chunks: Iterable[bytes],
    kind: Kind,
    *,
    max_characters: int = MAX_ROW_CHARACTERS,
    columns: Mapping[str, str] | None = None,
) -> Iterator[Row | RowError]:
    """Read the rows of a file: JSON where it begins with a bracket, else CSV with a heading.

    `columns` renames columns of a CSV heading to fields.

    The same octets give the same rows, lines and flaws however they are cut into chunks.
    """
    octets = (chunk for chunk in chunks if chunk)
    start = b""
    while len(start) < 3 and (chunk := next(octets, b"")):
        start += chunk
    if start.startswith(_UTF16):
        yield RowError(1, "the file is UTF-16: save it as UTF-8", stops=True)
        return
    text = _decoded(chain((start.removeprefix(codecs.BOM_UTF8),), octets))
    first = ""
    for piece in text:
        first += piece
        if not first.isspace() or len(first) > max_characters:
            break
    rest = chain((first,), text)
    if first.lstrip()[:1] in ("{", "["):
        yield from json_rows(rest, kind, max_characters)
    else:
        yield from csv_rows(rest, kind, max_characters, columns or {})


def _decoded(octets: Iterable[bytes]) -> Iterator[str]:
    """The text of the octets. Invalid UTF-8 becomes lone surrogates; its row is refused later."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for chunk in octets:
        if text := decoder.decode(chunk):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text
