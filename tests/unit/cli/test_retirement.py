from tempfile import TemporaryFile

from simpost.catalogue.files import Batch
from simpost.cli.retirement import KeySet, Spool


def test_a_set_of_keys_has_those_that_were_added() -> None:
    keys = KeySet()
    for number in range(0, 100_000, 2):
        keys.add(str(number))
    assert all((str(number) in keys) is (number % 2 == 0) for number in range(100_000))


def test_a_spool_gives_back_its_batches_in_order() -> None:
    batches = [Batch(b"[%d]" % number, [number], [str(number)], number) for number in range(9)]
    with TemporaryFile() as file:
        spool = Spool(file)
        for batch in batches:
            spool.add(batch)
        assert spool.rows == len(batches)
        assert list(spool) == batches
