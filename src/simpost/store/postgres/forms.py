"""The forms in which carriers were seen to write ids: learnt by any node, kept in a table."""

from __future__ import annotations

from typing import Any, Final

from simpost.domain.receipt_ids import Base, Form, Letters, SeenForm
from simpost.store.postgres.link import Session
from simpost.store.postgres.queries import columns

MOST_FORMS: Final = 8
"""Of one carrier; what a ninth would have said keeps needing its proof."""


class LearntForms:
    """As the table had them; what is counted since is written by `write`."""

    def __init__(self, rows: list[Any]) -> None:
        self._of: dict[str, list[Form]] = {}
        self._counted: dict[tuple[str, Form], tuple[int, int, int]] = {}
        for carrier, *form in rows:
            self._of.setdefault(carrier, []).append(_form(*form))

    @classmethod
    async def load(cls, session: Session) -> LearntForms:
        return cls(await session.ask("list_forms"))

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

    async def write(self, session: Session) -> None:
        rows = [
            (carrier, form.base, form.letters, form.width, *counts)
            for (carrier, form), counts in sorted(self._counted.items())
        ]
        if rows:
            await session.ask("count_forms", *columns(rows, 7))
        self._counted.clear()


async def forms_of(session: Session, carrier: str) -> list[SeenForm]:
    rows = await session.ask("forms_of", carrier)
    return [SeenForm(_form(*row[:3]), *row[3:]) for row in rows]


def _form(base: str, letters: str, width: int) -> Form:
    return Form(Base(base), Letters(letters), width)
