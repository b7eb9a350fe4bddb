"""What carriers said: settlements first, then the receipts that follow them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from simpost.domain.attempt_results import AttemptResult
from simpost.domain.outcomes import Receipt
from simpost.store.sqlite.attempt_results import settle
from simpost.store.sqlite.delivery_receipts import receive
from simpost.store.sqlite.session import SqliteSession

Said = tuple[Sequence[AttemptResult], Sequence[Receipt]]


def record(session: SqliteSession, said: Sequence[Said]) -> list[None]:
    settlements = list(chain.from_iterable(each for each, _ in said))
    receipts = list(chain.from_iterable(each for _, each in said))
    if settlements:
        settle(session, settlements)
    if receipts:
        receive(session, receipts)
    return [None] * len(said)
