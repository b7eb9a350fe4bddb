"""What carriers said: settlements first, then the receipts that follow them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from simpost.domain.attempt_results import AttemptResult
from simpost.domain.outcomes import Receipt
from simpost.store.sqlite.receiving import receive
from simpost.store.sqlite.session import Session
from simpost.store.sqlite.settling import settle

Said = tuple[Sequence[AttemptResult], Sequence[Receipt]]


def record(session: Session, said: Sequence[Said]) -> list[None]:
    settlements = list(chain.from_iterable(each for each, _ in said))
    receipts = list(chain.from_iterable(each for _, each in said))
    if settlements:
        settle(session, settlements)
    if receipts:
        receive(session, receipts)
    return [None] * len(said)
