"""What shows that a store is a copy, and what does not."""

import pytest

from simpost.domain.instance import (
    LOST_MS,
    CopySign,
    DatabasePlace,
    FilePlace,
    Instance,
    InstanceFile,
    Surroundings,
    merged_place,
    sign_of_copy,
)

NOW_MS = 1_767_225_600_000
FILE = FilePlace(inode=7, changed_ns=1_767_225_600_123_456_789)
HERE = DatabasePlace("7311", "16384", "00000001", ("db1,db2",))


def sign(instance, around, *, is_marked=False, is_empty=False):
    return sign_of_copy(instance, around, is_marked=is_marked, is_empty=is_empty)


def instance(place, reached_ms=NOW_MS):
    return Instance("a1", reached_ms, place)


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        (Surroundings(FILE, InstanceFile("a1", NOW_MS)), None),
        (Surroundings(FILE, InstanceFile("a1", NOW_MS - 1)), None),  # killed between both writes
        (Surroundings(None, None), CopySign.NO_FILE),
        (Surroundings(FILE, InstanceFile("b2", NOW_MS)), CopySign.OTHER_FILE),
        (Surroundings(FILE, InstanceFile("a1", NOW_MS + 1)), CopySign.OLDER),
        # Moved, or owned by another user now: only the time of the change differs.
        (Surroundings(FilePlace(7, 99), InstanceFile("a1", NOW_MS)), None),
        # A file system that numbers files in another way at each mount.
        (Surroundings(FilePlace(8, FILE.changed_ns), InstanceFile("a1", NOW_MS)), None),
        # And one that keeps times in whole seconds.
        (Surroundings(FilePlace(8, 1_767_225_600 * 10**9), InstanceFile("a1", NOW_MS)), None),
        (
            Surroundings(FilePlace(8, 1_767_225_601 * 10**9), InstanceFile("a1", NOW_MS)),
            CopySign.FILES_COPIED,
        ),
    ],
)
def test_a_file_is_a_copy_without_its_own_instance_file(around, expected):
    assert sign(instance(FILE), around) is expected


def test_a_store_without_an_identity_is_new_or_older_than_the_file_beside_it():
    beside = Surroundings(FILE, InstanceFile("a1", NOW_MS))
    assert sign(None, Surroundings(None, None)) is None
    assert sign(None, beside, is_empty=True) is None
    assert sign(None, beside) is CopySign.OLDER
    assert sign(None, Surroundings(None, None), is_marked=True) is CopySign.MARKED


def other(**facts):
    given = {
        "cluster": HERE.cluster,
        "database": HERE.database,
        "timeline": HERE.timeline,
        "addresses": HERE.addresses,
    }
    return DatabasePlace(**given | facts)


@pytest.mark.parametrize(
    ("place", "file", "expected"),
    [
        (HERE, None, None),
        (other(addresses=("localhost",)), None, None),  # another node of the cluster
        (other(timeline="00000002"), None, None),  # a failover, by the hosts of the same URL
        (other(timeline="00000002", addresses=("db3",)), None, CopySign.PROMOTED),
        (other(timeline="00000002", addresses=("db3",)), InstanceFile("a1", NOW_MS), None),
        (other(database="16390"), None, CopySign.OTHER_DATABASE),
        (other(cluster="9"), None, CopySign.OTHER_DATABASE),
        (other(cluster="9"), InstanceFile("a1", NOW_MS), None),  # upgraded by pg_upgrade
        (other(cluster="9"), InstanceFile("a1", NOW_MS + 1), CopySign.OTHER_DATABASE),
        (other(cluster="9"), InstanceFile("b2", NOW_MS), CopySign.OTHER_DATABASE),
        (HERE, InstanceFile("a1", NOW_MS + LOST_MS), None),  # lost in a failover
        (HERE, InstanceFile("a1", NOW_MS + LOST_MS + 1), CopySign.OLDER),
        (HERE, InstanceFile("b2", NOW_MS + 86_400_000), None),  # it served another one before
    ],
)
def test_a_database_is_a_copy_in_another_place_or_when_it_is_older(place, file, expected):
    assert sign(instance(HERE), Surroundings(place, file)) is expected


def test_addresses_of_a_database_are_kept_while_it_is_the_same():
    found = merged_place(HERE, other(timeline="00000002", addresses=("db3",)))
    assert found == other(timeline="00000002", addresses=("db3", "db1,db2"))
    elsewhere = other(cluster="9", addresses=("db3",))
    assert merged_place(HERE, elsewhere) == elsewhere
