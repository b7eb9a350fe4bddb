"""Searches of the message log: the filters that the list and the export have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.paging import PageQuery, Period, cut_page, format_cursor
from simpost.api.shared.services import Services
from simpost.api.v1.messages.schemas import MessagePage, show_message
from simpost.api.v1.messages.send_schema import Identifier, Msisdn, Reference
from simpost.api.v1.templates.fields import TemplateName
from simpost.domain.messages import Category, parse_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.messaging.message_log import search_by_number
from simpost.ports.store import FoundMessages, MessageFilter


def _checked_id(text: str) -> str:
    if parse_id(text) is None:
        raise ValueError("must be the id of a broadcast")
    return text


BroadcastId = Annotated[
    str, Matching(r"^[0-9a-f-]{36}$", "must be the id of a broadcast"), AfterValidator(_checked_id)
]


CarrierMessageId = Annotated[
    str,
    Matching(r"^[ -~\u00a0-\u00ff]{1,255}$", "must be the id of a carrier, of 1 to 255 characters"),
]
"""As a response has it: SMPP ids are Latin-1, and those of APIs hardly anything else."""


class MessageSearch(Period):
    """Filters of the log; `from` and `to` bound the time of acceptance.

    `msisdn` is the number that the eSIM has now, `template` the name of a template, `broadcast` the
    id of a broadcast, and `carrierMessageId` the id that a carrier gave to a part, exactly.
    """

    esim_tran_no: Identifier | None = None
    iccid: Identifier | None = None
    msisdn: Msisdn | None = None
    state: State | None = None
    reason: Reason | None = None
    category: Category | None = None
    template: TemplateName | None = None
    broadcast: BroadcastId | None = None
    reference: Reference | None = None
    reference_prefix: Reference | None = None
    carrier_message_id: CarrierMessageId | None = None


class MessageQuery(PageQuery, MessageSearch):
    """A page of a search of the log."""


async def search_messages(
    services: Services,
    account_id: int | None,
    search: MessageSearch,
    *,
    before: bytes | None,
    limit: int,
) -> FoundMessages:
    """The newest messages that the search selects, with ids below `before`.

    Without an account the search must have an `msisdn`, which selects the account too.
    """
    which = MessageFilter(
        esim_tran_no=search.esim_tran_no,
        iccid=search.iccid,
        state=search.state,
        reason=search.reason,
        category=search.category,
        template=search.template,
        broadcast=parse_id(search.broadcast) if search.broadcast else None,
        reference=search.reference,
        reference_prefix=search.reference_prefix,
        carrier_message_id=search.carrier_message_id,
        from_ms=search.from_ms,
        to_ms=search.to_ms,
        before=before,
        limit=limit,
    )
    if search.msisdn:
        return await search_by_number(services.store, account_id, search.msisdn, which)
    assert account_id is not None
    return await services.store.log.search_messages(account_id, which)


async def search_page(
    services: Services, account_id: int | None, query: MessageQuery
) -> FoundMessages:
    """The messages of a page, with `look_ahead`."""
    return await search_messages(
        services, account_id, query, before=query.before, limit=query.look_ahead
    )


def message_page(found: FoundMessages, query: MessageQuery) -> MessagePage:
    """One page of messages; a search that stopped early continues with the next page."""
    rows, cursor = cut_page(found.messages, query)
    if cursor is None and found.examined_to is not None:
        cursor = format_cursor(found.examined_to)
    return MessagePage(messages=[show_message(row) for row in rows], next=cursor)
