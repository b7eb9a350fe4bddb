from tempfile import TemporaryFile

from simpost.catalogue.files import Batch
from simpost.catalogue.missing_rows import KeySet, MissingRows, Spool


def test_a_key_set_contains_the_added_keys() -> None:
    keys = KeySet()
    for number in range(0, 100_000, 2):
        keys.add(str(number))
    assert all((str(number) in keys) is (number % 2 == 0) for number in range(100_000))


def test_a_spool_returns_its_batches_in_order() -> None:
    batches = [Batch(b"[%d]" % number, [number], [str(number)], number) for number in range(9)]
    with TemporaryFile() as file:
        spool = Spool(file)
        for batch in batches:
            spool.add(batch)
        assert spool.rows == len(batches)
        assert list(spool) == batches


def test_missing_rows_are_counted_shown_and_listed_in_batches() -> None:
    keys = KeySet()
    for key in ("b", "d"):
        keys.add(key)
    stored = [{"packageCode": key} for key in "abcde"]
    with TemporaryFile("w+", encoding="utf-8") as file:
        missing = MissingRows(stored, "packageCode", keys, file, max_first=2)
        assert (missing.count, missing.existing) == (3, 5)
        assert missing.first == [stored[0], stored[2]]
        assert list(missing.key_batches(2)) == [["a", "c"], ["e"]]
