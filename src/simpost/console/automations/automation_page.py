"""The automations of an account, and one of them: what it did, and what it would have done."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from simpost.api.shared.paging import PageQuery, cut_page
from simpost.api.v1.automations.routes import delete_automation, preview_automation
from simpost.api.v1.automations.schemas import (
    AutomationName,
    AutomationPreviewRequest,
    show_detail,
    show_run,
)
from simpost.console.account_choice import choose_account, go_to
from simpost.console.automations.automation_form import save, switched
from simpost.console.field_errors import FieldErrors, read_query, require_name
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.automations import Automation
from simpost.domain.console_users import ConsoleRole
from simpost.errors import NotFound, UnknownAutomation

DAYS: Final = (1, 7, 31)
"""Days back that a preview offers."""


async def choose(call: PageRequest) -> Response:
    """The accounts to choose from."""
    return await choose_account(call, "automations", "Automations")


async def show_list(call: PageRequest) -> Response:
    """All of the account, with the counts of their runs."""
    account, store = call.path_account(), call.services.store.automations
    rows = [
        show_detail(each, await store.count_runs(account.id, each.name))
        for each in await store.list_automations(account.id)
    ]
    return call.pages.render(
        "automations/list",
        call=call,
        account=account.access_code,
        rows=[each.model_dump(mode="json", by_alias=True) for each in rows],
        may_send=call.may(ConsoleRole.SENDER),
    )


async def show(call: PageRequest) -> Response:
    """One automation with its runs; its URL has the query of the API."""
    return await _render(call)


async def switch(call: PageRequest) -> Response:
    """Switch it on or off; a form that is sent again changes nothing."""
    account, automation = await find(call)
    is_on = call.form.get("to") == "on"
    if automation.enabled != is_on:
        verb = "on" if is_on else "off"
        await call.audit(f"automation.{verb}", automation.name, account.id)
        try:
            await save(call.services, account, automation.name, switched(automation))
        except FieldErrors as errors:
            return await _render(call, errors)
    return go_to("automations", account.access_code, automation.name)


async def confirm_delete(call: PageRequest) -> Response:
    """What a deletion does, and the button that does it."""
    account, automation = await find(call)
    return call.pages.render(
        "automations/confirm", call=call, account=account.access_code, title=automation.name
    )


async def delete(call: PageRequest) -> Response:
    """Delete it; its runs stay."""
    account, automation = await find(call)
    await call.audit("automation.delete", automation.name, account.id)
    await delete_automation(automation.name, account, call.services)
    return go_to("automations", account.access_code)


async def preview(call: PageRequest) -> Response:
    """What it would have done with past transitions, with texts hidden. Nothing is sent."""
    return await _render_preview(call, is_revealed=False)


async def reveal_preview(call: PageRequest) -> Response:
    """The same with its sample texts; written to the audit log before."""
    account, automation = await find(call)
    await call.audit("automation.preview", automation.name, account.id)
    return await _render_preview(call, is_revealed=True)


async def find(call: PageRequest) -> tuple[Account, Automation]:
    """The automation of the path. Raises UnknownAccount and UnknownAutomation."""
    account, name = call.path_account(), str(call.request.path_params["name"])
    require_name(AutomationName, name)
    found = await call.services.store.automations.find(account.id, name)
    if found is None:
        raise UnknownAutomation
    return account, found


async def _render(call: PageRequest, errors: FieldErrors | None = None) -> Response:
    account, automation = await find(call)
    store = call.services.store.automations
    query = PageQuery() if errors else read_query(PageQuery, call.request)
    counts = await store.count_runs(account.id, automation.name)
    found = await store.list_runs(
        account.id, automation.name, before=query.before, limit=query.look_ahead
    )
    rows, cursor = cut_page(found, query)
    return call.pages.render(
        "automations/automation",
        status=422 if errors else 200,
        call=call,
        account=account.access_code,
        automation=show_detail(automation, counts).model_dump(mode="json", by_alias=True),
        runs=[show_run(each).model_dump(mode="json", by_alias=True) for each in rows],
        next=cursor,
        query=query,
        problems=[each.reason for each in errors.errors] if errors else [],
        may_send=call.may(ConsoleRole.SENDER),
    )


async def _render_preview(call: PageRequest, *, is_revealed: bool) -> Response:
    account, automation = await find(call)
    days = call.request.query_params.get("days", "7")
    if days not in map(str, DAYS):
        raise NotFound
    request = AutomationPreviewRequest(days=int(days))
    found = await preview_automation(automation.name, request, account, call.services)
    return call.pages.render(
        "automations/preview",
        call=call,
        account=account.access_code,
        title=automation.name,
        preview=found.model_dump(mode="json", by_alias=True),
        days=int(days),
        choices=DAYS,
        is_revealed=is_revealed,
        may_reveal=not is_revealed and call.may(ConsoleRole.SUPPORT),
    )


_PATH: Final = "/console/automations/{account}"
_AUTOMATION: Final = f"{_PATH}/{{name}}"
_SENDER: Final = ConsoleRole.SENDER
PAGES: Final = (
    ConsolePage("GET", "/console/automations", choose, title="Automations"),
    ConsolePage("GET", _PATH, show_list),
    ConsolePage("GET", _AUTOMATION, show),
    ConsolePage("POST", f"{_AUTOMATION}/switch", switch, _SENDER),
    ConsolePage("GET", f"{_AUTOMATION}/preview", preview),
    ConsolePage("POST", f"{_AUTOMATION}/preview", reveal_preview, ConsoleRole.SUPPORT),
    ConsolePage("GET", f"{_AUTOMATION}/delete", confirm_delete, _SENDER),
    ConsolePage("POST", f"{_AUTOMATION}/delete", delete, _SENDER),
)
