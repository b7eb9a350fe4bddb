"""Sources: the suppliers whose plans and eSIMs are copied, and pulls on demand."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends
from pydantic import StrictBool

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.config.sources import SourceSettings
from simpost.domain.catalogue_sync import RowCounts, SyncReport, SyncState
from simpost.errors import PullRuns

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class RowCountsOut(Schema):
    """What became of pulled rows, or would become of them."""

    added: int
    changed: int
    unchanged: int
    refused: int


class RefusedSourceRowOut(Schema):
    """A row of the supplier that was not saved; `key` is its esimTranNo or packageCode."""

    key: str
    reason: str


class PullReport(Schema):
    """`full`: everything was pulled, not only eSIMs of new orders.

    `missing` counts eSIMs that the source listed once and lists no more; null when not every eSIM
    was seen. `refusedRows` and `missingEsims` are the first 20.
    """

    full: bool
    plans: RowCountsOut
    esims: RowCountsOut
    missing: int | None
    retired: int
    refused_rows: list[RefusedSourceRowOut]
    missing_esims: list[str]


class PullOut(Schema):
    """A pull. `problem` says why it failed; null if it did not.

    A pull that its node did not live to end is `lost`.
    """

    state: Literal["running", "done", "failed", "lost"]
    dry_run: bool
    started_at: Time
    ended_at: Time | None
    problem: str | None
    report: PullReport | None


class CatalogueSourceOut(Schema):
    """`ageSeconds` counts from the last pull that was saved; null before the first.

    `stale`: the copy is older than the configuration allows, or was never made.
    """

    name: str
    type: Literal["esim_access", "esim_go", "esimfly"]
    account: str
    copied_at: Time | None
    age_seconds: int | None
    stale: bool
    when_stale: Literal["warn", "refuse"]
    last_pull: PullOut | None


class CatalogueSourceList(Schema):
    """All sources, in the order of the configuration."""

    sources: list[CatalogueSourceOut]


class PullRequest(Schema):
    """`dryRun`: only compare. `full`: everything; else eSIMs of new orders."""

    dry_run: StrictBool = False
    full: StrictBool = True


@router.get("/sources", summary="List the suppliers whose catalogues are copied")
async def list_sources(services: ServicesDep) -> CatalogueSourceList:
    """With the age of each copy and its last pull."""
    await services.catalogue_sync.reload()
    found = services.catalogue_sync.list_sources()
    return CatalogueSourceList(sources=[_source(*each, services.clock_ms()) for each in found])


@router.get("/sources/{name}", summary="Show a supplier and its last pull")
async def show_source(name: str, services: ServicesDep) -> CatalogueSourceOut:
    """Poll this until the pull has ended."""
    await services.catalogue_sync.reload()
    return _source(*services.catalogue_sync.find(name), services.clock_ms())


@router.post("/sources/{name}/pull", status_code=202, summary="Pull a supplier's catalogue")
async def pull_source(name: str, given: PullRequest, services: ServicesDep) -> CatalogueSourceOut:
    """Begin a pull; it goes on after the response. 409 while one is running.

    The first pull that is saved also begins those by the clock.
    """
    sync = services.catalogue_sync
    try:
        await sync.begin(name, is_full=given.full, is_dry=given.dry_run)
    except PullRuns as error:
        raise Problem(409, ProblemCode.PULL_RUNS, str(error)) from None
    return _source(*sync.find(name), services.clock_ms())


def _source(source: SourceSettings, state: SyncState, now_ms: int) -> CatalogueSourceOut:
    age_ms = state.age_ms(now_ms)
    limit_ms = 1000 * source.stale_after_s
    return CatalogueSourceOut(
        name=source.name,
        type=source.type,
        account=source.account,
        copied_at=None if state.applied_ms is None else format_time(state.applied_ms),
        age_seconds=None if age_ms is None else age_ms // 1000,
        stale=bool(limit_ms) and (age_ms is None or age_ms > limit_ms),
        when_stale=source.when_stale,
        last_pull=_pull(state, now_ms) if state.started_ms else None,
    )


def _pull(state: SyncState, now_ms: int) -> PullOut:
    name: Literal["running", "done", "failed", "lost"] = "done"
    if state.is_running(now_ms):
        name = "running"
    elif state.ended_ms is None:
        name = "lost"
    elif state.problem:
        name = "failed"
    return PullOut(
        state=name,
        dry_run=state.is_dry,
        started_at=format_time(state.started_ms),
        ended_at=None if state.ended_ms is None else format_time(state.ended_ms),
        problem=state.problem or None,
        report=None if state.report is None else _report(state.report),
    )


def _report(report: SyncReport) -> PullReport:
    return PullReport(
        full=report.is_full,
        plans=_counts(report.plans),
        esims=_counts(report.esims),
        missing=report.missing,
        retired=report.retired,
        refused_rows=[
            RefusedSourceRowOut(key=each.key, reason=each.reason) for each in report.refused
        ],
        missing_esims=report.missing_examples,
    )


def _counts(counts: RowCounts) -> RowCountsOut:
    return RowCountsOut(
        added=counts.added,
        changed=counts.changed,
        unchanged=counts.unchanged,
        refused=counts.refused,
    )
