"""One owner: a lock on a file beside the store, held until the process ends."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from simpost.errors import StoreBusy, StoreError, StoreFull, StoreReadOnly
from simpost.store.sqlite.files import PRIVATE

_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class OwnerLock:
    """Held from `take` to `release`; the kernel releases it when the process dies."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, store: Path) -> OwnerLock:
        """Own the store, making its folder if need be.

        Raises StoreBusy naming the process that owns it, or StoreReadOnly.
        """
        path = store.with_name(f"{store.name}.lock")
        try:
            store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        except OSError as error:
            raise _translate(error, store) from None
        try:
            with contextlib.suppress(PermissionError):  # another user's: `make_private` logs it
                os.fchmod(descriptor, PRIVATE)  # whatever the umask
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write_pid(descriptor)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise StoreBusy(
                f"process {holder or 'unknown'} owns the store {store}; stop it first"
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise _translate(error, store) from None
        return cls(descriptor)

    def release(self) -> None:
        os.close(self._descriptor)


def _write_pid(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _translate(error: OSError, store: Path) -> StoreError:
    if error.errno in _READ_ONLY:
        return StoreReadOnly(f"the folder {store.parent} cannot be written: {error.strerror}")
    if error.errno in _FULL:
        return StoreFull(f"the disk that holds {store.parent} is full")
    return StoreError(f"the store {store} cannot be opened: {error.strerror}")
