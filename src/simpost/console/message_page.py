"""One message: what became of it, what to do, and everything that happened to it."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from simpost.api.v1.messages.message_log import message_detail
from simpost.console.grants import grant, is_granted
from simpost.console.live_page import live_page
from simpost.console.masks import Masks
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import Message, format_id, parse_id
from simpost.errors import NotFound
from simpost.messaging.exchange_words import title_of, words_of_sides
from simpost.messaging.exchanges import find_exchanges
from simpost.messaging.message_events import message_events
from simpost.messaging.message_log import carrier_wait, find_of_any_account
from simpost.messaging.message_sentence import repeat_problem, sentence_of


async def show(call: PageRequest) -> Response:
    """The message; its text and numbers are hidden without a grant in the URL."""
    message = await find_message(call)
    given = call.request.query_params.get("shown", "")
    now_ms = call.services.clock_ms()
    is_granted_now = is_granted(given, call.token, format_id(message.id), now_ms)
    is_shown = is_granted_now and call.may(ConsoleRole.SUPPORT)
    return await _render(call, message, given if is_shown else "")


async def version(call: PageRequest) -> object:
    """What the page shows."""
    message = await find_message(call)
    return message, await carrier_wait(call.services.carriers, message)


async def reveal(call: PageRequest) -> Response:
    """The message with its text and numbers, for half an hour; written to the audit log before."""
    message, now_ms = await find_message(call), call.services.clock_ms()
    await call.audit("message.reveal", format_id(message.id), message.account_id)
    return await _render(call, message, grant(call.token, format_id(message.id), now_ms))


async def find_message(call: PageRequest) -> Message:
    """The message, of an account that the user sees. Raises NotFound."""
    message_id = parse_id(call.request.path_params["id"])
    message = message_id and await find_of_any_account(call.services.store, message_id)
    if not message or not call.user.may_see(message.account_id):
        raise NotFound
    return message


async def _render(call: PageRequest, message: Message, shown_by: str) -> Response:
    """The page; `shown_by` is the grant to show text and numbers, empty while they are hidden."""
    account = call.services.accounts.by_id(message.account_id)
    access_code = account.access_code if account else ""
    role, sees_all = call.user.role, call.user.account_id is None
    for_admin = sees_all and role.includes(ConsoleRole.ADMIN)
    detail = await message_detail(call.services, message, access_code, for_admin=for_admin)
    shown = detail.model_dump(mode="json", by_alias=True)
    exchanges = await find_exchanges(call.services.store, call.services.carriers, message)
    return call.pages.render(
        "message",
        call=call,
        message=shown,
        sentence=sentence_of(shown),
        events=sorted(message_events(shown), key=lambda event: event[0]),
        exchanges=[_exchange(msgspec.to_builtins(each)) for each in exchanges],
        for_admin=for_admin,
        shown_by=shown_by,
        masks=Masks(is_revealed=bool(shown_by)),
        may_reveal=not shown_by and role.includes(ConsoleRole.SUPPORT),
        may_send=role.includes(ConsoleRole.SENDER),
        repeat_problem=repeat_problem(message),
    )


def _exchange(exchange: dict[str, Any]) -> dict[str, Any]:
    """The exchange of an attempt, with its words."""
    sides = list(words_of_sides(exchange))
    return {"title": title_of(exchange), "sides": sides, "note": exchange["note"]}


PAGES: Final = (
    ConsolePage("GET", "/console/messages/{id}", show),
    live_page("/console/messages/{id}/live", version, every_s=2),
    ConsolePage("POST", "/console/messages/{id}/reveal", reveal, ConsoleRole.SUPPORT),
)
