"""Bulk jobs: the list of an account, and one job with its time to undo, counts and items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from starlette.responses import Response

from simpost.api.admin.dismissals import AdminItemQuery
from simpost.api.shared.paging import cut_page
from simpost.api.v1.bulk_jobs.routes import job_key, show_now
from simpost.api.v1.bulk_jobs.schemas import BulkItemQuery, BulkJobQuery, show_item
from simpost.console.account_choice import choose_account, go_to, path_of
from simpost.console.ages import age
from simpost.console.bulk.begin import WORDS
from simpost.console.field_errors import read_query
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.bulk_jobs import BulkItemState, BulkJob, BulkResult, BulkStatus, BulkVerb
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id


async def choose(call: PageRequest) -> Response:
    """The accounts to choose from."""
    return await choose_account(call, "bulk-jobs", "Bulk jobs")


async def show_all(call: PageRequest) -> Response:
    """A page of the list; its URL has the query of `GET /v1/bulk-jobs`."""
    account, services = call.path_account(), call.services
    query = read_query(BulkJobQuery, call.request)
    found = await services.store.bulk_jobs.list_jobs(
        account.id, before=query.before, limit=query.look_ahead
    )
    rows, cursor = cut_page(found, query)
    now_ms = services.clock_ms()
    shown = [
        (
            show_now(services, each).model_dump(mode="json", by_alias=True),
            WORDS[each.verb],
            age(each.created_ms, now_ms),
        )
        for each in rows
    ]
    return list_page(call, path_of("bulk-jobs", account.access_code), shown, query, cursor)


def list_page(
    call: PageRequest,
    base: str,
    rows: Sequence[tuple[dict[str, Any], str, str]],
    query: BulkJobQuery,
    cursor: str | None,
) -> Response:
    """Jobs with their words and ages; `base` is the path of the list."""
    account = call.request.path_params.get("account", "")
    return call.pages.render(
        "bulk/list", call=call, account=account, base=base, rows=rows, query=query, next=cursor
    )


async def show(call: PageRequest) -> Response:
    """One job; its URL has the query of `GET /v1/bulk-jobs/{id}/items`."""
    account, job = await _find(call)
    query = read_query(BulkItemQuery, call.request)
    found = await call.services.store.bulk_jobs.list_items(
        account.id, job.id, after=query.after or "", limit=query.limit + 1, state=query.state
    )
    return job_page(call, path_of("bulk-jobs", account.access_code), job, query, found)


def job_page(
    call: PageRequest,
    base: str,
    job: BulkJob,
    query: BulkItemQuery | AdminItemQuery,
    found: Sequence[BulkResult],
) -> Response:
    """A job with a page of its items; `base` is the path of the list."""
    items = [show_item(each) for each in found[: query.limit]]
    return call.pages.render(
        "bulk/job",
        call=call,
        account=call.request.path_params.get("account", ""),
        home=base,
        base=f"{base}/{format_id(job.id)}",
        job=show_now(call.services, job).model_dump(mode="json", by_alias=True),
        words=WORDS[job.verb],
        noun=_NOUNS[job.verb],
        is_of_messages=job.verb.is_of_messages,
        is_over=job.status.is_final,
        can_undo=job.status is BulkStatus.WAITING,
        items=[each.model_dump(mode="json", by_alias=True) for each in items],
        states=[each.value for each in BulkItemState],
        query=query,
        next=items[-1].item if len(found) > query.limit else "",
        may_stop=call.may(_STOPPED_BY.get(job.verb, ConsoleRole.SENDER)),
    )


async def stop(call: PageRequest) -> Response:
    """Undo or stop it, at one press: it only ever does less. Written to the audit log before."""
    account, job = await _find(call)
    key = format_id(job.id)
    if not job.status.is_final:
        await call.audit("bulk.stop", key, account.id)
        await call.services.bulk_jobs.end(account, job.id, actor=call.user.name)
    return go_to("bulk-jobs", account.access_code, key)


async def _find(call: PageRequest) -> tuple[Account, BulkJob]:
    """The job of the path. Raises UnknownAccount and UnknownBulkJob."""
    account = call.path_account()
    key = job_key(call.request.path_params["id"])
    return account, await call.services.bulk_jobs.find(account, key)


_STOPPED_BY: Final = {BulkVerb.DISMISS: ConsoleRole.ADMIN}
_NOUNS: Final = {
    BulkVerb.CANCEL: "Message",
    BulkVerb.RELEASE: "Message",
    BulkVerb.SEND_AGAIN: "Message",
    BulkVerb.REPLAY: "Delivery",
    BulkVerb.DISMISS: "Receipt",
}
_LIST: Final = "/console/bulk-jobs"
_ONE: Final = f"{_LIST}/{{account}}/{{id}}"
PAGES: Final = (
    ConsolePage("GET", _LIST, choose, title="Bulk jobs"),
    ConsolePage("GET", f"{_LIST}/{{account}}", show_all),
    ConsolePage("GET", _ONE, show),
    ConsolePage("POST", f"{_ONE}/stop", stop, ConsoleRole.SENDER),
)
