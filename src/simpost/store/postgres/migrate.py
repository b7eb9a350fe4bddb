"""Plan a migration: `python -m simpost.store.postgres.migrate VERSION` writes its SQL.

Alembic only plans, in its offline mode; the store runs the script, in one transaction.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

from simpost.store.postgres.schema import VERSION

MIGRATIONS = Path(__file__).with_name("migrations")


def script(start: str = "base", end: str = VERSION) -> str:
    """The SQL that leads from one version of the schema to another."""
    written = io.StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, f"{start}:{end}", sql=True)
    return written.getvalue()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m simpost.store.postgres.migrate VERSION")
    sys.stdout.write(script(sys.argv[1]))


if __name__ == "__main__":
    main()
