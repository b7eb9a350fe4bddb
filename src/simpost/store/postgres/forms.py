"""The forms in which carriers write ids, in a table: learnt by any node."""

from __future__ import annotations

from simpost.domain.receipt_ids import ObservedIdFormat
from simpost.store.forms import Forms, seen_form
from simpost.store.postgres.link import Session
from simpost.store.postgres.queries import columns


class LearntForms(Forms):
    """As the table had them; what is counted since is written by `write`."""

    @classmethod
    async def load(cls, session: Session) -> LearntForms:
        forms = cls()
        forms.know(await session.ask("list_forms"))
        return forms

    async def write(self, session: Session) -> None:
        if rows := self.take_counted():
            await session.ask("count_forms", *columns(rows, 7))


async def forms_of(session: Session, carrier: str) -> list[ObservedIdFormat]:
    return [seen_form(row) for row in await session.ask("forms_of", carrier)]
