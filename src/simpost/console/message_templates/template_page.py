"""The templates of an account, and one of them: its versions, texts, parts and variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from simpost.api.shared.problems import Problem
from simpost.api.v1.templates.fields import TemplateName
from simpost.api.v1.templates.routes import delete_template, inspect_template, render_template
from simpost.api.v1.templates.schemas import (
    RenderRequest,
    TemplateQuery,
    show_page,
    show_preview,
    show_template,
)
from simpost.console.account_choice import choose_account, go_to
from simpost.console.ages import age
from simpost.console.field_errors import (
    NO_ERRORS,
    FieldErrors,
    errors_of,
    read_query,
    read_request,
    require_name,
)
from simpost.console.request import LARGE_FORM_OCTETS, PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.console_users import ConsoleRole
from simpost.errors import NotFound
from simpost.features.templates.definition import VariableType
from simpost.features.templates.service import TemplateVersion

MOST_VERSIONS: Final = 20
"""Versions that a page lists."""
_MOST_DIGITS: Final = 9


async def choose(call: PageRequest) -> Response:
    """The accounts to choose from."""
    return await choose_account(call, "templates", "Templates")


async def show_list(call: PageRequest) -> Response:
    """A page of the list; its URL has the query of `GET /v1/templates`."""
    account, services = call.path_account(), call.services
    query = read_query(TemplateQuery, call.request)
    found = await services.templates.list(
        account.id, after=query.cursor or "", limit=query.limit + 1
    )
    page = show_page(found, query.limit).model_dump(mode="json", by_alias=True)
    now_ms = services.clock_ms()
    return call.pages.render(
        "message_templates/list",
        call=call,
        account=account.access_code,
        rows=[
            (each, age(one.created_ms, now_ms))
            for each, one in zip(page["templates"], found, strict=False)
        ],
        next=page["next"],
        query=query,
        may_send=call.may(ConsoleRole.SENDER),
    )


async def show(call: PageRequest) -> Response:
    """The latest version, or the one of the URL."""
    account, found = await find(call)
    return await _render(call, account, found, {})


async def render(call: PageRequest) -> Response:
    """The same with the text that values give. Nothing is sent."""
    account, found = await find(call)
    return await _render(call, account, found, call.form)


async def delete(call: PageRequest) -> Response:
    """Delete all its versions."""
    account, found = await find(call)
    await call.audit("template.delete", found.name, account.id)
    await delete_template(found.name, account, call.services)
    return go_to("templates", account.access_code)


async def confirm_delete(call: PageRequest) -> Response:
    """What a deletion does, and the button that does it."""
    account, found = await find(call)
    return call.pages.render(
        "message_templates/confirm", call=call, account=account.access_code, title=found.name
    )


async def find(call: PageRequest) -> tuple[Account, TemplateVersion]:
    """The template of the path. Raises UnknownAccount and NotFound."""
    account, name = call.path_account(), str(call.request.path_params["name"])
    require_name(TemplateName, name)
    version = call.request.query_params.get("version", "")
    wanted = int(version) if version.isdecimal() and len(version) <= _MOST_DIGITS else None
    found = await call.services.templates.find(account.id, name, wanted)
    if found is None or (version and wanted is None):
        raise NotFound
    return account, found


async def _render(
    call: PageRequest, account: Account, found: TemplateVersion, form: Mapping[str, str]
) -> Response:
    services = call.services
    inspection = await inspect_template(services, account, found.template)
    longest = show_preview(found, inspection).model_dump(mode="json", by_alias=True)["longest"]
    rendered, errors = None, NO_ERRORS
    if form:
        try:
            rendered = await _rendered(call, account, found, form)
        except FieldErrors as wrong:
            errors = wrong
    now_ms = services.clock_ms()
    labels = {f"values.{name}": name for name in found.template.variables}
    return call.pages.render(
        "message_templates/template",
        status=422 if errors.errors else 200,
        call=call,
        account=account.access_code,
        template=show_template(found).model_dump(mode="json", by_alias=True),
        longest=longest,
        versions=[
            (each.version, age(each.created_ms, now_ms))
            for each in await _versions(call, account, found.name)
        ],
        given={"language": ""} | dict.fromkeys(labels, "") | dict(form),
        labels=labels,
        rendered=rendered,
        errors=errors,
        may_send=call.may(ConsoleRole.SENDER),
    )


async def _versions(call: PageRequest, account: Account, name: str) -> list[TemplateVersion]:
    """The newest versions, newest first."""
    templates = call.services.templates
    latest = await templates.find(account.id, name)
    if latest is None:
        return []
    found = [latest]
    while len(found) < MOST_VERSIONS and found[-1].version > 1:
        older = await templates.find(account.id, name, found[-1].version - 1)
        if older is None:
            break
        found.append(older)
    return found


async def _rendered(
    call: PageRequest, account: Account, found: TemplateVersion, form: Mapping[str, str]
) -> dict[str, Any]:
    """The text as the API returns it. Raises FieldErrors."""
    values = {
        name: typed_value(variable.type, form[f"values.{name}"])
        for name, variable in found.template.variables.items()
        if form.get(f"values.{name}")
    }
    document = {
        "values": values,
        "version": found.version,
        "language": form.get("language") or None,
    }
    request = read_request(RenderRequest, document)
    try:
        rendered = await render_template(found.name, request, account, call.services)
    except Problem as problem:
        raise errors_of(problem, {}) from None
    return rendered.model_dump(mode="json", by_alias=True)


def typed_value(kind: VariableType, text: str) -> str | int | float:
    """The value of a field; a text that is no number stays one, which the API refuses."""
    if kind is not VariableType.NUMBER:
        return text.replace("\r\n", "\n")
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


_PATH: Final = "/console/templates/{account}"
_TEMPLATE: Final = f"{_PATH}/{{name}}"
PAGES: Final = (
    ConsolePage("GET", "/console/templates", choose, title="Templates"),
    ConsolePage("GET", _PATH, show_list),
    ConsolePage("GET", _TEMPLATE, show),
    ConsolePage("POST", f"{_TEMPLATE}/render", render, form_octets=LARGE_FORM_OCTETS),
    ConsolePage("GET", f"{_TEMPLATE}/delete", confirm_delete, ConsoleRole.SENDER),
    ConsolePage("POST", f"{_TEMPLATE}/delete", delete, ConsoleRole.SENDER),
)
