"""Migrate a file: `python -m simpost.store.sqlite.migrate <file>`, while nobody serves it.

Alembic only plans: in its offline mode it writes the script from the file's version to the last
one. The script is run by the SQLite we bring along, in one transaction, so that one SQLite library
alone ever touches the file.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import apsw
from alembic import command
from alembic.config import Config

from simpost.errors import StoreError
from simpost.store.sqlite.connection import INCREMENTAL, open_writer, translate
from simpost.store.sqlite.schema import VERSION, version_of

MIGRATIONS = Path(__file__).with_name("migrations")


def script(start: str | None, end: str = VERSION) -> str:
    """The SQL that leads from one version of the schema to another."""
    written = io.StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, f"{start or 'base'}:{end}", sql=True)
    return written.getvalue()


def migrate(path: Path) -> None:
    """Bring the file to the last version, or leave it as it was.

    Once, a file of an older release is written again as a whole, so that nothing that was deleted
    is left in it and it shrinks from now on. Without room on the disk it stays as it is.
    """
    version = version_of(path)
    statements = "" if version == VERSION else script(version)
    try:
        connection = open_writer(path)
        try:
            connection.execute("BEGIN IMMEDIATE")
            # To the end: Alembic notes each version with RETURNING, and execution waits at its row.
            connection.execute(statements).fetchall()
            connection.execute("COMMIT")
            if connection.pragma("auto_vacuum") != INCREMENTAL:
                with contextlib.suppress(apsw.FullError):
                    connection.execute("VACUUM")
        finally:
            connection.close()
    except apsw.Error as error:
        raise translate(error) from error


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m simpost.store.sqlite.migrate FILE")
    try:
        migrate(Path(sys.argv[1]))
    except StoreError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
