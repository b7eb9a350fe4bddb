"""Requests and responses of /v1/bulk-jobs."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, model_validator

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.paging import PageQuery
from simpost.api.shared.schemas import Schema, Time, format_time, show_time
from simpost.api.v1.messages.search import MessageSearch
from simpost.domain.bulk_jobs import (
    MAX_ITEMS,
    MAX_NAMED,
    MAX_UNDO_S,
    BulkItemState,
    BulkJob,
    BulkReason,
    BulkResult,
    BulkSelection,
    BulkStatus,
    BulkVerb,
)
from simpost.domain.bulk_sentences import bulk_sentence, items_of, what_it_does
from simpost.domain.messages import format_id, parse_id
from simpost.features.bulk_jobs.service import BulkCount


def _check_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must have visible characters and spaces only")
    return text


def _check_id(text: str) -> str:
    found = parse_id(text)
    if found is None:
        raise ValueError("must be an id")
    return format_id(found)


def _check_verb(verb: BulkVerb) -> BulkVerb:
    if verb is BulkVerb.DISMISS:
        raise ValueError("must not be dismiss, which is for the administrator")
    return verb


BulkId = Annotated[
    StrictStr, Matching(r"^[0-9a-f-]{36}$", "must be an id"), AfterValidator(_check_id)
]
Actor = Annotated[StrictStr, Field(max_length=64), AfterValidator(_check_printable)]
ItemId = Annotated[
    StrictStr, Matching(r"^[0-9a-f/-]{36,64}$", "must be the `next` of a page, unchanged")
]
_FILTERS: Final = (
    "esim_tran_no",
    "iccid",
    "state",
    "reason",
    "category",
    "template",
    "broadcast",
    "reference",
    "reference_prefix",
)


class BulkJobRequest(Schema):
    """What to do, and to what.

    The items are those in `ids`, or all that match `messages`, which has the filters of
    `GET /v1/messages`; of `replay` the deliveries that the endpoint `webhook` gave up, or all
    endpoints. With `dryRun` nothing begins.
    """

    verb: Annotated[BulkVerb, AfterValidator(_check_verb)]
    ids: Annotated[list[BulkId], Field(min_length=1, max_length=MAX_NAMED)] | None = Field(
        default=None, description="Ids of messages."
    )
    messages: MessageSearch | None = None
    webhook: BulkId | None = None
    undo_seconds: Annotated[StrictInt, Field(ge=0, le=MAX_UNDO_S)] | None = Field(
        default=None, description="Time to undo it; without it, the setting `bulk_undo_s`."
    )
    actor: Actor = Field(default="", description="Who does it, for people.")
    dry_run: StrictBool = False

    @model_validator(mode="after")
    def _has_one_selection(self) -> BulkJobRequest:
        has_filters = self.messages is not None and bool(self.messages.model_fields_set)
        if not self.verb.is_of_messages:
            if self.ids or self.messages is not None:
                raise ValueError("replay takes webhook only")
        elif self.webhook is not None:
            raise ValueError("webhook belongs to replay")
        elif bool(self.ids) == has_filters:
            raise ValueError("give ids, or messages with at least one filter")
        return self

    def selection(self, esim_tran_no: str | None) -> BulkSelection:
        """What it selects; `esim_tran_no` is the eSIM of `messages.msisdn`, if that is given."""
        if self.ids:
            return BulkSelection(ids=tuple(dict.fromkeys(self.ids)))
        wanted = self.messages
        if wanted is None:
            return BulkSelection(webhook=self.webhook or "")
        filters = {name: getattr(wanted, name) for name in _FILTERS}
        if esim_tran_no is not None:
            filters["esim_tran_no"] = esim_tran_no
        return BulkSelection(**filters, from_ms=wanted.from_ms, to_ms=wanted.to_ms)


class BulkSelectionOut(Schema):
    """`named` is the number of `ids`. `filters` have the names of `GET /v1/messages`."""

    named: int
    filters: dict[str, str]
    webhook: str | None


class BulkCounts(Schema):
    """`done`, `skipped`, `failed` and `remaining` add up to `total`."""

    total: int
    done: int
    skipped: int
    failed: int
    remaining: int


class BulkJobOut(Schema):
    """`explanation` says what the status means and what happens next.

    `isCounted`: `total` has all items. Until `dueAt` it can be undone. `endedBy` is empty if nobody
    ended it.
    """

    id: str
    verb: BulkVerb
    status: BulkStatus
    explanation: str
    selection: BulkSelectionOut
    counts: BulkCounts
    is_counted: bool
    begun_by: str
    ended_by: str
    created_at: Time
    due_at: Time
    ended_at: Time | None


class BulkPreviewOut(Schema):
    """How many items match now; `isMore`: at least as many. A job takes `mostItems`."""

    verb: BulkVerb
    items: int
    is_more: bool
    most_items: int
    explanation: str


class BulkJobPage(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    bulk_jobs: list[BulkJobOut]
    next: str | None


class BulkReasonOut(Schema):
    """Why an item was skipped or failed. `detail` is a state, or the reason of a refusal."""

    code: BulkReason
    explanation: str
    detail: str


class BulkItemOut(Schema):
    """What became of one item.

    It is the id of a message, `endpoint/sequence` of a delivery or `state/carrier/id` of a receipt.
    """

    item: str
    state: BulkItemState
    message_id: str | None = Field(description="The new message of `send_again`.")
    reason: BulkReasonOut | None


class BulkItemQuery(Schema):
    """`after` is the last item of the page before."""

    after: ItemId | None = None
    state: BulkItemState | None = Field(default=None, description="Only those in this state.")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class BulkItemPage(Schema):
    """In the order of their ids; `next` is the `after` of the next page, null at the end."""

    items: list[BulkItemOut]
    next: str | None


class BulkJobQuery(PageQuery):
    """A page of the list."""


class BulkStop(Schema):
    """Who does it, for people."""

    actor: Actor = ""


def show_preview(verb: BulkVerb, count: BulkCount) -> BulkPreviewOut:
    """The count with what the verb does."""
    least = "At least " if count.is_more else ""
    return BulkPreviewOut(
        verb=verb,
        items=count.items,
        is_more=count.is_more,
        most_items=MAX_ITEMS,
        explanation=f"{least}{items_of(verb, count.items)}. {what_it_does(verb)}",
    )


def show_job(job: BulkJob, now_ms: int, *, is_copy: bool) -> BulkJobOut:
    """The job as JSON shows it at the moment."""
    return BulkJobOut(
        id=format_id(job.id),
        verb=job.verb,
        status=job.status,
        explanation=bulk_sentence(job, now_ms, is_copy=is_copy),
        selection=_show_selection(job.selection),
        counts=BulkCounts(
            total=job.total,
            done=job.done,
            skipped=job.skipped,
            failed=job.failed,
            remaining=job.remaining,
        ),
        is_counted=job.is_noted,
        begun_by=job.begun_by,
        ended_by=job.ended_by,
        created_at=format_time(job.created_ms),
        due_at=format_time(job.due_ms),
        ended_at=show_time(job.ended_ms),
    )


def show_item(result: BulkResult) -> BulkItemOut:
    """What became of one item."""
    is_new = result.state is BulkItemState.DONE and bool(result.detail)
    reason = result.reason
    return BulkItemOut(
        item=result.item,
        state=result.state,
        message_id=result.detail if is_new else None,
        reason=None if reason is None else _show_reason(reason, result.detail),
    )


def _show_reason(reason: BulkReason, detail: str) -> BulkReasonOut:
    return BulkReasonOut(code=reason, explanation=reason.explanation, detail=detail)


def _show_selection(selection: BulkSelection) -> BulkSelectionOut:
    found = {_NAMES[name]: getattr(selection, name) for name in _FILTERS}
    times = {"from": selection.from_ms, "to": selection.to_ms}
    filters = {name: str(value) for name, value in found.items() if value is not None}
    if selection.carrier is not None:
        filters["carrier"] = selection.carrier
    filters |= {name: format_time(at_ms) for name, at_ms in times.items() if at_ms is not None}
    return BulkSelectionOut(
        named=len(selection.ids), filters=filters, webhook=selection.webhook or None
    )


_NAMES: Final = {name: MessageSearch.model_fields[name].alias or name for name in _FILTERS}
