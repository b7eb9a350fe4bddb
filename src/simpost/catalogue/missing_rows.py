"""What an import with `--retire-missing` needs to know: which stored rows a file does not have.

Files and stores of millions of rows are compared in bounded memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from typing import IO, Any, Final

import msgspec

from simpost.catalogue.batches import Batch

_NO_KEYS: Final = array("Q")


class KeySet:
    """The keys of a file as hashes of 10 octets: some 8 MB for each million.

    Two keys may have one hash, once in 10^24 pairs: the missing one is then not retired.
    """

    def __init__(self) -> None:
        self._buckets: dict[int, array[int]] = {}  # up to 65,536, each made with its first key

    def add(self, key: str) -> None:
        """Add a key."""
        bucket, rest = _hash(key)
        self._buckets.setdefault(bucket, _NO_KEYS[:]).append(rest)

    def __contains__(self, key: str) -> bool:
        bucket, rest = _hash(key)
        return rest in self._buckets.get(bucket, _NO_KEYS)


def _hash(key: str) -> tuple[int, int]:
    """The bucket of a key, and what is stored in it."""
    digest = blake2b(key.encode(), digest_size=10).digest()
    return int.from_bytes(digest[:2]), int.from_bytes(digest[2:])


class Spool:
    """The good rows of a file, kept in a temporary one until the question is answered."""

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


class MissingRows:
    """Stored rows whose keys a file does not have.

    Attributes:
        first: the first `max_first` of them.
        count: the number of missing rows.
        existing: the number of stored rows.
    """

    def __init__(
        self,
        stored: Iterable[dict[str, Any]],
        key_name: str,
        keys: KeySet,
        file: IO[str],
        *,
        max_first: int,
    ) -> None:
        """Compare all stored rows; `file` is a temporary one for the missing keys."""
        self.first: list[dict[str, Any]] = []
        self.count = self.existing = 0
        self._file = file
        for row in stored:
            self.existing += 1
            if (key := row[key_name]) not in keys:
                self._file.write(f"{key}\n")
                self.count += 1
                if self.count <= max_first:
                    self.first.append(row)

    def key_batches(self, size: int) -> Iterator[list[str]]:
        """The keys of all missing rows, `size` at a time."""
        self._file.seek(0)
        while keys := [line[:-1] for line in islice(self._file, size)]:
            yield keys
