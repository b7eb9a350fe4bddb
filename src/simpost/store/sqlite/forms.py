"""The forms in which carriers were seen to write ids in receipts: learnt here, kept in a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import apsw

from simpost.domain.receipt_ids import Base, Form, Letters, SeenForm
from simpost.store.sqlite.queries import SQL, ask

MOST_FORMS: Final = 8
"""Of one carrier; what a ninth would have said keeps needing its proof."""


class LearntForms:
    """Belongs to the writer; what is counted is written at the end of the job."""

    def __init__(self) -> None:
        self._of: dict[str, list[Form]] = {}
        self._counted: dict[tuple[str, Form], tuple[int, int, int]] = {}

    def load(self, execute: Callable[..., Any]) -> None:
        """Read what is committed, in place of what is remembered."""
        self._counted.clear()
        self._of.clear()
        for carrier, *form in execute(SQL["list_forms"]):
            self._of.setdefault(carrier, []).append(_form(*form))

    def __contains__(self, carrier: str) -> bool:
        return carrier in self._of

    def of(self, carrier: str) -> list[Form]:
        return self._of.get(carrier, [])

    def saw(self, carrier: str, form: Form, at_ms: int) -> None:
        """Count a form that led to a part, and learn it if it is new."""
        known = self._of.setdefault(carrier, [])
        if form not in known:
            if len(known) >= MOST_FORMS:
                return
            known.append(form)
        times, first_ms, last_ms = self._counted.get((carrier, form), (0, at_ms, at_ms))
        self._counted[carrier, form] = (times + 1, min(first_ms, at_ms), max(last_ms, at_ms))

    def write(self, execute: Callable[..., Any]) -> None:
        for (carrier, form), counts in self._counted.items():
            execute(SQL["count_form"], (carrier, form.base, form.letters, form.width, *counts))
        self._counted.clear()


def forms_of(connection: apsw.Connection, carrier: str) -> list[SeenForm]:
    rows = ask(connection, "forms_of", (carrier,))
    return [SeenForm(_form(*row[:3]), *row[3:]) for row in rows]


def _form(base: str, letters: str, width: int) -> Form:
    return Form(Base(base), Letters(letters), width)
