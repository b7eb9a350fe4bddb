"""The instance file: beside a store, so that a copy of the store alone does not bring it along."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

import msgspec

from simpost.domain.instance import FilePlace, InstanceFile, Surroundings
from simpost.errors import StoreError

_MAX_OCTETS: Final = 1_000
_PRIVATE: Final = 0o600
_LENGTH: Final = 120
"""Octets of the content: always the same, and in one sector, which is written whole."""

_decode = msgspec.json.Decoder(InstanceFile).decode


def instance_file_of(store: Path) -> Path:
    """The path of the file for the store at this path."""
    return store.with_name(f"{store.name}.instance")


class FileSurroundings:
    """Implements `simpost.store.shared.instance.InstanceSurroundings`."""

    def __init__(self, store: Path) -> None:
        self._path = instance_file_of(store)

    async def look(self) -> Surroundings:
        return await asyncio.to_thread(look_at, self._path)

    async def write(self, file: InstanceFile) -> None:
        await asyncio.to_thread(write_file, self._path, file)


def look_at(path: Path) -> Surroundings:
    """The file and its place; neither without a readable file."""
    try:
        with path.open("rb") as file:
            content = _decode(file.read(_MAX_OCTETS))
            found = os.fstat(file.fileno())
    except FileNotFoundError:
        return Surroundings(None, None)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Surroundings(None, None)  # as if it were missing: it proves nothing
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    return Surroundings(FilePlace(found.st_ino, found.st_ctime_ns), content)


def write_file(path: Path, content: InstanceFile) -> None:
    """Write the content in place, so that the file stays the same one, and wait for the disk."""
    octets = msgspec.json.encode(content).ljust(_LENGTH) + b"\n"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        try:
            os.pwrite(descriptor, octets, 0)
            os.ftruncate(descriptor, len(octets))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
