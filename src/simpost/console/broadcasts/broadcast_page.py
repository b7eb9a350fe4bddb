"""One broadcast: its state in a sentence, its counts, what it sends to whom, and its verbs."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import Response

from simpost.api.v1.broadcasts.routes import list_recipients, preview_broadcast, show_now
from simpost.api.v1.broadcasts.schemas import RecipientQuery
from simpost.console.account_choice import go_to
from simpost.console.ages import age
from simpost.console.field_errors import read_query
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.broadcasts import Broadcast, BroadcastStatus, RecipientState
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id, parse_id
from simpost.errors import UnknownBroadcast

_TONES: Final = {
    BroadcastStatus.PAUSED: "warn",
    BroadcastStatus.FINISHED: "good",
    BroadcastStatus.EXPIRED: "bad",
    BroadcastStatus.CANCELLED: "bad",
}
_MOST_NAMED: Final = 100
"""eSIMs that are named one by one and shown."""


async def show(call: PageRequest) -> Response:
    """The broadcast with its counts, which refresh themselves until it is over."""
    account, broadcast = await find(call)
    shown = show_now(call.services, broadcast).model_dump(mode="json", by_alias=True)
    may_send = call.may(ConsoleRole.SENDER)
    return call.pages.render(
        "broadcasts/broadcast",
        call=call,
        account=account.access_code,
        broadcast=shown,
        request=_request_of(shown),
        tone=_TONES.get(broadcast.status, "wait"),
        age=age(broadcast.created_ms, call.services.clock_ms()),
        verbs=verbs_of(broadcast) if may_send else (),
        is_over=broadcast.status.is_final,
        may_preview=_is_new(broadcast),
        most_named=_MOST_NAMED,
    )


async def show_recipients(call: PageRequest) -> Response:
    """What became of each eSIM; the URL has the query of the API."""
    account, broadcast = await find(call)
    query = read_query(RecipientQuery, call.request)
    page = await list_recipients(format_id(broadcast.id), query, account, call.services)
    return call.pages.render(
        "broadcasts/recipients",
        call=call,
        account=account.access_code,
        broadcast=show_now(call.services, broadcast).model_dump(mode="json", by_alias=True),
        page=page.model_dump(mode="json", by_alias=True),
        query=query,
        states=[each.value for each in RecipientState],
    )


async def preview(call: PageRequest) -> Response:
    """What it would do at its start, with texts hidden."""
    return await _render_preview(call, is_revealed=False)


async def reveal_preview(call: PageRequest) -> Response:
    """The same with its sample texts; written to the audit log before."""
    account, broadcast = await find(call)
    await call.audit("broadcast.preview", format_id(broadcast.id), account.id)
    return await _render_preview(call, is_revealed=True)


async def confirm(call: PageRequest) -> Response:
    """What a verb will do, and the button that does it."""
    account, broadcast = await find(call)
    verb = _verb(call)
    return call.pages.render(
        "broadcasts/confirm",
        call=call,
        account=account.access_code,
        broadcast=show_now(call.services, broadcast).model_dump(mode="json", by_alias=True),
        verb=verb,
        is_possible=verb in verbs_of(broadcast),
    )


async def act(call: PageRequest) -> Response:
    """Pause, resume or cancel it once, however often the form is sent."""
    account, broadcast = await find(call)
    verb, key = _verb(call), format_id(broadcast.id)
    if call.act_id is None:
        return go_to("broadcasts", account.access_code, key, "confirm", verb)
    if verb in verbs_of(broadcast) and await call.audit(
        f"broadcast.{verb}", key, account.id, call.act_id
    ):
        service = call.services.broadcasts
        step = {"pause": service.pause, "resume": service.resume, "cancel": service.cancel}[verb]
        await step(account, broadcast.id, call.user.name)
    return go_to("broadcasts", account.access_code, key)


async def find(call: PageRequest) -> tuple[Account, Broadcast]:
    """The broadcast of the path. Raises UnknownAccount and UnknownBroadcast."""
    account = call.path_account()
    broadcast_id = parse_id(call.request.path_params["id"])
    if broadcast_id is None:
        raise UnknownBroadcast
    return account, await call.services.broadcasts.find(account.id, broadcast_id)


def verbs_of(broadcast: Broadcast) -> tuple[str, ...]:
    """What can be done with it now."""
    if broadcast.status.is_final:
        return ()
    return ("resume" if broadcast.status is BroadcastStatus.PAUSED else "pause"), "cancel"


def _verb(call: PageRequest) -> str:
    verb = str(call.request.path_params["verb"])
    if verb not in ("pause", "resume", "cancel"):
        raise UnknownBroadcast
    return verb


def _is_new(broadcast: Broadcast) -> bool:
    """Whether nothing of it was decided, so that a preview says what it will do."""
    is_decided = broadcast.accepted or broadcast.refused or broadcast.held
    return not broadcast.status.is_final and not is_decided


async def _render_preview(call: PageRequest, *, is_revealed: bool) -> Response:
    account, broadcast = await find(call)
    found = None
    if _is_new(broadcast):
        found = await preview_broadcast(call.services, account, broadcast)
    return call.pages.render(
        "broadcasts/preview",
        call=call,
        account=account.access_code,
        broadcast=show_now(call.services, broadcast).model_dump(mode="json", by_alias=True),
        preview=found and found.model_dump(mode="json", by_alias=True),
        is_revealed=is_revealed,
        may_reveal=not is_revealed and call.may(ConsoleRole.SUPPORT),
    )


def _request_of(shown: dict[str, Any]) -> str:
    """The audience as the request had it; conditions that were not given are left out."""
    audience = {
        name: value
        for name, value in shown["audience"].items()
        if value and name not in ("named", "esims")
    }
    if named := shown["audience"]["esims"]:
        audience["esims"] = named[:_MOST_NAMED]
    return json.dumps(audience, ensure_ascii=False)


_PATH: Final = "/console/broadcasts/{account}/{id}"
PAGES: Final = (
    ConsolePage("GET", _PATH, show),
    ConsolePage("GET", f"{_PATH}/recipients", show_recipients),
    ConsolePage("GET", f"{_PATH}/preview", preview),
    ConsolePage("POST", f"{_PATH}/preview", reveal_preview, ConsoleRole.SUPPORT),
    ConsolePage("GET", f"{_PATH}/confirm/{{verb}}", confirm, ConsoleRole.SENDER),
    ConsolePage("POST", f"{_PATH}/{{verb}}", act, ConsoleRole.SENDER),
)
