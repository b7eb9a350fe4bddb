"""One pull: what a supplier lists is imported, or compared with what is stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from simpost.catalogue.imports import ImportOutcome, import_esims, import_plans
from simpost.catalogue.missing_rows import KeySet
from simpost.domain.catalogue_sync import (
    MOST_EXAMPLES,
    ListedEsim,
    RefusedSourceRow,
    RowCounts,
    SyncReport,
)
from simpost.features.catalogue_sync.supplier import Span, Supplier
from simpost.ports.store import EsimRow, Store
from simpost.runtime.clock import Clock

_STEP: Final = 1_000
"""Plans of one import, and listed eSIMs of one read."""
_NO_KEY: Final = "row {}"
_NUMBERS: Final = frozenset({"msisdn", "imsi"})
_MOST_ASKED: Final = 1_000
"""eSIMs that a supplier without totals is asked for. If it lists more no longer, it has a fault."""


class Pull:
    """One pull of a source into an account.

    `on_saved` is called with the saved eSIMs of each page, and `keep_alive` after each page: it
    raises if the pull must not go on.
    """

    def __init__(
        self,
        name: str,
        account_id: int,
        store: Store,
        *,
        clock_ms: Clock,
        on_saved: Callable[[Sequence[EsimRow]], Awaitable[None]],
        keep_alive: Callable[[], Awaitable[None]],
        is_dry: bool,
    ) -> None:
        self._name = name
        self._account_id = account_id
        self._catalogue = store.catalogue
        self._syncs = store.catalogue_syncs
        self._tags = store.esim_tags
        self._erasures = store.erasures
        self._clock_ms = clock_ms
        self._on_saved = on_saved
        self._keep_alive = keep_alive
        self._is_dry = is_dry

    async def run(self, supplier: Supplier, span: Span, *, retires: bool = False) -> SyncReport:
        """Pull everything, or the eSIMs that are new. Raises SupplierError and StoreError.

        Missing eSIMs are marked, and retired with `retires`, only if every page was seen and the
        supplier listed any eSIM. It must count as many as it listed, or if it does not count, say
        of each of them that it does not list it.
        """
        report = SyncReport(is_full=span.since_ms is None)
        if span.since_ms is None:
            await self._pull_plans(supplier, report)
        listed, counts = await self._pull_esims(supplier, span, report)
        if report.is_complete:
            await self._find_missing(listed, report, None if counts else supplier, retires=retires)
        return report

    async def _pull_plans(self, supplier: Supplier, report: SyncReport) -> None:
        rows = await supplier.plans()
        await self._keep_alive()
        for start in range(0, len(rows), _STEP):
            batch = rows[start : start + _STEP]
            outcome = await import_plans(
                self._catalogue, batch, replace=False, dry_run=self._is_dry
            )
            _count(report, report.plans, outcome, batch, "packageCode")
            await self._keep_alive()

    async def _pull_esims(
        self, supplier: Supplier, span: Span, report: SyncReport
    ) -> tuple[KeySet, bool]:
        """Import all pages; the keys that were listed, and whether the supplier counts them."""
        listed = KeySet()
        totals: set[int | None] = set()
        different = pending = 0
        async for page in supplier.esims(span, self._stored_profiles):
            keys = [key for row in page.rows if (key := _key(row, "esimTranNo"))]
            for key in keys:
                if key not in listed:
                    listed.add(key)
                    different += 1
            totals.add(page.total)
            pending += page.pending
            outcome = await import_esims(
                self._catalogue,
                self._account_id,
                await self._without_forgotten(page.rows, keys),
                replace=False,
                now_ms=self._clock_ms(),
                tags=self._tags,
                on_saved=self._on_saved,
                dry_run=self._is_dry,
            )
            _count(report, report.esims, outcome, page.rows, "esimTranNo")
            if not self._is_dry:
                await self._syncs.note_listed(self._name, keys)
            await self._keep_alive()
        counts = totals != {None}
        # A supplier that lists nothing at all has a fault, more likely than no eSIM.
        is_whole = not counts or totals == {different + pending}
        report.is_complete = span.since_ms is None and different > 0 and is_whole
        return listed, counts

    async def _stored_profiles(self, keys: Sequence[str]) -> Mapping[str, str]:
        return await self._syncs.stored_profiles(self._account_id, keys)

    async def _without_forgotten(self, rows: Sequence[Any], keys: Sequence[str]) -> Sequence[Any]:
        """The rows without the numbers of forgotten travellers: a pull must not bring them back."""
        forgotten = await self._erasures.find_forgotten(self._account_id, keys)
        if not forgotten:
            return rows
        return [
            {name: value for name, value in row.items() if name not in _NUMBERS}
            if _key(row, "esimTranNo") in forgotten
            else row
            for row in rows
        ]

    async def _find_missing(
        self, listed: KeySet, report: SyncReport, asked: Supplier | None, *, retires: bool
    ) -> None:
        """Mark eSIMs that were not listed; those that a supplier is asked for only if it agrees."""
        after, questions = "", 0
        report.missing = 0
        while rows := await self._syncs.list_listed(self._name, after=after, limit=_STEP):
            after = rows[-1].esim_tran_no
            missing = [row for row in rows if row.esim_tran_no not in listed]
            if asked is not None:
                questions += sum(row.missing_ms is None for row in missing)
                if questions > _MOST_ASKED:
                    report.missing, report.missing_examples = None, []
                    report.is_complete = False
                    return
                missing = [row for row in missing if not await self._still_listed(asked, row)]
            await self._mark([row.esim_tran_no for row in missing], report, retires=retires)
            await self._keep_alive()

    async def _still_listed(self, supplier: Supplier, row: ListedEsim) -> bool:
        """Whether the list left an eSIM out that the supplier has; not asked again once marked."""
        if row.missing_ms is not None:
            return False
        await self._keep_alive()
        return await supplier.lists(row.esim_tran_no)

    async def _mark(self, missing: list[str], report: SyncReport, *, retires: bool) -> None:
        assert report.missing is not None
        report.missing += len(missing)
        room = MOST_EXAMPLES - len(report.missing_examples)
        report.missing_examples += missing[:room]
        if missing and not self._is_dry:
            now_ms = self._clock_ms()
            await self._syncs.mark_missing(self._name, missing, now_ms=now_ms)
            if retires:
                report.retired += await self._catalogue.retire_esims(missing, now_ms=now_ms)


def _count(
    report: SyncReport, counts: RowCounts, outcome: ImportOutcome, rows: Sequence[Any], key: str
) -> None:
    counts.added += outcome.added
    counts.changed += outcome.changed
    counts.unchanged += outcome.unchanged
    counts.refused += len(outcome.refused)
    report.add_refused(
        [
            RefusedSourceRow(_key(rows[each.index], key) or _NO_KEY.format(each.index), each.reason)
            for each in outcome.refused[:MOST_EXAMPLES]
        ]
    )


def _key(row: Any, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    return value[:64] if isinstance(value, str) else ""
