"""Bulk jobs of the administrator: receipts that match no part are dismissed, after a time to undo.

They belong to no account; else they are as those of `/v1/bulk-jobs`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, StrictBool, StrictInt

from simpost.api.admin.receipts import MOST_RECEIPTS, ReceiptName
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.paging import Instant, cut_page
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import Schema, to_ms
from simpost.api.shared.services import Services
from simpost.api.v1.bulk_jobs import routes
from simpost.api.v1.bulk_jobs.schemas import (
    Actor,
    BulkItemPage,
    BulkJobOut,
    BulkJobPage,
    BulkJobQuery,
    BulkPreviewOut,
    BulkStop,
    show_item,
    show_preview,
)
from simpost.domain.bulk_jobs import (
    MAX_UNDO_S,
    OF_INSTALLATION,
    BulkItemState,
    BulkJob,
    BulkSelection,
    BulkVerb,
)
from simpost.domain.outcomes import ReceiptKey
from simpost.features.bulk_jobs.receipt_items import LONGEST_ITEM, item_of
from simpost.features.bulk_jobs.service import INSTALLATION, TooManyBulkJobs

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class DismissRequest(Schema):
    """Which receipts to dismiss: those that are named, else all that match no part.

    `carrier` and `to`, the latest time at which they were last received, limit these. With `dryRun`
    nothing begins.
    """

    receipts: Annotated[list[ReceiptName], Field(min_length=1, max_length=MOST_RECEIPTS)] | None = (
        None
    )
    carrier: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    to: Instant | None = None
    undo_seconds: Annotated[StrictInt, Field(ge=0, le=MAX_UNDO_S)] | None = Field(
        default=None, description="Time to undo it; without it, the setting `bulk_undo_s`."
    )
    actor: Actor = Field(default="", description="Who does it, for people.")
    dry_run: StrictBool = False

    @property
    def selection(self) -> BulkSelection:
        """What it selects. Receipts with very long ids are left out."""
        keys = (
            ReceiptKey(each.carrier, each.carrier_message_id, each.state)
            for each in self.receipts or ()
        )
        items = dict.fromkeys(each for each in map(item_of, keys) if len(each) <= LONGEST_ITEM)
        until_ms = to_ms(self.to) if self.to else None
        return BulkSelection(ids=tuple(items), carrier=self.carrier, to_ms=until_ms)


class AdminItemQuery(Schema):
    """`after` is the last item of the page before."""

    after: Annotated[str, Field(max_length=LONGEST_ITEM)] = ""
    state: BulkItemState | None = Field(default=None, description="Only those in this state.")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


@router.post(
    "/receipts/dismissals",
    status_code=201,
    response_model=BulkJobOut,
    summary="Dismiss many unmatched receipts by a bulk job; with dryRun, count them",
    responses={200: {"model": BulkPreviewOut, "description": "The count of a dry run"}},
)
async def begin_dismissal(given: DismissRequest, services: ServicesDep) -> Response:
    """Nothing is done until `dueAt`: until then it can be undone. A job takes 10,000 receipts.

    Those that come again after the job began stay listed.
    """
    if given.dry_run:
        preview = await count_receipts(services, given)
        return Response(preview.model_dump_json(by_alias=True), media_type="application/json")
    job = routes.show_now(services, await begin(services, given))
    return Response(job.model_dump_json(by_alias=True), 201, media_type="application/json")


async def count_receipts(services: Services, given: DismissRequest) -> BulkPreviewOut:
    """How many receipts match now."""
    found = await services.bulk_jobs.count(INSTALLATION, BulkVerb.DISMISS, given.selection)
    return show_preview(BulkVerb.DISMISS, found)


async def begin(services: Services, given: DismissRequest) -> BulkJob:
    """The job that began. Raises Problem."""
    try:
        return await services.bulk_jobs.begin(
            INSTALLATION,
            BulkVerb.DISMISS,
            given.selection,
            actor=given.actor,
            undo_s=given.undo_seconds,
        )
    except TooManyBulkJobs:
        detail = "There are 10 such jobs that are not over."
        raise Problem(409, ProblemCode.TOO_MANY_BULK_JOBS, detail) from None


@router.get("/receipts/dismissals", summary="List dismissals of many receipts, newest first")
async def list_dismissals(
    query: Annotated[BulkJobQuery, Query()], services: ServicesDep
) -> BulkJobPage:
    """Those that are over are kept for 30 days."""
    found = await services.store.bulk_jobs.list_jobs(
        OF_INSTALLATION, before=query.before, limit=query.look_ahead
    )
    rows, cursor = cut_page(found, query)
    shown = [routes.show_now(services, row) for row in rows]
    return BulkJobPage(bulk_jobs=shown, next=cursor)


@router.get("/receipts/dismissals/{id}", summary="Show a dismissal with its counts")
async def get_dismissal(id: str, services: ServicesDep) -> BulkJobOut:  # noqa: A002
    """The counts add up at every moment."""
    return routes.show_now(
        services, await services.bulk_jobs.find(INSTALLATION, routes.job_key(id))
    )


@router.get("/receipts/dismissals/{id}/items", summary="List what became of each receipt")
async def list_dismissed_items(
    id: str,  # noqa: A002
    query: Annotated[AdminItemQuery, Query()],
    services: ServicesDep,
) -> BulkItemPage:
    """In the order of their items."""
    job = await services.bulk_jobs.find(INSTALLATION, routes.job_key(id))
    found = await services.store.bulk_jobs.list_items(
        OF_INSTALLATION, job.id, after=query.after, limit=query.limit + 1, state=query.state
    )
    rows = [show_item(each) for each in found[: query.limit]]
    return BulkItemPage(items=rows, next=rows[-1].item if len(found) > query.limit else None)


@router.post("/receipts/dismissals/{id}/stop", summary="Undo a dismissal, or stop one that works")
async def stop_dismissal(
    id: str,  # noqa: A002
    given: BulkStop,
    services: ServicesDep,
) -> BulkJobOut:
    """Before `dueAt` nothing was done. What was dismissed is listed again by `/restore`."""
    job = await routes.stop(services, INSTALLATION, routes.job_key(id), given.actor)
    return routes.show_now(services, job)
