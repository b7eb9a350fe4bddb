from importlib.resources import files

import pytest

from simpost.store.postgres.queries import SQL as POSTGRES
from simpost.store.sqlite.queries import SQL as SQLITE

ALSO = {"simpost.store.sqlite": (), "simpost.store.postgres": ("simpost.store.to_postgres",)}
STATEMENTS = {"simpost.store.sqlite": SQLITE, "simpost.store.postgres": POSTGRES}


@pytest.mark.parametrize("package", STATEMENTS)
def test_every_statement_is_used(package):
    code = "".join(
        path.read_text(encoding="utf-8")
        for each in (package, *ALSO[package])
        for path in files(each).iterdir()
        if path.name.endswith(".py")
    )
    assert [name for name in STATEMENTS[package] if f'"{name}"' not in code] == []
