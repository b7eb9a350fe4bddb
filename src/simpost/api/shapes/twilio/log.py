"""Messages of the account: fetched one by one, listed in pages, and cancelled."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from simpost.api.shapes.calls import Failure, ShapeCall, ShapeError, ShapeResponse
from simpost.api.shapes.twilio.create import recipient_of
from simpost.api.shapes.twilio.documents import messages_uri, parse_sid, show_message, sid_of
from simpost.api.shapes.twilio.form import instant_ms, read_form, whole_number
from simpost.api.shared.paging import MAX_SMALL
from simpost.domain.messages import Message
from simpost.domain.states import State
from simpost.messaging.message_log import search_by_number
from simpost.ports.store import FoundMessages, MessageFilter

MAX_PAGE: Final = 200
"""Messages of a page; a larger `PageSize` counts as this."""
USUAL_PAGE: Final = 50
_DAY_MS: Final = 86_400_000
_FILTERS: Final = ("To", "DateSent", "DateSent>", "DateSent<")
_QUERY: Final = frozenset({*_FILTERS, "From", "PageSize", "Page", "PageToken"})


async def fetch_message(call: ShapeCall) -> ShapeResponse:
    """One message."""
    message_id = parse_sid(call.place)
    log = call.services.store.log
    message = message_id and await log.find_message(call.account.id, message_id)
    if not message:
        raise ShapeError(Failure.NOT_FOUND, "The account has no such message.")
    return ShapeResponse(msgspec.json.encode(show_message(message, call.account)))


async def update_message(call: ShapeCall) -> ShapeResponse:
    """Cancel a message that was not sent yet: `Status=canceled`."""
    if read_form(call.body, {"Status"}).get("Status") != "canceled":
        raise ShapeError(Failure.INVALID, "Only Status=canceled is supported")
    message_id = parse_sid(call.place)
    message = message_id and await call.services.intake.cancel(call.account, message_id)
    if not message:
        raise ShapeError(Failure.NOT_FOUND, "The account has no such message.")
    if message.state is not State.CANCELLED:
        raise ShapeError(Failure.CONFLICT, "Only an unsent message can be cancelled.")
    return ShapeResponse(msgspec.json.encode(show_message(message, call.account)))


async def list_messages(call: ShapeCall) -> ShapeResponse:
    """A page of messages, newest first."""
    query = read_form(call.scope["query_string"], _QUERY)
    if "From" in query:
        raise ShapeError(Failure.INVALID, "simpost does not support the filter From")
    size = min(whole_number("PageSize", query.get("PageSize", str(USUAL_PAGE))), MAX_PAGE) or 1
    which = _filter(query, size + 1)
    costs = call.services.costs
    if size <= MAX_SMALL:
        found = await _search(call, query, which)
        return ShapeResponse(_page(call, query, found, size))
    async with costs.turn(call.account):
        found = await _search(call, query, which)
        body = await costs.work(call.account, lambda: _page(call, query, found, size))
    return ShapeResponse(body)


async def _search(call: ShapeCall, query: dict[str, str], which: MessageFilter) -> FoundMessages:
    store, account_id = call.services.store, call.account.id
    if "To" not in query:
        return await store.log.search_messages(account_id, which)
    msisdn, iccid = recipient_of(query["To"])
    if msisdn:
        return await search_by_number(store, account_id, msisdn, which)
    if iccid:
        return await store.log.search_messages(account_id, replace(which, iccid=iccid))
    return FoundMessages([])


def _filter(query: dict[str, str], limit: int) -> MessageFilter:
    """`DateSent` is a day; the other two bound the time of acceptance, both included."""
    from_ms = to_ms = before = None
    if "DateSent>" in query:
        from_ms = instant_ms("DateSent>", query["DateSent>"])
    if "DateSent<" in query:
        to_ms = instant_ms("DateSent<", query["DateSent<"])
    if "DateSent" in query:
        from_ms = instant_ms("DateSent", query["DateSent"]) // _DAY_MS * _DAY_MS
        to_ms = from_ms + _DAY_MS - 1
    if "PageToken" in query:
        before = parse_sid(query["PageToken"])
        if before is None:
            raise ShapeError(Failure.INVALID, "PageToken must be that of a page, unchanged")
    return MessageFilter(from_ms=from_ms, to_ms=to_ms, before=before, limit=limit)


def _page(call: ShapeCall, query: dict[str, str], found: FoundMessages, size: int) -> bytes:
    """One page; a search that stopped early continues with the next one."""
    shown = found.messages[:size]
    after = found.examined_to
    if len(found.messages) > size:
        after = shown[-1].id
    number = whole_number("Page", query.get("Page", "0"))
    kept = {name: query[name] for name in _FILTERS if name in query} | {"PageSize": str(size)}
    uri = f"{messages_uri(call.account)}.json"
    following = None
    if after:
        token = {"Page": str(number + 1), "PageToken": sid_of(after)}
        following = f"{uri}?{urlencode(kept | token)}"
    return msgspec.json.encode(
        {
            "messages": _rows(call, shown),
            "page": number,
            "page_size": size,
            "start": number * size,
            "end": number * size + max(0, len(shown) - 1),
            "uri": f"{uri}?{urlencode(kept | {'Page': str(number)})}",
            "first_page_uri": f"{uri}?{urlencode(kept | {'Page': '0'})}",
            "next_page_uri": following,
            "previous_page_uri": None,
        }
    )


def _rows(call: ShapeCall, messages: list[Message]) -> list[dict[str, Any]]:
    return [show_message(each, call.account) for each in messages]
