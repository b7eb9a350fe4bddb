"""Stuck jobs on the page of what needs a person: what is shown of them, and their verbs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from simpost.api.shared.schemas import to_ms
from simpost.api.v1 import stuck_jobs
from simpost.api.v1.stuck_jobs import StuckJobOut, StuckJobsOut
from simpost.console.ages import age
from simpost.console.confirmation import Act, confirm, go_to
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.console_users import ConsoleRole
from simpost.domain.stuck_jobs import StuckKind
from simpost.errors import NotFound

BACK: Final = "/console/needs-a-person"
_PAGES_OF: Final = {
    StuckKind.BULK_JOB: "/console/bulk-jobs/{account}/{job}",
    StuckKind.BROADCAST: "/console/broadcasts/{account}/{job}",
    StuckKind.HELD_MESSAGE: "/console/messages/{job}",
    StuckKind.AUTOMATION: "/console/automations/{account}/{job}",
}
"""The pages that show more, and that every role may open."""


class StuckRow(NamedTuple):
    """A row: the job with its kind, age and page; what the user may do."""

    kind: StuckKind
    words: str
    job: StuckJobOut
    age: str
    page: str
    may_try: bool
    may_cancel: bool


def stuck_rows(call: PageRequest, found: Sequence[StuckJobsOut]) -> Iterator[StuckRow]:
    """The rows of the page."""
    now_ms = call.services.clock_ms()
    for each in found:
        may = call.may(_role(each.kind))
        for job in each.jobs:
            yield StuckRow(
                kind=each.kind,
                words=each.kind.value.replace("_", " "),
                job=job,
                age=age(to_ms(datetime.fromisoformat(job.since)), now_ms),
                page=_page(each.kind, job),
                may_try=may and job.can_try_again,
                may_cancel=may and job.can_cancel,
            )


def _page(kind: StuckKind, job: StuckJobOut) -> str:
    account, name = quote(job.account or "", safe=""), quote(job.id, safe="")
    return _PAGES_OF.get(kind, "").format(account=account, job=name)


def _role(kind: StuckKind) -> ConsoleRole:
    return ConsoleRole.ADMIN if kind is StuckKind.WEBHOOK else ConsoleRole.SENDER


async def try_again(call: PageRequest) -> Response:
    """Begin the next turn of a job, at one press: simpost would do the same by itself."""
    account, kind, job = _named(call)
    await call.audit("job.try_again", f"{kind} {job}", account.id)
    await stuck_jobs.try_again(call.services, account, kind, job)
    return go_to(BACK)


async def try_all(call: PageRequest) -> Response:
    """The same for all jobs that are listed."""
    accounts = None if call.user.account_id is None else call.accounts
    for row in stuck_rows(call, await stuck_jobs.find_stuck(call.services, accounts)):
        account = call.account_of(row.job.account or "")
        if account is None or not row.may_try:
            continue
        await call.audit("job.try_again", f"{row.kind} {row.job.id}", account.id)
        try:
            await stuck_jobs.try_again(call.services, account, row.kind, row.job.id)
        except NotFound:
            continue  # it got further in the meantime
    return go_to(BACK)


async def cancel(call: PageRequest) -> Response:
    """Cancel a job, after a question."""
    account, kind, job = _named(call)
    act = Act(
        question=f"Cancel the {kind.value.replace('_', ' ')} {job}?",
        sentence="What was done stays done. The rest is never done.",
        button="Cancel it",
        back=BACK,
        action="job.cancel",
        target=f"{kind} {job}",
        account_id=account.id,
    )
    if answer := await confirm(call, act):
        return answer
    await stuck_jobs.cancel(call.services, account, kind, job, call.user.name)
    return go_to(BACK)


def _named(call: PageRequest) -> tuple[Account, StuckKind, str]:
    """The job that the form names, of an account that the user sees. Raises NotFound."""
    account = call.account_of(call.form.get("account", ""))
    try:
        kind = StuckKind(call.form.get("kind", ""))
    except ValueError:
        raise NotFound from None
    if account is None or not call.may(_role(kind)):
        raise NotFound
    return account, kind, call.form.get("job", "")


PAGES: Final = (
    ConsolePage("POST", f"{BACK}/try-again", try_again, ConsoleRole.SENDER),
    ConsolePage("POST", f"{BACK}/try-all", try_all, ConsoleRole.SENDER),
    ConsolePage("POST", f"{BACK}/cancel", cancel, ConsoleRole.SENDER),
)
