"""GET /v1/messages: what became of what was sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.paging import Cursor, Instant, answer_page, format_cursor, parse_cursor
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import Schema, to_ms
from simpost.api.shared.services import Services
from simpost.api.v1.messages.schemas import (
    MessageDetail,
    MessagePage,
    WaitingFor,
    show_in_full,
    show_message,
)
from simpost.api.v1.messages.send_schema import Identifier
from simpost.domain.messages import Message, parse_id
from simpost.domain.states import State
from simpost.errors import UnknownCarrier
from simpost.ports.store import MessageFilter

_NOT_LEFT = frozenset({State.ACCEPTED, State.SENDING})

router = APIRouter(prefix="/v1", tags=["messages"])


Msisdn = Annotated[
    str,
    Matching(r"^\+?[0-9]{1,15}$", "must be the eSIM's number: 1 to 15 digits, with + or without"),
    AfterValidator(lambda number: number.removeprefix("+")),
]


class MessageQuery(Schema):
    """Filters of the log; `from` and `to` bound the time of acceptance.

    `msisdn` is the number that the eSIM has now.
    """

    esim_tran_no: Identifier | None = None
    iccid: Identifier | None = None
    msisdn: Msisdn | None = None
    state: State | None = None
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Cursor | None = None


@router.get("/messages", response_model=MessagePage, summary="List messages, newest first")
async def list_messages(
    which: Annotated[MessageQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    return await answer_page(
        services,
        account,
        which.limit,
        lambda: _find(services, account.id, which),
        lambda messages: _show(messages, which),
    )


@router.get(
    "/messages/{id}",
    summary="Show one message with its parts, attempts and kept receipts",
    operation_id="showMessage",
)
async def get_message(id: str, account: Caller, services: ServicesDep) -> MessageDetail:  # noqa: A002
    message_id = parse_id(id)
    message = message_id and await services.store.log.find_message(account.id, message_id)
    if not message:
        raise Problem(404, ProblemCode.NOT_FOUND, "This account has no such message.")
    return await message_detail(services, message, account.access_code)


async def message_detail(
    services: Services, message: Message, account: str, *, for_admin: bool = False
) -> MessageDetail:
    """The message, with the carrier it waits for while nothing of it has left.

    What keeps a carrier away is for the administrator only: it may name hosts.
    """
    waits = next((part for part in message.parts if part.state in _NOT_LEFT), None)
    found = await _waiting_for(services, waits.carrier, for_admin=for_admin) if waits else None
    return show_in_full(message, account, found)


async def _waiting_for(services: Services, carrier: str, *, for_admin: bool) -> WaitingFor:
    try:
        status = await services.carriers.status(carrier)
    except UnknownCarrier:
        return WaitingFor(carrier=carrier, state="unknown", problem=None)
    state = "paused" if status.is_paused else str(status.state or "unknown")
    connections = (
        [*status.connections, *(one for _, one in status.remote_connections)] if for_admin else []
    )
    problems = [one.problem for one in connections if one.problem]
    return WaitingFor(carrier=carrier, state=state, problem=problems[0] if problems else None)


async def list_page(services: Services, account_id: int, which: MessageQuery) -> MessagePage:
    """One page, and the cursor of the next one when there is more."""
    return _show(await _find(services, account_id, which), which)


async def _find(services: Services, account_id: int, which: MessageQuery) -> list[Message]:
    """The messages of a page, and one more where there is one."""
    if which.msisdn:
        found = await services.store.inbound.find_number(which.msisdn, account_id=account_id)
        same = which.esim_tran_no in (None, found and found.esim.esim_tran_no)
        if found is None or not same:
            return []
        which = which.model_copy(update={"esim_tran_no": found.esim.esim_tran_no})
    return await services.store.log.list_messages(
        account_id,
        MessageFilter(
            esim_tran_no=which.esim_tran_no,
            iccid=which.iccid,
            state=which.state,
            from_ms=to_ms(which.from_) if which.from_ else None,
            to_ms=to_ms(which.to) if which.to else None,
            before=parse_cursor(which.cursor) if which.cursor else None,
            limit=which.limit + 1,
        ),
    )


def _show(messages: list[Message], which: MessageQuery) -> MessagePage:
    shown = messages[: which.limit]
    more = len(messages) > which.limit
    return MessagePage(
        messages=[show_message(message) for message in shown],
        next=format_cursor(shown[-1].id) if more else None,
    )
