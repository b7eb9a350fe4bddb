from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from simpost.catalogue import imports
from simpost.catalogue.imports import ImportOutcome, RowRefusal, import_esims, import_plans
from simpost.ports.store import CatalogueStore, EsimRow, EsimTagStore, PlanRow, Saved

STATES = {"smdpStatus": "ENABLED", "esimStatus": "IN_USE"}


class CatalogueDouble:
    """Returns one result and records what it was given."""

    def __init__(self, saved: Saved) -> None:
        self.saved = saved
        self.rows: list[Any] = []

    async def merge_plans(self, plans: Sequence[PlanRow]) -> Saved:
        self.rows = list(plans)
        return self.saved

    async def merge_esims(self, account_id: int, esims: Sequence[EsimRow]) -> Saved:
        self.rows = list(esims)
        return self.saved


def store_of(double: CatalogueDouble) -> CatalogueStore:
    return cast("CatalogueStore", double)


async def test_refused_rows_keep_the_index_that_they_had_in_the_batch() -> None:
    store = CatalogueDouble(Saved(added=1, foreign=["e2"], incomplete=[2]))
    rows = [{"esimTranNo": "e1"} | STATES, 5, {"esimTranNo": "e2"}, {"esimTranNo": "e3"}]
    outcome = await import_esims(
        store_of(store), 1, rows, replace=False, now_ms=0, tags=cast("EsimTagStore", None)
    )
    assert [row.esim_tran_no for row in store.rows] == ["e1", "e2", "e3"]
    assert [refusal.index for refusal in outcome.refused] == [1, 2, 3]
    assert outcome.refused[1] == RowRefusal(2, "esimTranNo belongs to another account")
    assert "is new" in outcome.refused[2].reason
    assert outcome.saved == 1


async def test_only_a_replacing_import_gives_whole_rows() -> None:
    store = CatalogueDouble(Saved(unchanged=1))
    rows = [{"packageCode": "P", "smsStatus": 1}]
    await import_plans(store_of(store), rows, replace=False)
    assert store.rows[0].given is not None
    outcome = await import_plans(store_of(store), rows, replace=True)
    assert store.rows[0].given is None
    assert outcome == ImportOutcome(added=0, changed=0, unchanged=1, plan_unknown=0, refused=[])


async def test_a_long_batch_lets_other_tasks_run(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = 0

    async def sleep(_seconds: float) -> None:
        nonlocal turns
        turns += 1

    monkeypatch.setattr(imports.asyncio, "sleep", sleep)
    rows = [{"packageCode": f"P{n}", "smsStatus": 1} for n in range(450)]
    await import_plans(store_of(CatalogueDouble(Saved(added=450))), rows, replace=False)
    assert turns == 2
