"""The formats of ids in receipts, in a table that all nodes add to."""

from __future__ import annotations

from simpost.domain.receipt_ids import ObservedIdFormat
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import columns
from simpost.store.records.receipt_id_formats import LearnedFormats, seen_form


class PostgresIdFormats(LearnedFormats):
    """As the table had them; what is counted since is written by `write`."""

    @classmethod
    async def load(cls, session: PostgresSession) -> PostgresIdFormats:
        forms = cls()
        forms.know(await session.ask("list_forms"))
        return forms

    async def write(self, session: PostgresSession) -> None:
        if rows := self.take_counted():
            await session.ask("count_forms", *columns(rows, 7))


async def forms_of(session: PostgresSession, carrier: str) -> list[ObservedIdFormat]:
    return [seen_form(row) for row in await session.ask("forms_of", carrier)]
