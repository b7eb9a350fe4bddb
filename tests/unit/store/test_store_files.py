"""Who may read the files of a store, whatever the umask."""

import os
import stat

import pytest

from simpost.store.sqlite.files import create_private, files_of, make_private, open_to_others


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_created_file_is_its_owners_alone_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        create_private(tmp_path / "simpost.db")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "simpost.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o666, 0o602])
def test_files_that_others_can_use_are_named_and_made_private(tmp_path, mode):
    store = tmp_path / "simpost.db"
    for path in files_of(store):
        path.write_bytes(b"x")
        path.chmod(mode)
    assert [path.name for path in open_to_others(store)] == [
        "simpost.db",
        "simpost.db-wal",
        "simpost.db-shm",
        "simpost.db.lock",
    ]
    make_private(store)
    assert open_to_others(store) == []
    assert {stat.S_IMODE(path.stat().st_mode) for path in files_of(store)} == {0o600}
