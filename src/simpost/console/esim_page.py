"""One eSIM: its plan and state, what may be sent to it, and the messages both ways."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from simpost.api.v1.inbound.schemas import show_entry
from simpost.api.v1.lifecycle.schemas import show_event
from simpost.console.masks import Masks
from simpost.console.recipient import ShownEsim, esim_panel, find_recipient
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.console_users import ConsoleRole
from simpost.messaging.conversation import list_texts

_ENTRIES = 50
_EVENTS = 20


async def show(call: PageRequest) -> Response:
    """The eSIM, with texts and numbers hidden."""
    return await _render(call, await find_recipient(call), is_revealed=False)


async def reveal(call: PageRequest) -> Response:
    """The eSIM with texts and numbers; written to the audit log before."""
    to = await find_recipient(call)
    await call.audit("esim.reveal", to.esim.esim_tran_no, to.account.id)
    return await _render(call, to, is_revealed=True)


async def _render(call: PageRequest, to: ShownEsim, *, is_revealed: bool) -> Response:
    store, number = call.services.store, to.esim.esim_tran_no
    entries = await list_texts(store, to.account.id, number, before=None, limit=_ENTRIES)
    events = await store.lifecycle.list_events(to.account.id, number, before=None, limit=_EVENTS)
    return call.pages.render(
        "esim",
        call=call,
        to=to,
        panel=await esim_panel(call, to),
        events=[show_event(each).model_dump(mode="json", by_alias=True) for each in events],
        entries=[show_entry(each).model_dump(mode="json", by_alias=True) for each in entries],
        masks=Masks(is_revealed=is_revealed),
        may_reveal=not is_revealed and call.user.role.includes(ConsoleRole.SUPPORT),
        may_read=call.user.role.includes(ConsoleRole.SUPPORT),
        may_send=call.user.role.includes(ConsoleRole.SENDER),
    )


_PATH: Final = "/console/esims/{account}/{number}"
PAGES: Final = (
    ConsolePage("GET", _PATH, show),
    ConsolePage("POST", f"{_PATH}/reveal", reveal, ConsoleRole.SUPPORT),
)
