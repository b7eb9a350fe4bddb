"""The form of an automation, as a request of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace
from starlette.responses import Response

from simpost.api.shared.problems import Problem
from simpost.api.shared.services import Services
from simpost.api.v1.automations.routes import save_automation
from simpost.api.v1.automations.schemas import AutomationName, AutomationRequest, show_automation
from simpost.console.account_choice import go_to
from simpost.console.field_errors import (
    NO_ERRORS,
    FieldErrors,
    WrongField,
    errors_of,
    read_request,
    read_value,
    require_name,
)
from simpost.console.request import LARGE_FORM_OCTETS, PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.automations import DEFAULT_NOT_AFTER_S, Automation
from simpost.domain.console_users import ConsoleRole
from simpost.domain.lifecycle import Transition
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.errors import UnknownAutomation

LABELS: Final = {
    "name": "Name",
    "trigger": "Event",
    "template": "Template",
    "category": "Category",
    "values": "Values",
    "delaySeconds": "Delay",
    "notAfterSeconds": "Not after",
    "enabled": "On",
}
_PLACES: Final = {Reason.TEMPLATE_UNKNOWN.value: "template"}
_UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
_TIMES: Final = ("delaySeconds", "notAfterSeconds")
_MOST_TEMPLATES: Final = 1_000


async def show(call: PageRequest) -> Response:
    """The form of the automation of the URL; without one that of a new one."""
    account, name = call.path_account(), call.request.query_params.get("name", "")
    if not name:
        empty = {"category": "service", **_time("delaySeconds", 0)}
        return await _render(call, account, empty | _time("notAfterSeconds", DEFAULT_NOT_AFTER_S))
    require_name(AutomationName, name)
    found = await call.services.store.automations.find(account.id, name)
    if found is None:
        raise UnknownAutomation
    return await _render(call, account, _form_of(found))


async def submit(call: PageRequest) -> Response:
    """Save it. A form that is sent again saves the same."""
    account, name = call.path_account(), call.form.get("name", "").strip()
    try:
        read_value(AutomationName, name, "name")
        given = read_request(AutomationRequest, document_of(call.form))
        if "old" not in call.form:
            await _require_new(call, account, given.automation(account.id, name, 0))
        await call.audit("automation.save", name, account.id)
        await save(call.services, account, name, given)
    except FieldErrors as errors:
        return await _render(call, account, call.form, errors)
    return go_to("automations", account.access_code, name)


async def _require_new(call: PageRequest, account: Account, wanted: Automation) -> None:
    """Raises FieldErrors if the name is that of another automation; the same was sent before."""
    found = await call.services.store.automations.find(account.id, wanted.name)
    if found and replace(found, changed_ms=0) != wanted:
        raise FieldErrors(WrongField("name", "there is an automation with this name"))


async def save(services: Services, account: Account, name: str, given: AutomationRequest) -> None:
    """Save it as the API does. Raises FieldErrors."""
    try:
        await save_automation(name, given, account, services)
    except Problem as problem:
        raise errors_of(problem, LABELS, _PLACES) from None


def switched(automation: Automation) -> AutomationRequest:
    """The request that switches it on if it is off, else off."""
    shown = show_automation(replace(automation, enabled=not automation.enabled)).model_dump()
    return AutomationRequest.model_validate(
        {name: value for name, value in shown.items() if name not in ("name", "changedAt")}
    )


def document_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The body of `PUT /v1/automations/{name}` that the form stands for."""
    document: dict[str, Any] = {
        name: form.get(name, "").strip() for name in ("trigger", "template", "category")
    }
    document["values"] = dict(_value_of(line) for line in form.get("values", "").splitlines())
    document["values"].pop("", None)
    document |= {name: _seconds(form, name) for name in _TIMES}
    document["enabled"] = "enabled" in form
    return document


def _value_of(line: str) -> tuple[str, str]:
    name, _, text = line.partition("=")
    return name.strip(), text.strip()


def _seconds(form: Mapping[str, str], name: str) -> int | str:
    """Seconds; what is no whole number as it is, which the API refuses with the reason."""
    text, unit = form.get(name, "").strip(), _UNITS.get(form.get(f"{name}.unit", ""), 1)
    return int(text) * unit if text.isdecimal() and len(text) < 10 else text


def _time(name: str, seconds: int) -> dict[str, str]:
    """The fields of a time, in the largest unit that it is a whole number of."""
    unit = max(
        (each for each in _UNITS if seconds % _UNITS[each] == 0), key=lambda each: _UNITS[each]
    )
    unit = unit if seconds else "seconds"
    return {name: str(seconds // _UNITS[unit]), f"{name}.unit": unit}


def _form_of(automation: Automation) -> dict[str, str]:
    form = {
        "old": "1",
        "name": automation.name,
        "trigger": automation.trigger.value,
        "template": automation.template,
        "category": automation.category.value,
        "values": "\n".join(f"{name}={text}" for name, text in automation.values.items()),
        **_time("delaySeconds", automation.delay_s),
        **_time("notAfterSeconds", automation.not_after_s),
    }
    return form | ({"enabled": "on"} if automation.enabled else {})


async def _render(
    call: PageRequest, account: Account, given: Mapping[str, str], errors: FieldErrors = NO_ERRORS
) -> Response:
    templates = await call.services.templates.list(account.id, after="", limit=_MOST_TEMPLATES)
    names = [each.name for each in templates]
    chosen = given.get("template", "")
    empty = dict.fromkeys((*LABELS, "old", "delaySeconds.unit", "notAfterSeconds.unit"), "")
    return call.pages.render(
        "automations/form",
        status=422 if errors.errors else 200,
        call=call,
        account=account.access_code,
        given=empty | dict(given),
        templates=names if chosen in names or not chosen else [chosen, *names],
        triggers=[(each.value, each.value.replace("_", " ")) for each in Transition],
        categories=[each.value for each in Category],
        units=list(_UNITS),
        errors=errors,
        labels=LABELS,
    )


_PATH: Final = "/console/automation-editor/{account}"
PAGES: Final = (
    ConsolePage("GET", _PATH, show, ConsoleRole.SENDER),
    ConsolePage("POST", _PATH, submit, ConsoleRole.SENDER, form_octets=LARGE_FORM_OCTETS),
)
