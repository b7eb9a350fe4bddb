"""`simpost backup` and `simpost restore`: copy the embedded store to one file, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from simpost.cli.output import print_lines
from simpost.cli.text_key_warnings import print_warnings, warnings_of_file
from simpost.config import Settings, load
from simpost.domain.plurals import counted
from simpost.errors import ConfigError
from simpost.store.secret_box import SecretBox
from simpost.text.display import visible_lines

_RESTORED = """\
{backup} was restored as {store}.
{aside}
Messages accepted after the backup are missing. Messages that were queued in the backup are queued
again. When it is served, nothing is sent until `simpost confirm-copy`, which sends or cancels them.
"""

Config: TypeAlias = Annotated[
    Path, typer.Option(envvar="SIMPOST_CONFIG", help="Configuration file that names the store.")
]


def backup(
    file: Annotated[Path, typer.Argument(help="File to write; an earlier backup is replaced.")],
    config: Config = Path("simpost.toml"),
) -> None:
    """Back up the embedded store to one verified file, also while simpost runs.

    The file has mode 0600 and contains message texts. Its secrets are encrypted with
    secrets_key: keep a copy of that key in another place.
    """
    from simpost.store.sqlite.backup import back_up
    from simpost.store.sqlite.inspection import sealed_texts
    from simpost.store.text_key_check import needed_keys

    written = back_up(_embedded(config, "pg_dump").store.path, file)
    size = f"{counted(written.messages, 'message')}, {counted(written.octets, 'octet')}"
    print_lines([f"{file}: {size}, verified"])
    if keys := needed_keys(sealed_texts(file)):
        print_lines(
            [f"Its texts are sealed with {', '.join(keys)}: keep a copy of store.text_key."]
        )


def restore(
    file: Annotated[Path, typer.Argument(help="Backup to restore.")],
    config: Config = Path("simpost.toml"),
) -> None:
    """Replace the embedded store with a backup.

    Stop simpost first. The old store is kept under another name.
    """
    from simpost.store.sqlite.backup import restore as put_back

    at = _embedded(config, "pg_restore").store
    aside = put_back(file, at.path, seal=SecretBox(at.secrets_key.get_secret_value()))
    kept = f"The previous store is {aside}.\n" if aside else ""
    print(visible_lines(_RESTORED.format(backup=file, store=at.path, aside=kept)), end="")
    print_warnings(warnings_of_file(at, at.path))


def _embedded(config: Path, tool: str) -> Settings:
    """Raises ConfigError when the store is a database."""
    settings = load(config, os.environ)
    if not settings.store.is_embedded:
        raise ConfigError(
            f"store.database_url names a PostgreSQL database: use {tool} for it (docs/backups.md)"
        )
    return settings
