"""Imports: rows are checked, saved in one batch and counted; refused rows do not stop the others.

Saving the same rows again changes nothing, so an import that was interrupted is simply repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from simpost.catalogue.normalization import parse_esim, parse_plan, parse_price
from simpost.errors import InvalidRequest
from simpost.ports.store import CatalogueStore, EsimRow, EsimTagStore, Saved

_ROWS_PER_TURN: Final = 200
"""Rows checked before other tasks of the event loop run."""

_Row = TypeVar("_Row")


class RowRefusal(msgspec.Struct, frozen=True):
    """A row that was not saved; `index` counts the given rows from 0."""

    index: int
    reason: str


class ImportOutcome(msgspec.Struct, frozen=True):
    """The result of one batch.

    Attributes:
        plan_unknown: saved eSIMs without a smsStatus of their own whose plan is not known.
        refused: rows that were not saved, in the order of the batch.
        tagged: eSIMs that have other tags than before.
    """

    added: int
    changed: int
    unchanged: int
    plan_unknown: int
    refused: list[RowRefusal]
    tagged: int = 0

    @property
    def saved(self) -> int:
        """Rows that are in the store now as they were given."""
        return self.added + self.changed + self.unchanged


async def import_plans(
    store: CatalogueStore, rows: Sequence[Any], *, replace: bool, dry_run: bool = False
) -> ImportOutcome:
    """Save plans; with `replace`, fields that a row does not name are cleared."""
    plans, refused = await _parse(rows, lambda row: parse_plan(row, partial=not replace))
    save = store.compare_plans if dry_run else store.merge_plans
    saved = await save([plan for _, plan in plans])
    keyed = [(index, plan.package_code) for index, plan in plans]
    return _outcome(saved, keyed, refused, "packageCode is new, and smsStatus is missing")


async def import_esims(
    store: CatalogueStore,
    account_id: int,
    rows: Sequence[Any],
    *,
    replace: bool,
    now_ms: int,
    tags: EsimTagStore,
    on_saved: Callable[[Sequence[EsimRow]], Awaitable[None]] | None = None,
    dry_run: bool = False,
) -> ImportOutcome:
    """Save eSIMs of an account; eSIMs of other accounts are refused and stay as they are.

    Tags are committed after the eSIMs; rows without tags keep those of their eSIM.

    Calls `on_saved` after the commit, with all good rows. With `dry_run` nothing is saved.
    """
    esims, refused = await _parse(rows, lambda row: parse_esim(row, now_ms, partial=not replace))
    save = store.compare_esims if dry_run else store.merge_esims
    saved = await save(account_id, [esim for _, esim in esims])
    given = {esim.esim_tran_no: esim.tags for _, esim in esims if esim.tags is not None}
    tagged = await tags.set_tags(account_id, given) if given and not dry_run else 0
    if on_saved is not None and not dry_run:
        await on_saved([esim for _, esim in esims])
    keyed = [(index, esim.esim_tran_no) for index, esim in esims]
    lacking = "esimTranNo is new, and smdpStatus or esimStatus is missing"
    outcome = _outcome(saved, keyed, refused, lacking)
    return msgspec.structs.replace(outcome, tagged=tagged)


async def import_prices(
    store: CatalogueStore, account_id: int, rows: Sequence[Any]
) -> ImportOutcome:
    """Save an account's own prices; a `price` of null deletes one."""
    prices, refused = await _parse(rows, parse_price)
    saved = await store.save_prices(account_id, [price for _, price in prices])
    keyed = [(index, price.package_code) for index, price in prices]
    return _outcome(saved, keyed, refused, "no plan has this packageCode")


async def _parse(
    rows: Sequence[Any], parse: Callable[[Any], _Row]
) -> tuple[list[tuple[int, _Row]], list[RowRefusal]]:
    """The good rows with their index, and the refused ones."""
    good: list[tuple[int, _Row]] = []
    refused: list[RowRefusal] = []
    for index, row in enumerate(rows):
        try:
            good.append((index, parse(row)))
        except InvalidRequest as error:
            refused.append(RowRefusal(index, str(error)))
        if index % _ROWS_PER_TURN == _ROWS_PER_TURN - 1:
            await asyncio.sleep(0)
    return good, refused


def _outcome(
    saved: Saved, keyed: list[tuple[int, str]], refused: list[RowRefusal], incomplete: str
) -> ImportOutcome:
    """`keyed` has the index and the key of each row given to the store, in its order."""
    foreign = set(saved.foreign)
    refused += [RowRefusal(keyed[place][0], incomplete) for place in saved.incomplete]
    refused += [
        RowRefusal(index, "esimTranNo belongs to another account")
        for index, key in keyed
        if key in foreign
    ]
    refused.sort(key=lambda refusal: refusal.index)
    return ImportOutcome(
        added=saved.added,
        changed=saved.changed,
        unchanged=saved.unchanged,
        plan_unknown=saved.plan_unknown,
        refused=refused,
    )
