"""Schema migrations: numbered SQL files in a store's `migrations/`, run in their order.

Each is `NNNN_name.sql` and is never changed after a release. The store runs the missing ones in
one transaction, which also records the new version.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from simpost.errors import StoreError

_NOTE = """
CREATE TABLE IF NOT EXISTS schema_version (
  version TEXT NOT NULL,
  CONSTRAINT schema_version_pk PRIMARY KEY (version)
);
DROP TABLE IF EXISTS alembic_version;
DELETE FROM schema_version;
INSERT INTO schema_version (version) VALUES ('{version}');
"""
"""Earlier releases recorded the version in `alembic_version`."""


@cache
def migrations(package: str) -> dict[str, str]:
    """The SQL of each migration of a store's package, by its version, in order."""
    found = (each for each in files(package).joinpath("migrations").iterdir())
    named = sorted((each.name, each) for each in found if each.name.endswith(".sql"))
    return {name[:4]: each.read_text(encoding="utf-8") for name, each in named}


def newest(package: str) -> str:
    """The version of the last migration, which this release needs."""
    return next(reversed(migrations(package)))


def script(package: str, start: str | None = None, end: str | None = None) -> str:
    """The SQL that leads from one version of the schema to another.

    Args:
        start: the current version; `None` when there is no schema yet.
        end: the version to reach; `None` for the last one.

    Raises:
        StoreError: there is no such version to start from.
    """
    known = migrations(package)
    if start is not None and start not in known:
        raise StoreError(f"there is no migration from schema '{start}'")
    end = end or newest(package)
    wanted = [text for version, text in known.items() if (start or "") < version <= end]
    return "\n".join([*wanted, _NOTE.format(version=end)])
