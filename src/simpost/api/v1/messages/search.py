"""Searches of the message log: the filters that the list and the export have in common."""

from __future__ import annotations

from simpost.api.shared.paging import PageQuery, Period, cut_page
from simpost.api.shared.services import Services
from simpost.api.v1.messages.schemas import MessagePage, show_message
from simpost.api.v1.messages.send_schema import Identifier, Msisdn
from simpost.domain.messages import Message
from simpost.domain.states import State
from simpost.messaging.message_log import list_by_number
from simpost.ports.store import MessageFilter


class MessageSearch(Period):
    """Filters of the log; `from` and `to` bound the time of acceptance.

    `msisdn` is the number that the eSIM has now.
    """

    esim_tran_no: Identifier | None = None
    iccid: Identifier | None = None
    msisdn: Msisdn | None = None
    state: State | None = None


class MessageQuery(PageQuery, MessageSearch):
    """A page of a search of the log."""


async def search_messages(
    services: Services,
    account_id: int | None,
    search: MessageSearch,
    *,
    before: bytes | None,
    limit: int,
) -> list[Message]:
    """The newest messages that the search selects, with ids below `before`.

    Without an account the search must have an `msisdn`, which selects the account too.
    """
    which = MessageFilter(
        esim_tran_no=search.esim_tran_no,
        iccid=search.iccid,
        state=search.state,
        from_ms=search.from_ms,
        to_ms=search.to_ms,
        before=before,
        limit=limit,
    )
    if search.msisdn:
        return await list_by_number(services.store, account_id, search.msisdn, which)
    assert account_id is not None
    return await services.store.log.list_messages(account_id, which)


async def search_page(
    services: Services, account_id: int | None, query: MessageQuery
) -> list[Message]:
    """The messages of a page, with `look_ahead`."""
    return await search_messages(
        services, account_id, query, before=query.before, limit=query.look_ahead
    )


def message_page(found: list[Message], query: MessageQuery) -> MessagePage:
    """One page of messages."""
    rows, cursor = cut_page(found, query)
    return MessagePage(messages=[show_message(row) for row in rows], next=cursor)
