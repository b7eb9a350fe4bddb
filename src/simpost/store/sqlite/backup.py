"""Backups of the embedded store: made while it is served, verified, and put back.

Copying the files one by one gives no valid backup: the journal may be merged while they are read.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apsw

from simpost.errors import StoreDamaged, StoreError
from simpost.store.secret_box import SecretBox
from simpost.store.shared.instance import MARK
from simpost.store.sqlite.accounts import check_seal
from simpost.store.sqlite.connection import open_reader, open_writer, translate
from simpost.store.sqlite.files import create_private, files_of
from simpost.store.sqlite.lock import OwnerLock
from simpost.store.sqlite.schema import refuse_newer, version_of
from simpost.store.sqlite.soundness import check_sound


class Written(NamedTuple):
    """A backup: its octets, and how many messages are in it."""

    octets: int
    messages: int


def back_up(store: Path, target: Path) -> Written:
    """Write all committed data to one file, which is verified before it gets its final name.

    The store may be in use. An earlier backup is replaced. Raises StoreError; an
    earlier backup is then unchanged.
    """
    if not store.is_file():
        raise StoreError(f"there is no store {store}")
    _refuse_target(store, target)
    with _unfinished(target) as copy:
        # One snapshot, however long it takes. `query_only` would forbid VACUUM INTO.
        reader = apsw.Connection(str(store), flags=apsw.SQLITE_OPEN_READONLY)
        with _translating(), contextlib.closing(reader) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
        _mark(copy)
        check_sound(copy, is_thorough=True)
        messages = _count_messages(copy)
        octets = copy.stat().st_size
        _put(copy, target)
    return Written(octets, messages)


def restore(backup: Path, store: Path, *, seal: SecretBox) -> Path | None:
    """Replace the store with a backup; returns the new path of the previous store, if any.

    Raises StoreBusy when a process serves the store, and StoreError when the backup is damaged,
    from a newer release or sealed with another key. Nothing is changed then.
    """
    if not backup.is_file():
        raise StoreError(f"there is no backup {backup}")
    lock = OwnerLock.take(store)
    try:
        if store.exists() and backup.samefile(store):
            raise StoreError(f"{backup} is the store itself")
        with _unfinished(store) as copy:
            with _translating():
                shutil.copyfile(backup, copy)
            _verify(backup, copy, seal)
            _mark(copy)
            aside = _set_aside(store)
            _put(copy, store)
        return aside
    finally:
        lock.release()


def _mark(copy: Path) -> None:
    """Mark a file as a copy: a process that serves it sends nothing until it is confirmed.

    A file of an early release may have no table for it: the instance file shows its age.
    """
    with _translating(), contextlib.closing(apsw.Connection(str(copy))) as connection:
        if connection.table_exists(None, "meta"):
            connection.execute(MARK)


def _refuse_target(store: Path, target: Path) -> None:
    if target.resolve() in {path.resolve() for path in files_of(store)}:
        raise StoreError(f"{target} is a file of the store itself: name another file")
    if target.exists() and (not target.is_file() or version_of(target) is None):
        raise StoreError(f"{target} is no backup of simpost; it is left untouched")


def _verify(backup: Path, copy: Path, seal: SecretBox) -> None:
    try:
        refuse_newer(copy, _version_in(copy))
        check_sound(copy, is_thorough=True)
    except StoreDamaged:
        raise StoreError(f"{backup} is damaged, or no backup; nothing is changed") from None
    except StoreError as error:
        words = str(error).replace(str(copy), str(backup))
        raise StoreError(f"the backup {backup} cannot be restored: {words}") from None
    with _translating(), contextlib.closing(open_reader(copy)) as connection:
        check_seal(connection, seal)


def _version_in(copy: Path) -> str:
    version = version_of(copy)
    if version is None:
        raise StoreError("it is empty")
    return version


def _set_aside(store: Path) -> Path | None:
    """Keep the previous store under another name, even if it is damaged."""
    if not store.exists():
        return None
    # Closing a sound file merges its journal into it. A damaged file keeps its journal.
    with contextlib.suppress(apsw.Error):
        open_writer(store).close()
    aside = next(
        path
        for number in range(1, 10_000)
        if not (path := store.with_name(f"{store.name}.before-{number}")).exists()
    )
    journal, index = files_of(store)[1:3]
    with _translating():
        # The journal first: SQLite would apply a journal that is left here to the restored file.
        if journal.exists():
            journal.rename(aside.with_name(f"{aside.name}-wal"))
        index.unlink(missing_ok=True)
        os.link(store, aside)
    return aside


@contextlib.contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """An empty file beside the target, for its owner alone; gone if it was not put in place."""
    path = target.with_name(f".{target.name}.{os.getpid()}.part")
    with _translating():
        create_private(path)
    try:
        yield path
    finally:
        for each in files_of(path)[:3]:
            each.unlink(missing_ok=True)


def _put(copy: Path, target: Path) -> None:
    """Give the copy its name once it is on disk, in one step."""
    with _translating():
        _sync(copy)
        copy.replace(target)
        _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _count_messages(path: Path) -> int:
    with _translating(), contextlib.closing(open_reader(path)) as connection:
        count: int = connection.execute("SELECT count(*) FROM messages").get
        return count


@contextlib.contextmanager
def _translating() -> Iterator[None]:
    """Raise errors of SQLite and of the system as StoreError."""
    try:
        yield
    except apsw.Error as error:
        raise translate(error) from error
    except OSError as error:
        raise StoreError(f"{error.filename}: {error.strerror}") from error
