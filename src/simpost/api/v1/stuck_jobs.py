"""Jobs that do not get further: what is listed of them, and what a person can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import Field, StrictStr

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.key_auth import require_scope
from simpost.api.shared.problems import invalid
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.api.shared.services import Services
from simpost.api.v1.bulk_jobs.schemas import Actor
from simpost.domain.accounts import Account
from simpost.domain.api_keys import KeyScope
from simpost.domain.messages import parse_id
from simpost.domain.stuck_jobs import StuckJob, StuckKind, what_to_do, why_stuck
from simpost.errors import NotFound

router = APIRouter(prefix="/v1", tags=["messages"])

MOST_STUCK: Final = 20
"""Most jobs of a kind."""
_SCOPES: Final = {StuckKind.BROADCAST: KeyScope.BROADCASTS, StuckKind.WEBHOOK: KeyScope.WEBHOOKS}
"""Scopes beyond `messages:write`, as the endpoints of these need them."""


class StuckJobOut(Schema):
    """A job, or several that belong together, that did not get further since.

    `account` is null for jobs of the installation. `id` is the id of the job; the name of the
    automation, of the carrier or of the source; or empty. `count` goes up to 1,000.
    """

    account: str | None
    id: str
    count: int
    since: Time
    why: str
    to_do: str
    can_try_again: bool
    can_cancel: bool


class StuckJobsOut(Schema):
    """The jobs of one kind that wait longest; `more`: there are more."""

    kind: StuckKind
    jobs: list[StuckJobOut]
    more: bool


class StuckJobName(Schema):
    """A stuck job: its kind and id as they are listed."""

    kind: StuckKind
    id: Annotated[StrictStr, Field(max_length=64)]
    actor: Actor = Field(default="", description="Who does it, for people.")


class StuckJobDone(Schema):
    """The job that is tried again, or that was cancelled."""

    kind: StuckKind
    id: str


async def find_stuck(
    services: Services, accounts: Sequence[Account] | None, *, has_webhooks: bool = True
) -> list[StuckJobsOut]:
    """Of the accounts; `None`: of all, and of the installation. Raises StoreError."""
    found: list[StuckJobsOut] = []
    for kind in StuckKind:
        if (kind.is_of_installation and accounts is not None) or (
            kind is StuckKind.WEBHOOK and not has_webhooks
        ):
            continue
        jobs: list[StuckJob] = []
        for account_id in (None,) if accounts is None else [each.id for each in accounts]:
            jobs += await services.store.needs.list_stuck(
                kind, account_id, now_ms=services.clock_ms(), limit=MOST_STUCK + 1
            )
        if jobs:
            rows = [_show(services, each) for each in jobs[:MOST_STUCK]]
            found.append(StuckJobsOut(kind=kind, jobs=rows, more=len(jobs) > MOST_STUCK))
    return found


def _show(services: Services, job: StuckJob) -> StuckJobOut:
    account = None if job.account_id is None else services.accounts.by_id(job.account_id)
    return StuckJobOut(
        account=account.access_code if account else None,
        id=job.id,
        count=job.count,
        since=format_time(job.since_ms),
        why=why_stuck(job),
        to_do=what_to_do(job),
        can_try_again=job.kind.can_try_again,
        can_cancel=job.kind.can_cancel,
    )


@router.post("/needs-a-person/try-again", summary="Begin the next turn of a stuck job now")
async def try_stuck_job_again(
    given: StuckJobName, account: Caller, services: ServicesDep, request: Request
) -> StuckJobDone:
    """A bulk job, a broadcast, a held message or a webhook. Its lease ends, if a node has one.

    It is listed again if it did not get further after ten minutes. 404 if it is not due, or over.
    """
    _check_scope(request, given.kind)
    await try_again(services, account, given.kind, given.id)
    return StuckJobDone(kind=given.kind, id=given.id)


@router.post("/needs-a-person/cancel", summary="Cancel a stuck job")
async def cancel_stuck_job(
    given: StuckJobName, account: Caller, services: ServicesDep, request: Request
) -> StuckJobDone:
    """A bulk job, a broadcast or a held message. What was done stays done.

    As `POST /v1/bulk-jobs/{id}/stop`, `POST /v1/broadcasts/{id}/cancel` and
    `DELETE /v1/messages/{id}` do it. 404 if there is none.
    """
    _check_scope(request, given.kind)
    await cancel(services, account, given.kind, given.id, given.actor)
    return StuckJobDone(kind=given.kind, id=given.id)


async def try_again(services: Services, account: Account, kind: StuckKind, job: str) -> None:
    """Raises Problem, NotFound or StoreError."""
    if not kind.can_try_again:
        raise invalid(f"kind: jobs of the kind {kind} are tried all the time.")
    job_id = parse_id(job)
    needs, now_ms = services.store.needs, services.clock_ms()
    if job_id is None or not await needs.try_again(kind, account.id, job_id, now_ms=now_ms):
        raise NotFound("There is no such job that is due.")


async def cancel(
    services: Services, account: Account, kind: StuckKind, job: str, actor: str
) -> None:
    """Raises Problem, NotFound or StoreError."""
    if not kind.can_cancel:
        raise invalid(f"kind: jobs of the kind {kind} cannot be cancelled.")
    job_id = parse_id(job)
    if job_id is None:
        raise NotFound("There is no such job.")
    if kind is StuckKind.BULK_JOB:
        await services.bulk_jobs.end(account, job_id, actor=actor)
    elif kind is StuckKind.BROADCAST:
        await services.broadcasts.cancel(account, job_id, actor)
    elif await services.intake.cancel(account, job_id) is None:
        raise NotFound("There is no such message.")


def _check_scope(request: Request, kind: StuckKind) -> None:
    if scope := _SCOPES.get(kind):
        require_scope(request, scope)
