"""Merges a row of an import into the stored row. Pure."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, TypeVar

import msgspec

from simpost.ports.store import EsimRow, PlanRow, PriceRow, Saved
from simpost.store.records.catalogue import esim_of
from simpost.store.records.payloads import EsimBatch
from simpost.store.records.row import NamedRow
from simpost.store.records.sealed_esims import sealed

R = TypeVar("R", PlanRow, EsimRow)

_encode = msgspec.json.Encoder().encode


class PlanImport:
    """Counts what becomes of the plans of a batch."""

    def __init__(self) -> None:
        self.saved = Saved()

    def merge(self, place: int, old: PlanRow | None, plan: PlanRow) -> PlanRow | None:
        """The row to write; `None` when the stored row, or the lack of one, stays."""
        return _counted(self.saved, place, old, merged_plan(old, plan))


class EsimImport:
    """Merges the eSIMs of a batch, counts the changes and seals secret fields."""

    def __init__(self, batch: EsimBatch) -> None:
        self.saved = Saved()
        self._batch = batch
        self._plans: dict[str, str] = {}

    def merge(self, place: int, row: NamedRow | None, esim: EsimRow) -> EsimRow | None:
        """The row to write; `None` when the stored row, or the lack of one, stays."""
        tran_no = esim.esim_tran_no
        if row and row["account_id"] != self._batch.account_id:
            self.saved.foreign.append(tran_no)
            return None
        old = esim_of(row) if row else None
        new = merged_esim(old, esim)
        if new is not None:
            new = sealed(self._batch.box, new)
            self._plans.pop(tran_no, None)
            if new.sms_status is None:
                self._plans[tran_no] = new.package_code
        return _counted(self.saved, place, old, new)

    def plans(self) -> set[str]:
        """The plans that have to tell whether these eSIMs take messages."""
        return set(self._plans.values())

    def finish(self, known_plans: Container[str]) -> Saved:
        self.saved.plan_unknown = sum(name not in known_plans for name in self._plans.values())
        return self.saved


def _counted(saved: Saved, place: int, old: R | None, new: R | None) -> R | None:
    if new is None:
        saved.incomplete.append(place)
    elif new == old:
        saved.unchanged += 1
    else:
        saved.changed += old is not None
        saved.added += old is None
        return new
    return None


def columns_of(row: PlanRow | EsimRow) -> tuple[Any, ...]:
    """The columns of `plans` or, without the account, of `esims`."""
    columns = msgspec.structs.astuple(row)[: row.__struct_fields__.index("document")]
    return (*columns, _encode(row.document).decode())


def merged_esim(old: EsimRow | None, new: EsimRow) -> EsimRow | None:
    """The row to keep; None when a new eSIM lacks its states."""
    if old is None:
        return new if new.smdp_status and new.esim_status else None
    created_ms = min(old.created_ms, new.created_ms)
    if new.given is None:
        return msgspec.structs.replace(new, created_ms=created_ms, retired=old.retired, tags=None)
    document = {**old.document, **new.document}
    columns = {name: getattr(new, name) for name in new.given}
    if new.document.get("packageList"):
        packages = _packages(old.document.get("packageList") or [], new.document["packageList"])
        document["packageList"] = packages
        columns["package_code"] = packages[0].get("packageCode") or packages[0].get("slug") or ""
    return msgspec.structs.replace(old, created_ms=created_ms, document=document, **columns)


def merged_plan(old: PlanRow | None, new: PlanRow) -> PlanRow | None:
    """The row to keep; None when a new plan lacks its smsStatus."""
    if old is None:
        is_whole = new.given is None or "sms_status" in new.given
        return msgspec.structs.replace(new, given=None) if is_whole else None
    if new.given is None:
        return msgspec.structs.replace(new, retired=old.retired)
    columns = {name: getattr(new, name) for name in new.given}
    document = {**old.document, **new.document}
    return msgspec.structs.replace(old, document=document, **columns)


def changed_prices(
    kept: dict[str, PriceRow], known: Container[str], batch: Sequence[PriceRow]
) -> tuple[Saved, list[PriceRow]]:
    """What becomes of a batch, and the prices to write, by package code; `kept` is used up."""
    saved = Saved()
    changed: dict[str, PriceRow] = {}
    for place, new in enumerate(batch):
        code = new.package_code
        old = kept.get(code)
        if code not in known:
            saved.incomplete.append(place)
        elif new == (old or PriceRow(code, None)):
            saved.unchanged += 1
        else:
            saved.changed += old is not None
            saved.added += old is None
            changed[code] = new
            if new.price is None:
                del kept[code]
            else:
                kept[code] = new
    return saved, [changed[code] for code in sorted(changed)]


def _packages(old: list[Any], new: list[Any]) -> list[Any]:
    """The new list; if its first plan is the stored one, absent fields keep their values."""
    if not old:
        return new
    first, *more = new
    names = [first[name] for name in ("packageCode", "slug") if first.get(name)]
    known = {old[0].get("packageCode"), old[0].get("slug")}
    if not names:
        return [{**old[0], **first}, *(more or old[1:])]
    return [{**old[0], **first}, *(more or old[1:])] if known.issuperset(names) else new
