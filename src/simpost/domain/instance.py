"""The identity of a store, and the signs that it is a copy of another one. Pure.

Part of the identity is in the database. The other part is where a copy of the database does not
bring it: the place of the store, and a small file beside it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

LOST_MS: Final = 60_000
"""How much a database may have lost in a failover and still be the same."""
MAX_ADDRESSES: Final = 20
"""Addresses of a database that are remembered."""
MAX_CONFIRMATIONS: Final = 20
"""Confirmations that are remembered."""


class CopySign(StrEnum):
    """What shows that a store is a copy."""

    MARKED = "marked"
    NO_FILE = "no_instance_file"
    OTHER_FILE = "other_instance_file"
    FILES_COPIED = "files_copied"
    OLDER = "older"
    OTHER_DATABASE = "other_database"
    PROMOTED = "promoted"

    @property
    def sentence(self) -> str:
        """What was found, as a sentence without its end."""
        return _FOUND[self]


_FOUND: Final = {
    CopySign.MARKED: "it was restored from a backup, or marked as a copy",
    CopySign.NO_FILE: "its instance file is not beside it",
    CopySign.OTHER_FILE: "the instance file beside it belongs to another store",
    CopySign.FILES_COPIED: "its instance file is not the one that was written: files were copied",
    CopySign.OLDER: "it is older than what the original had reached",
    CopySign.OTHER_DATABASE: "it is in another database than the original",
    CopySign.PROMOTED: "its server was promoted and has another address than the original",
}


class FilePlace(msgspec.Struct, frozen=True, tag="file"):
    """The instance file of an embedded store, as the file system knows it."""

    inode: int
    changed_ns: int


class DatabasePlace(msgspec.Struct, frozen=True, tag="database"):
    """A database on PostgreSQL.

    Attributes:
        cluster: system identifier of its server; empty where it cannot be read.
        database: its oid.
        timeline: changes when a server is promoted.
        addresses: hosts by which nodes reach it.
    """

    cluster: str
    database: str
    timeline: str
    addresses: tuple[str, ...]


Place: TypeAlias = FilePlace | DatabasePlace


class Waiting(StrEnum):
    """What becomes of everything that waited in a copy when it is confirmed."""

    SEND = "send"
    CANCEL = "cancel"


class Confirmation(msgspec.Struct, frozen=True):
    """Who confirmed a copy, and when."""

    at_ms: int
    by: str
    sign: CopySign
    waiting: Waiting


class CopyHold(msgspec.Struct, frozen=True):
    """Sending is held since then. `confirmed` is set while what waited is cancelled."""

    since_ms: int
    sign: CopySign
    confirmed: Confirmation | None = None


class Instance(msgspec.Struct, frozen=True):
    """What a store knows of itself.

    Attributes:
        id: random; a confirmed copy gets its own.
        reached_ms: the last time at which it noted that it is served.
        place: `None` until it was noted.
    """

    id: str
    reached_ms: int
    place: Place | None = None
    hold: CopyHold | None = None
    confirmations: tuple[Confirmation, ...] = ()


class InstanceFile(msgspec.Struct, frozen=True):
    """The content of the file beside a store."""

    id: str
    reached_ms: int


class Surroundings(msgspec.Struct, frozen=True):
    """What is found around a store. `place` is `None` without the instance file it needs."""

    place: Place | None
    file: InstanceFile | None


def sign_of_copy(
    instance: Instance | None, around: Surroundings, *, is_marked: bool, is_empty: bool
) -> CopySign | None:
    """What shows that the store is a copy; `None` if nothing does.

    A store without an identity is new or of an earlier release. If it is not new, and beside it is
    an instance file, then an older file was put in the place of a newer one.
    """
    if is_marked:
        return CopySign.MARKED
    if instance is None:
        return CopySign.OLDER if around.file and not is_empty else None
    if isinstance(around.place, DatabasePlace):
        return _sign_of_database(instance, around.place, around.file)
    return _sign_of_file(instance, around)


def _sign_of_file(instance: Instance, around: Surroundings) -> CopySign | None:
    file = around.file
    if file is None:
        return CopySign.NO_FILE
    if file.id != instance.id:
        return CopySign.OTHER_FILE
    if file.reached_ms > instance.reached_ms:
        return CopySign.OLDER
    if isinstance(instance.place, FilePlace) and isinstance(around.place, FilePlace):
        return None if _is_same_file(instance.place, around.place) else CopySign.FILES_COPIED
    return None


def _is_same_file(noted: FilePlace, found: FilePlace) -> bool:
    """Whether at most one of the two facts changed.

    A move or a change of the owner changes the time only, some file systems change the inode at
    each mount. A copy changes both. A disk may keep the time less exactly than the memory did.
    """
    return noted.inode == found.inode or any(
        found.changed_ns == noted.changed_ns // unit * unit for unit in _UNITS_NS
    )


_UNITS_NS: Final = (1, 100, 1_000, 1_000_000, 1_000_000_000, 2_000_000_000)


def _sign_of_database(
    instance: Instance, place: DatabasePlace, file: InstanceFile | None
) -> CopySign | None:
    """A node whose own file has reached no more than the database proves that it goes on."""
    is_own = file is not None and file.id == instance.id
    if file and is_own and file.reached_ms > instance.reached_ms + LOST_MS:
        return CopySign.OLDER
    noted = instance.place
    if not isinstance(noted, DatabasePlace):
        return None
    if file and is_own and file.reached_ms <= instance.reached_ms:
        return None
    if (noted.cluster, noted.database) != (place.cluster, place.database):
        return CopySign.OTHER_DATABASE
    if noted.timeline != place.timeline and not set(place.addresses) <= set(noted.addresses):
        return CopySign.PROMOTED
    return None


def merged_place(noted: Place | None, found: Place | None) -> Place | None:
    """The place to note: addresses of a database that is still the same are kept."""
    if not isinstance(noted, DatabasePlace) or not isinstance(found, DatabasePlace):
        return found
    if (noted.cluster, noted.database) != (found.cluster, found.database):
        return found
    known = dict.fromkeys((*found.addresses, *noted.addresses))
    return msgspec.structs.replace(found, addresses=tuple(known)[:MAX_ADDRESSES])


def confirmed(instance: Instance, new_id: str, confirmation: Confirmation) -> Instance:
    """The instance after a confirmation, with an identity of its own."""
    kept = (*instance.confirmations, confirmation)[-MAX_CONFIRMATIONS:]
    reached_ms = max(confirmation.at_ms, instance.reached_ms + 1)
    return Instance(new_id, reached_ms, confirmations=kept)
