"""Records the results of attempts, then the receipts that follow them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from simpost.store.postgres.attempt_results import settle
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.delivery_receipts import receive
from simpost.store.records.payloads import CarrierResults


async def record(session: PostgresSession, results: Sequence[CarrierResults]) -> list[None]:
    """In several transactions: repeated after a failure, it changes nothing twice."""
    settlements = list(chain.from_iterable(each for each, _ in results))
    receipts = list(chain.from_iterable(each for _, each in results))
    if settlements:
        await settle(session, settlements)
    if receipts:
        await receive(session, receipts)
    return [None] * len(results)
