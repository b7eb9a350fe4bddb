"""Records the results of attempts, then the receipts that follow them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from simpost.store.records.payloads import CarrierResults
from simpost.store.sqlite.attempt_results import settle
from simpost.store.sqlite.delivery_receipts import receive
from simpost.store.sqlite.session import SqliteSession


def record(session: SqliteSession, results: Sequence[CarrierResults]) -> list[None]:
    settlements = list(chain.from_iterable(each for each, _ in results))
    receipts = list(chain.from_iterable(each for _, each in results))
    if settlements:
        settle(session, settlements)
    if receipts:
        receive(session, receipts)
    return [None] * len(results)
