"""`--retire-missing`: rows that the file does not have, shown and retired by an import."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import typer

from simpost.catalogue.files import Kind
from simpost.catalogue.missing_rows import KeySet, MissingRows
from simpost.cli.catalogue import listed, show_list
from simpost.cli.client import Server
from simpost.cli.output import print_lines
from simpost.domain.plurals import counted
from simpost.errors import ConfigError, SimpostError

_SHOWN = 20
_AT_ONCE = 1000
"""Keys that the service retires in one request."""


class Declined(SimpostError):
    """Nothing was saved, and nothing was retired."""


@dataclass(frozen=True)
class Retirement:
    """How saved rows are listed and retired.

    Attributes:
        query: filters of the list of saved rows.
        columns: the fields to show of each missing row.
        is_confirmed: retire without a question (`--yes`).
    """

    server: Server
    kind: Kind
    query: Mapping[str, str]
    columns: Sequence[str]
    is_confirmed: bool

    @property
    def _name(self) -> str:
        return "esims" if self.kind is Kind.ESIMS else "plans"

    @property
    def path(self) -> str:
        """Path of the resource in the admin API."""
        return f"/v1/admin/{self._name}"

    def rows(self) -> Iterator[dict[str, Any]]:
        """The saved rows that are not retired."""
        found = listed(self.server, self.path, self._name, dict(self.query))
        return (row for row in found if not row["retired"])

    def retire(self, keys: Sequence[str]) -> int:
        """Retire rows by key; returns how many changed."""
        answer = self.server.post(f"{self.path}/retire", {f"{self.kind.key}s": list(keys)})
        return int(answer["changed"])

    def check_can_confirm(self) -> None:
        """Raise ConfigError if a confirmation is needed and stdin is not a terminal."""
        if not self.is_confirmed and not sys.stdin.isatty():
            raise ConfigError(
                "--retire-missing asks for a confirmation: give --yes when stdin is not a terminal."
            )


class Missing:
    """The missing rows: shown, and retired after a question."""

    def __init__(self, file: IO[str], retirement: Retirement, keys: KeySet) -> None:
        self._retirement = retirement
        self._rows = MissingRows(
            retirement.rows(), retirement.kind.key, keys, file, max_first=_SHOWN
        )

    @property
    def count(self) -> int:
        """The number of missing rows."""
        return self._rows.count

    def show(self) -> None:
        """Print the count and the first missing rows."""
        rows = self._rows
        print_lines([f"{rows.count:,} of {rows.existing:,} are not in the file"])
        if rows.first:
            show_list(iter(rows.first), self._retirement.columns, _SHOWN, as_json=False)
        if rows.count > _SHOWN:
            print_lines([f"... and {rows.count - _SHOWN:,} more"])

    def confirm(self, rows: int) -> None:
        """Ask before anything is saved. Raises Declined if the answer is no."""
        question = f"Save {counted(rows, 'row')} and retire {self.count:,}?"
        if (
            self.count
            and not self._retirement.is_confirmed
            and not typer.confirm(question, err=True)
        ):
            raise Declined

    def retire(self) -> int:
        """Retire the missing rows; returns how many were not retired or deleted already."""
        return sum(self._retirement.retire(keys) for keys in self._rows.key_batches(_AT_ONCE))
