"""Stops: what is not sent now, why, and the verbs that change that."""

from __future__ import annotations

import contextlib
from typing import Final

from starlette.responses import Response

from simpost.api.admin.stops import (
    NewStop,
    Scope,
    StopOut,
    list_stops,
    resume_sending,
    stop_sending,
)
from simpost.console.confirmation import Act, confirm, go_to
from simpost.console.query_form import InvalidFields, given, read
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import Category
from simpost.errors import UnknownAccount, UnknownStop

_PATH: Final = "/console/stops"
_SCOPE: Final = ("account", "category", "country")


async def show(call: PageRequest) -> Response:
    """The stops that are in force, oldest first."""
    return await _render(call)


async def add(call: PageRequest) -> Response:
    """Stop a scope, after a confirmation."""
    flags = {name: True for name in ("everything", "codes") if call.form.get(name) == "yes"}
    try:
        wanted = read(NewStop, given(call.form, (*_SCOPE, "reason")) | flags)
    except InvalidFields as error:
        return await _render(call, error.reasons)
    name = scope_name(wanted)
    codes = "One-time codes are stopped too." if wanted.codes else "One-time codes still pass."
    act = Act(
        question=f"Stop sending: {name}?",
        sentence=f"New messages are refused at once, on all nodes, with your reason: "
        f"“{wanted.reason}”. Held messages are refused when they are due. {codes}",
        button="Stop sending",
        back=_PATH,
        action="stop.add",
        target=name,
    )
    if answer := await confirm(call, act):
        return answer
    try:
        await stop_sending(wanted, call.services)
    except UnknownAccount:
        return await _render(call, {"account": "there is no such account"})
    return go_to(_PATH)


async def lift(call: PageRequest) -> Response:
    """Lift the stop of exactly this scope, after a confirmation."""
    fields = given(call.form, _SCOPE)
    try:
        scope = read(Scope, fields or {"everything": True})
    except InvalidFields as error:
        return await _render(call, error.reasons)
    name = scope_name(scope)
    act = Act(
        question=f"Send again: {name}?",
        sentence="Messages of this scope are accepted and sent again, on all nodes.",
        button="Lift the stop",
        back=_PATH,
        action="stop.lift",
        target=name,
    )
    if answer := await confirm(call, act):
        return answer
    with contextlib.suppress(UnknownAccount, UnknownStop):  # somebody lifted it before
        await resume_sending(scope, call.services)
    return go_to(_PATH)


def scope_name(scope: Scope | StopOut) -> str:
    """What a stop is for, in words."""
    fields = ((name, getattr(scope, name)) for name in _SCOPE)
    return ", ".join(f"{name} {value}" for name, value in fields if value) or "everything"


async def _render(call: PageRequest, reasons: object = None) -> Response:
    stops = (await list_stops(call.services)).stops
    return call.pages.render(
        "stops",
        status=422 if reasons else 200,
        call=call,
        stops=[(scope_name(each), each.model_dump(mode="json", by_alias=True)) for each in stops],
        accounts=sorted(each.access_code for each in call.services.accounts.all()),
        categories=[each.value for each in Category],
        form=call.form,
        reasons=reasons or {},
        is_admin=call.user.role.includes(ConsoleRole.ADMIN),
    )


PAGES: Final = (
    ConsolePage("GET", _PATH, show, is_installation=True, title="Stops"),
    ConsolePage("POST", _PATH, add, ConsoleRole.ADMIN, True),
    ConsolePage("POST", f"{_PATH}/lift", lift, ConsoleRole.ADMIN, True),
)
