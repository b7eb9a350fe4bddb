"""The formats of ids in receipts, in a table that all nodes add to."""

from __future__ import annotations

from simpost.domain.receipt_ids import ObservedIdFormat
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import columns
from simpost.store.records.receipt_id_formats import LearnedFormats, observed_format


class PostgresIdFormats(LearnedFormats):
    """The formats of the table; `write` adds the counts since `load`."""

    @classmethod
    async def load(cls, session: PostgresSession) -> PostgresIdFormats:
        forms = cls()
        forms.replace_all(await session.execute("list_formats"))
        return forms

    async def write(self, session: PostgresSession) -> None:
        if rows := self.take_counted():
            await session.execute("count_formats", *columns(rows, 7))


async def forms_of(session: PostgresSession, carrier: str) -> list[ObservedIdFormat]:
    return [observed_format(row) for row in await session.execute("formats_of", carrier)]
