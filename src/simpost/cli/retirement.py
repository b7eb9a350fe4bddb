"""`--retire-missing`: what the file does not have, shown before and retired after an import."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import IO, Any

import msgspec
import typer

from simpost.catalogue.files import Batch, Kind
from simpost.cli.catalogue import listed, show_list
from simpost.cli.client import Server
from simpost.cli.output import print_lines
from simpost.errors import ConfigError, SimpostError

_SHOWN = 20
_AT_ONCE = 1000
"""Keys that the service retires in one request."""


class Declined(SimpostError):
    """Nothing was saved, and nothing was retired."""


class KeySet:
    """The keys of a file as hashes of 10 octets: some 8 MB for each million.

    Two keys may have one hash, once in 10^24 pairs: the missing one is then not retired.
    """

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(65_536)]

    def add(self, key: str) -> None:
        """Add a key."""
        bucket, rest = self._hash(key)
        bucket.append(rest)

    def __contains__(self, key: str) -> bool:
        bucket, rest = self._hash(key)
        return rest in bucket

    def _hash(self, key: str) -> tuple[array[int], int]:
        digest = blake2b(key.encode(), digest_size=10).digest()
        return self._buckets[int.from_bytes(digest[:2])], int.from_bytes(digest[2:])


class Spool:
    """The good rows of a file, kept in another one until it is certain that they are wanted."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decode = msgspec.msgpack.Decoder(Batch).decode
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Append a batch."""
        octets = msgspec.msgpack.encode(batch)
        self._file.write(len(octets).to_bytes(4) + octets)
        self.rows += len(batch.lines)

    def __iter__(self) -> Iterator[Batch]:
        self._file.seek(0)
        while size := self._file.read(4):
            yield self._decode(self._file.read(int.from_bytes(size)))


@dataclass(frozen=True)
class Retirement:
    """Where what is there is listed and retired.

    Attributes:
        which: the query of the list.
        columns: of what is missing, to be shown.
        is_sure: nobody is asked.
    """

    server: Server
    kind: Kind
    which: Mapping[str, str]
    columns: Sequence[str]
    is_sure: bool

    @property
    def _name(self) -> str:
        return "esims" if self.kind is Kind.ESIMS else "plans"

    @property
    def path(self) -> str:
        """Path of the resource in the admin API."""
        return f"/v1/admin/{self._name}"

    def rows(self) -> Iterator[dict[str, Any]]:
        """What is there and not retired."""
        found = listed(self.server, self.path, self._name, dict(self.which))
        return (row for row in found if not row["retired"])

    def retire(self, keys: Sequence[str]) -> int:
        """Retire rows by key; returns how many changed."""
        answer = self.server.post(f"{self.path}/retire", {f"{self.kind.key}s": list(keys)})
        return int(answer["changed"])

    def check_can_ask(self) -> None:
        """Raises ConfigError when nobody can answer the question."""
        if not self.is_sure and not sys.stdin.isatty():
            raise ConfigError("--retire-missing asks before it saves: give --yes where nobody can.")


class Missing:
    """What is there and not in the file: counted, the first ones shown, all kept in a file."""

    def __init__(self, file: IO[str], retirement: Retirement, keys: KeySet) -> None:
        self._retirement = retirement
        self._file = file
        self._first: list[dict[str, Any]] = []
        self.count = self._there = 0
        for row in retirement.rows():
            self._there += 1
            if (key := row[retirement.kind.key]) not in keys:
                self._file.write(f"{key}\n")
                self.count += 1
                if self.count <= _SHOWN:
                    self._first.append(row)

    def show(self) -> None:
        """Print the count and the first missing rows."""
        print_lines([f"{self.count:,} of {self._there:,} are not in the file"])
        if self._first:
            show_list(iter(self._first), self._retirement.columns, _SHOWN, as_json=False)
        if self.count > _SHOWN:
            print_lines([f"... and {self.count - _SHOWN:,} more"])

    def ask(self, rows: int) -> None:
        """Raises Declined."""
        question = f"Save {rows:,} rows and retire {self.count:,}?"
        if self.count and not self._retirement.is_sure and not typer.confirm(question, err=True):
            raise Declined

    def retire(self) -> int:
        """How many were retired; others were so already, or are gone."""
        self._file.seek(0)
        changed = 0
        while keys := [line[:-1] for line in islice(self._file, _AT_ONCE)]:
            changed += self._retirement.retire(keys)
        return changed
