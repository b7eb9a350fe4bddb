"""Dismissals of many receipts: bulk jobs of the administrator, which belong to no account."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import ValidationError
from starlette.responses import Response

from simpost.api.admin import dismissals
from simpost.api.admin.dismissals import AdminItemQuery, DismissRequest
from simpost.api.shared.problems import invalid
from simpost.api.shared.schemas import to_ms
from simpost.api.v1.bulk_jobs.routes import job_key
from simpost.api.v1.bulk_jobs.schemas import BulkJobQuery
from simpost.console.ages import age
from simpost.console.bulk.begin import PICK, WORDS
from simpost.console.bulk.job_pages import job_page, list_page
from simpost.console.confirmation import Act, confirm, go_to
from simpost.console.field_errors import read_query
from simpost.console.request import LARGE_FORM_OCTETS, PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.bulk_jobs import BulkJob, BulkVerb
from simpost.domain.bulk_sentences import items_of
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id
from simpost.errors import NotFound
from simpost.features.bulk_jobs.receipt_items import key_of
from simpost.features.bulk_jobs.service import INSTALLATION

BASE: Final = "/console/dismissals"
_BACK: Final = "/console/needs-a-person"


async def begin(call: PageRequest) -> Response:
    """Ask with the number of receipts, then begin the job once and show it."""
    wanted, what = _read(call)
    question, sentence = "Dismiss", ""
    if call.act_id is None:
        found = await dismissals.count_receipts(call.services, wanted)
        least = "at least " if found.is_more else ""
        question = f"Dismiss {least}{items_of(BulkVerb.DISMISS, found.items)}?"
        sentence = f"{found.explanation} The next page has the time in which you can undo it."
    act = Act(
        question=question,
        sentence=sentence,
        button="Dismiss",
        back=_BACK if call.act_id is None else BASE,
        action="receipt.dismiss",
        target=what,
    )
    if answer := await confirm(call, act):
        return answer
    job = await dismissals.begin(call.services, wanted)
    return go_to(f"{BASE}/{format_id(job.id)}")


def _read(call: PageRequest) -> tuple[DismissRequest, str]:
    """The request as the API would get it, and words for the audit log. Raises Problem."""
    document: dict[str, object] = {"actor": call.user.name}
    what = "all receipts"
    if call.form.get("bulk") == "chosen":
        picked = [name.removeprefix(PICK) for name in call.form if name.startswith(PICK)]
        if not picked:
            raise invalid("No row is chosen. Go back and choose some.")
        try:
            keys = [key_of(each) for each in picked]
        except ValueError:
            raise NotFound("There is no such receipt.") from None
        document["receipts"] = [
            {"carrier": each.carrier, "carrierMessageId": each.carrier_message_id,
             "state": each.state} for each in keys
        ]  # fmt: skip
        what = f"{len(keys)} chosen"
    else:
        document["to"] = call.form.get("to", "")
    try:
        return DismissRequest.model_validate(document), what
    except ValidationError:
        raise NotFound("There is no such time, or no such receipt.") from None


async def show_all(call: PageRequest) -> Response:
    """A page of the list; its URL has the query of `GET /v1/admin/receipts/dismissals`."""
    query = read_query(BulkJobQuery, call.request)
    found = await dismissals.list_dismissals(query, call.services)
    now_ms = call.services.clock_ms()
    rows = [
        (
            each.model_dump(mode="json", by_alias=True),
            WORDS[BulkVerb.DISMISS],
            age(to_ms(datetime.fromisoformat(each.created_at)), now_ms),
        )
        for each in found.bulk_jobs
    ]
    return list_page(call, BASE, rows, query, found.next)


async def show(call: PageRequest) -> Response:
    """One job; its URL has the query of `GET /v1/admin/receipts/dismissals/{id}/items`."""
    job = await _find(call)
    query = read_query(AdminItemQuery, call.request)
    found = await call.services.store.bulk_jobs.list_items(
        INSTALLATION.id, job.id, after=query.after, limit=query.limit + 1, state=query.state
    )
    return job_page(call, BASE, job, query, found)


async def stop(call: PageRequest) -> Response:
    """Undo or stop it, at one press: it only ever does less. Written to the audit log before."""
    job = await _find(call)
    key = format_id(job.id)
    if not job.status.is_final:
        await call.audit("receipt.dismiss_stop", key)
        await call.services.bulk_jobs.end(INSTALLATION, job.id, actor=call.user.name)
    return go_to(f"{BASE}/{key}")


async def _find(call: PageRequest) -> BulkJob:
    """The job of the path. Raises UnknownBulkJob."""
    key = job_key(call.request.path_params["id"])
    return await call.services.bulk_jobs.find(INSTALLATION, key)


PAGES: Final = (
    ConsolePage("GET", BASE, show_all, is_installation=True),
    ConsolePage("POST", BASE, begin, ConsoleRole.ADMIN, True, form_octets=LARGE_FORM_OCTETS),
    ConsolePage("GET", f"{BASE}/{{id}}", show, is_installation=True),
    ConsolePage("POST", f"{BASE}/{{id}}/stop", stop, ConsoleRole.ADMIN, True),
)
