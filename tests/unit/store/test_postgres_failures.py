"""Every error of a lost database connection becomes a StoreError."""

import asyncpg
import pytest

from simpost.errors import StoreError
from simpost.store.postgres.failures import is_lost, is_retryable, translating

LOST = [
    ConnectionResetError(),
    TimeoutError(),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
    asyncpg.ConnectionDoesNotExistError(),
    asyncpg.AdminShutdownError(),
    asyncpg.CannotConnectNowError(),
]


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_a_lost_connection_is_a_store_error_and_is_closed(error):
    assert is_lost(error)
    with pytest.raises(StoreError) as told, translating():
        raise error
    assert told.value.__cause__ is error
    assert "state 15" not in str(told.value)


def test_a_programming_error_is_not_a_store_error():
    with pytest.raises(KeyError), translating():
        raise KeyError("mine")


@pytest.mark.parametrize(
    ("index", "again"), [("conversations_current", True), ("messages_pk", False), (None, False)]
)
def test_only_the_index_of_a_race_is_tried_again(index, again):
    error = asyncpg.UniqueViolationError()
    error.constraint_name = index
    assert is_retryable(error) is again
