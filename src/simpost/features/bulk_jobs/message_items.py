"""Messages as items of a bulk job: found by the filters of the log, cancelled or sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simpost.domain.accounts import Account
from simpost.domain.bulk_jobs import (
    BulkItemState,
    BulkJob,
    BulkReason,
    BulkResult,
    BulkSelection,
    BulkVerb,
)
from simpost.domain.messages import Category, Message, format_id, own_request_id, parse_id
from simpost.domain.states import State
from simpost.messaging.intake import Intake
from simpost.messaging.send_request import SendRequest
from simpost.ports.store import MessageFilter, Store
from simpost.ports.store.bulk_jobs import NotedItems
from simpost.runtime.clock import Clock

_STEP: Final = 200
_NOT_LEFT: Final = (State.ACCEPTED, State.SCHEDULED, State.HELD, State.SENDING)


class MessageItems:
    """The items of jobs whose verb is for messages; an item is the id of a message."""

    def __init__(self, store: Store, intake: Intake, clock_ms: Clock) -> None:
        self._log = store.log
        self._held = store.held
        self._intake = intake
        self._clock_ms = clock_ms

    async def page(
        self, account: Account, selection: BulkSelection, to_ms: int, place: str
    ) -> NotedItems:
        """The next items, newest first; of messages accepted until `to_ms`. Raises StoreError."""
        if selection.ids:
            return NotedItems(selection.ids, None)
        which = _filter_of(selection, to_ms, parse_id(place))
        found = await self._log.search_messages(account.id, which)
        ids = [each.id for each in found.messages]
        last = ids[-1] if len(ids) == _STEP else found.examined_to
        return NotedItems([format_id(each) for each in ids], format_id(last) if last else None)

    async def act(self, account: Account, job: BulkJob, item: str) -> BulkResult:
        """Do it to one message. A repetition changes nothing. Raises StoreError."""
        message_id = parse_id(item)
        message = message_id and await self._log.find_message(account.id, message_id)
        if not message:
            return _skipped(item, BulkReason.UNKNOWN)
        if job.verb is BulkVerb.CANCEL:
            return await self._cancel(account, item, message)
        if job.verb is BulkVerb.RELEASE:
            return await self._release(account, item, message)
        if reason := _repeat_reason(message):
            return _skipped(item, reason, message.state)
        return await self._send_again(account, job, item, message)

    async def _cancel(self, account: Account, item: str, message: Message) -> BulkResult:
        after = await self._intake.cancel(account, message.id)
        if after is None:
            return _skipped(item, BulkReason.UNKNOWN)
        if after.state is not State.CANCELLED:
            return _skipped(item, BulkReason.HAS_LEFT, after.state)
        return BulkResult(item, BulkItemState.DONE)

    async def _release(self, account: Account, item: str, message: Message) -> BulkResult:
        if message.state is not State.HELD:
            return _skipped(item, BulkReason.NOT_HELD, message.state)
        await self._held.decide_now(account.id, message.id, now_ms=self._clock_ms())
        return BulkResult(item, BulkItemState.DONE)

    async def _send_again(
        self, account: Account, job: BulkJob, item: str, message: Message
    ) -> BulkResult:
        """Its request id is made of the job and the message: it is committed once."""
        wanted = SendRequest(
            esim_tran_no=message.esim_tran_no,
            iccid=None,
            text=message.text,
            category=message.category,
            request_id=own_request_id(f"bulk {job.id.hex()} {message.id.hex()}"),
            caller_reference=message.caller_reference,
        )
        result = await self._intake.send(account, wanted)
        if result.message_id is None:
            detail = result.reason.value if result.reason else ""
            return BulkResult(item, BulkItemState.FAILED, BulkReason.REFUSED, detail)
        return BulkResult(item, BulkItemState.DONE, detail=format_id(result.message_id))


def _repeat_reason(message: Message) -> BulkReason | None:
    """Why a job does not send the text again; `None` if it does."""
    rules: tuple[tuple[BulkReason, Callable[[Message], bool]], ...] = (
        (BulkReason.HAS_CODE, lambda each: each.category is Category.CODE),
        (BulkReason.NO_TEXT, lambda each: bool(each.text_absence) or each.encoding == "binary"),
        (BulkReason.NOT_LEFT, lambda each: each.state in _NOT_LEFT),
        (BulkReason.DELIVERED, lambda each: each.state is State.DELIVERED),
    )
    return next((reason for reason, applies in rules if applies(message)), None)


def _skipped(item: str, reason: BulkReason, detail: str = "") -> BulkResult:
    return BulkResult(item, BulkItemState.SKIPPED, reason, detail)


def _filter_of(selection: BulkSelection, to_ms: int, before: bytes | None) -> MessageFilter:
    return MessageFilter(
        esim_tran_no=selection.esim_tran_no,
        iccid=selection.iccid,
        state=selection.state,
        reason=selection.reason,
        category=selection.category,
        template=selection.template,
        broadcast=parse_id(selection.broadcast) if selection.broadcast else None,
        reference=selection.reference,
        reference_prefix=selection.reference_prefix,
        from_ms=selection.from_ms,
        to_ms=to_ms if selection.to_ms is None else min(to_ms, selection.to_ms),
        before=before,
        limit=_STEP,
    )
