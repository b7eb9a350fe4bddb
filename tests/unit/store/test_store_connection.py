import apsw
import pytest

from simpost.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreTimeout,
)
from simpost.store.sqlite.connection import translate

MEANT = {
    apsw.FullError: StoreFull,
    apsw.ReadOnlyError: StoreReadOnly,
    apsw.PermissionsError: StoreReadOnly,
    apsw.CantOpenError: StoreReadOnly,
    apsw.BusyError: StoreBusy,
    apsw.LockedError: StoreBusy,
    apsw.NotADBError: StoreDamaged,
    apsw.CorruptError: StoreDamaged,
    apsw.InterruptError: StoreTimeout,
}
PLAIN = {
    "AbortError", "AuthError", "BindingsError", "ConnectionClosedError",
    "ConnectionNotClosedError", "ConstraintError", "CursorClosedError",
    "EmptyError", "Error", "ExecTraceAbort", "ExecutionCompleteError", "ExtensionLoadingError",
    "ForkingViolationError", "FormatError", "IOError", "IncompleteExecutionError",
    "InternalError", "InvalidContextError", "MismatchError", "MisuseError",
    "NoFTS5Error", "NoLFSError", "NoMemError", "NotFoundError", "ProtocolError",
    "RangeError", "SQLError", "SchemaChangeError", "ThreadingViolationError", "TooBigError",
    "VFSFileClosedError", "VFSNotImplementedError",
}  # fmt: skip


def raised_by_apsw():
    return {
        kind
        for kind in vars(apsw).values()
        if isinstance(kind, type) and issubclass(kind, apsw.Error)
    }


def test_every_error_of_apsw_is_known():
    assert {kind.__name__ for kind in raised_by_apsw()} == PLAIN | {kind.__name__ for kind in MEANT}


@pytest.mark.parametrize("kind", sorted(raised_by_apsw(), key=str))
def test_every_error_of_apsw_becomes_one_of_ours(kind):
    meaning = translate(kind("the row had a secret in it"))
    assert type(meaning) is MEANT.get(kind, StoreError)
    assert "secret" not in str(meaning)


def test_our_own_errors_pass_as_they_are():
    full = StoreFull()
    assert translate(full) is full


def test_other_exceptions_are_named_without_details():
    meaning = translate(ValueError("the text of a message"))
    assert "ValueError" in str(meaning)
    assert "text" not in str(meaning)
