"""What carriers said: settlements first, then the receipts that follow them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from simpost.domain.attempt_results import AttemptResult
from simpost.domain.outcomes import Receipt
from simpost.store.postgres.attempt_results import settle
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.delivery_receipts import receive

Said = tuple[Sequence[AttemptResult], Sequence[Receipt]]


async def record(session: PostgresSession, said: Sequence[Said]) -> list[None]:
    """In several transactions: repeated after a failure, it changes nothing twice."""
    settlements = list(chain.from_iterable(each for each, _ in said))
    receipts = list(chain.from_iterable(each for _, each in said))
    if settlements:
        await settle(session, settlements)
    if receipts:
        await receive(session, receipts)
    return [None] * len(said)
