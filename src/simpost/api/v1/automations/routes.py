"""/v1/automations: save, list, show, delete and preview automations, and list their runs."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import PageQuery, answer_page, cut_page
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.services import Services
from simpost.api.v1.automations.schemas import (
    AutomationDetail,
    AutomationList,
    AutomationName,
    AutomationPreviewOut,
    AutomationPreviewRequest,
    AutomationRequest,
    DeletedAutomation,
    RunPage,
    show_automation,
    show_detail,
    show_preview,
    show_run,
)
from simpost.api.v1.messages.results import refusal_problem
from simpost.domain.accounts import Account
from simpost.domain.automations import Automation, Run
from simpost.errors import UnknownAutomation
from simpost.features.automations.service import TooManyAutomations
from simpost.messaging.plan import Refusal

router = APIRouter(prefix="/v1", tags=["automations"])

_DAY_MS: Final = 86_400_000


@router.get("/automations", summary="List automations by name")
async def list_automations(account: Caller, services: ServicesDep) -> AutomationList:
    """All of the account, 100 at most."""
    found = await services.store.automations.list_automations(account.id)
    return AutomationList(automations=[show_automation(each) for each in found])


@router.get("/automations/{name}", summary="Show an automation with the counts of its runs")
async def get_automation(
    name: AutomationName, account: Caller, services: ServicesDep
) -> AutomationDetail:
    """The counts are of the runs that are still kept."""
    return await _detail(services, await _find(services, account, name))


@router.put("/automations/{name}", summary="Add or replace an automation")
async def save_automation(
    name: AutomationName, given: AutomationRequest, account: Caller, services: ServicesDep
) -> AutomationDetail:
    """It applies to transitions from now on. Runs that wait use it as it is when they are due.

    404 `template_unknown` if there is no such template. One that loses its template can still be
    switched off.
    """
    automation = given.automation(account.id, name, services.clock_ms())
    try:
        refusal = await services.automations.save(account, automation)
    except TooManyAutomations as error:
        raise Problem(409, ProblemCode.TOO_MANY_AUTOMATIONS, str(error)) from None
    if refusal:
        raise refusal_problem(refusal.reason, refusal.detail)
    return await _detail(services, automation)


@router.delete("/automations/{name}", summary="Delete an automation")
async def delete_automation(
    name: AutomationName, account: Caller, services: ServicesDep
) -> DeletedAutomation:
    """Its runs stay; those that wait send nothing."""
    if not await services.store.automations.delete(account.id, name):
        raise UnknownAutomation
    return DeletedAutomation(name=name)


@router.get(
    "/automations/{name}/runs",
    response_model=RunPage,
    summary="List what became of an automation, newest first",
)
async def list_runs(
    name: AutomationName,
    query: Annotated[PageQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> Response:
    """One run for each transition that started it."""
    await _find(services, account, name)
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: services.store.automations.list_runs(
            account.id, name, before=query.before, limit=query.look_ahead
        ),
        lambda found: _runs(found, query),
    )


@router.post("/automations/{name}/preview", summary="Preview an automation with past transitions")
async def preview_automation(
    name: AutomationName,
    given: AutomationPreviewRequest,
    account: Caller,
    services: ServicesDep,
) -> AutomationPreviewOut:
    """Counts and samples; nothing is sent. It also works while the automation is off."""
    automation = await _find(services, account, name)
    since_ms = services.clock_ms() - given.days * _DAY_MS
    async with services.costs.turn(account):
        found = await services.automations.preview(account, automation, since_ms=since_ms)
    if isinstance(found, Refusal):
        raise refusal_problem(found.reason, found.detail)
    return show_preview(found)


async def _find(services: Services, account: Account, name: str) -> Automation:
    found = await services.store.automations.find(account.id, name)
    if found is None:
        raise UnknownAutomation
    return found


async def _detail(services: Services, automation: Automation) -> AutomationDetail:
    counts = await services.store.automations.count_runs(automation.account_id, automation.name)
    return show_detail(automation, counts)


def _runs(found: list[Run], query: PageQuery) -> RunPage:
    rows, cursor = cut_page(found, query)
    return RunPage(runs=[show_run(row) for row in rows], next=cursor)
