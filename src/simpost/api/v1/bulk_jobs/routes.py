"""/v1/bulk-jobs: begin, count, list, show, undo and stop."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.key_auth import require_scope
from simpost.api.shared.paging import cut_page
from simpost.api.shared.problems import Problem, ProblemCode, invalid
from simpost.api.shared.services import Services
from simpost.api.v1.bulk_jobs.schemas import (
    BulkItemPage,
    BulkItemQuery,
    BulkJobOut,
    BulkJobPage,
    BulkJobQuery,
    BulkJobRequest,
    BulkPreviewOut,
    BulkStop,
    show_item,
    show_job,
    show_preview,
)
from simpost.api.v1.messages.body import fingerprint_of
from simpost.api.v1.messages.results import refusal_problem
from simpost.api.v1.messages.send_schema import IdempotencyKey
from simpost.domain.accounts import Account
from simpost.domain.api_keys import KeyScope
from simpost.domain.bulk_jobs import BulkJob, BulkSelection, BulkStatus
from simpost.domain.messages import parse_id
from simpost.domain.reasons import Reason
from simpost.errors import UnknownBulkJob, UnknownWebhook
from simpost.features.bulk_jobs.service import BulkRequestReused, TooManyBulkJobs
from simpost.messaging.plan import Refusal

router = APIRouter(prefix="/v1", tags=["bulk jobs"])


@router.post(
    "/bulk-jobs",
    status_code=201,
    response_model=BulkJobOut,
    summary="Do one thing with many messages or deliveries; with dryRun, count them",
    responses={200: {"model": BulkPreviewOut, "description": "The count of a dry run"}},
)
async def begin_bulk_job(
    given: BulkJobRequest,
    account: Caller,
    services: ServicesDep,
    request: Request,
    idempotency_key: Annotated[IdempotencyKey | None, Header()] = None,
) -> Response:
    """Nothing is done until `dueAt`: until then it can be undone. A job takes 10,000 items.

    `replay` needs the scope `webhooks` too. A request with the Idempotency-Key of an earlier one
    begins nothing, and returns that one.
    """
    if not given.verb.is_of_messages:
        require_scope(request, KeyScope.WEBHOOKS)
    wanted = await check_selection(services, account, given)
    if given.dry_run:
        found = await count_items(services, account, given, wanted)
        return Response(found.model_dump_json(by_alias=True), media_type="application/json")
    fingerprint = await fingerprint_of(request) if idempotency_key is not None else b""
    job = await begin(services, account, given, wanted, (idempotency_key, fingerprint))
    body = show_now(services, job).model_dump_json(by_alias=True)
    return Response(body, 201, media_type="application/json")


async def check_selection(
    services: Services, account: Account, given: BulkJobRequest
) -> BulkSelection:
    """What the request selects. Raises Problem or UnknownWebhook."""
    if given.webhook is not None:
        endpoint_id = parse_id(given.webhook)
        if endpoint_id is None:
            raise UnknownWebhook
        await services.webhooks.find(account, endpoint_id)
    number = given.messages.msisdn if given.messages else None
    if given.messages is None or number is None:
        return given.selection(None)
    esim = await services.intake.find_esim(account, given.messages.esim_tran_no, None, number)
    if esim is None or isinstance(esim, Refusal):
        raise invalid("messages.msisdn: the account has no eSIM, or several, with this number.")
    return given.selection(esim.esim_tran_no)


async def count_items(
    services: Services, account: Account, given: BulkJobRequest, wanted: BulkSelection
) -> BulkPreviewOut:
    """How many items match now. Raises Overdrawn."""
    async with services.costs.turn(account):
        count = await services.bulk_jobs.count(account, given.verb, wanted)
    return show_preview(given.verb, count)


async def begin(
    services: Services,
    account: Account,
    given: BulkJobRequest,
    wanted: BulkSelection,
    key: tuple[str | None, bytes] = (None, b""),
) -> BulkJob:
    """Begin the job, or find the one with the request id and digest of `key`. Raises Problem."""
    request_id, fingerprint = key
    try:
        return await services.bulk_jobs.begin(
            account,
            given.verb,
            wanted,
            actor=given.actor,
            undo_s=given.undo_seconds,
            request_id=request_id,
            fingerprint=fingerprint,
        )
    except TooManyBulkJobs as error:
        raise Problem(409, ProblemCode.TOO_MANY_BULK_JOBS, str(error)) from None
    except BulkRequestReused:
        raise refusal_problem(Reason.REQUEST_ID_REUSED, "") from None


@router.get("/bulk-jobs", summary="List bulk jobs, newest first")
async def list_bulk_jobs(
    query: Annotated[BulkJobQuery, Query()], account: Caller, services: ServicesDep
) -> BulkJobPage:
    """Those that are over are kept for 30 days."""
    found = await services.store.bulk_jobs.list_jobs(
        account.id, before=query.before, limit=query.look_ahead
    )
    rows, cursor = cut_page(found, query)
    return BulkJobPage(bulk_jobs=[show_now(services, row) for row in rows], next=cursor)


@router.get("/bulk-jobs/{id}", summary="Show a bulk job with its counts")
async def get_bulk_job(id: str, account: Caller, services: ServicesDep) -> BulkJobOut:  # noqa: A002
    """The counts add up at every moment."""
    return show_now(services, await services.bulk_jobs.find(account, job_key(id)))


@router.post("/bulk-jobs/{id}/stop", summary="Undo a bulk job, or stop one that works")
async def stop_bulk_job(
    id: str,  # noqa: A002
    given: BulkStop,
    account: Caller,
    services: ServicesDep,
) -> BulkJobOut:
    """Before `dueAt` nothing was done; later, what was done stays done. 409 if it is finished."""
    return show_now(services, await stop(services, account, job_key(id), given.actor))


async def stop(services: Services, account: Account, job_id: bytes, actor: str) -> BulkJob:
    """The job, undone or stopped. Raises Problem or UnknownBulkJob."""
    job = await services.bulk_jobs.end(account, job_id, actor=actor)
    if job.status is BulkStatus.FINISHED:
        raise Problem(409, ProblemCode.BULK_JOB_OVER, "The bulk job is finished.")
    return job


@router.get("/bulk-jobs/{id}/items", summary="List what became of each item of a bulk job")
async def list_items(
    id: str,  # noqa: A002
    query: Annotated[BulkItemQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> BulkItemPage:
    """In the order of their ids."""
    job = await services.bulk_jobs.find(account, job_key(id))
    found = await services.store.bulk_jobs.list_items(
        account.id, job.id, after=query.after or "", limit=query.limit + 1, state=query.state
    )
    rows = [show_item(each) for each in found[: query.limit]]
    last = rows[-1].item if len(found) > query.limit else None
    return BulkItemPage(items=rows, next=last)


def job_key(job_id: str) -> bytes:
    """The key of the job. Raises UnknownBulkJob."""
    key = parse_id(job_id)
    if key is None:
        raise UnknownBulkJob
    return key


def show_now(services: Services, job: BulkJob) -> BulkJobOut:
    """The job as JSON shows it at the moment."""
    return show_job(job, services.clock_ms(), is_copy=services.copy_guard.is_held)
