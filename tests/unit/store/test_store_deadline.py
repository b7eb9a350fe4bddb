"""A statement that never ends is ended."""

import contextlib

import apsw
import pytest

from simpost.store.sqlite.deadline import Deadline

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def test_an_endless_statement_is_ended_and_the_next_one_runs():
    with contextlib.closing(apsw.Connection(":memory:")) as connection:
        deadline = Deadline(connection, 0.05)
        deadline.begin()
        with pytest.raises(apsw.InterruptError):
            connection.execute(ENDLESS).fetchall()
        deadline.begin()
        assert connection.execute("SELECT 1").get == 1
