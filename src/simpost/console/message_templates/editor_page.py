"""The editor of a template: its buttons send the whole form, so it works without scripts."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace
from starlette.responses import Response

from simpost.api.shared.problems import Problem
from simpost.api.v1.templates.fields import TemplateName
from simpost.api.v1.templates.routes import save_template
from simpost.api.v1.templates.schemas import TemplateIn
from simpost.console.account_choice import go_to
from simpost.console.field_errors import (
    NO_ERRORS,
    FieldErrors,
    errors_of,
    read_request,
    require_name,
)
from simpost.console.message_templates.editor_form import (
    TYPES,
    Draft,
    draft_of,
    new_draft,
    read_draft,
)
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.console_users import ConsoleRole
from simpost.errors import NotFound

_FORM_OCTETS: Final = 262_144
"""Of a form with all texts of a template that the API takes."""


async def show(call: PageRequest) -> Response:
    """The template of the URL in its latest version, or an empty one."""
    account = call.path_account()
    query = call.request.query_params
    if not (name := query.get("name", "")):
        return await _render(call, account, new_draft("", account.language))
    require_name(TemplateName, name)
    found = await call.services.templates.find(account.id, name)
    if found is None:
        raise NotFound
    draft = draft_of(found, query.get("language", ""))
    return await _render(call, account, draft, is_checked=True)


async def edit(call: PageRequest) -> Response:
    """Save it, or check it and show another language; only `save` stores anything."""
    account, draft = call.path_account(), read_draft(call.form)
    if "save" not in call.form:
        return await _render(call, account, draft, is_checked="show" not in call.form)
    try:
        given = _request(draft)
        latest = await call.services.templates.find(account.id, draft.name)
        is_saved = latest and latest.template == given.template(account.language)
        if latest and latest.version != draft.base and not is_saved:
            return await _render(call, account, draft, newer=latest.version)
        await call.audit("template.save", draft.name, account.id)
        await _call_api(call, account, given)
    except FieldErrors as errors:
        return await _render(call, account, draft, errors=errors)
    return go_to("templates", account.access_code, draft.name)


def _request(draft: Draft, *, is_check: bool = False) -> TemplateIn:
    """Raises FieldErrors."""
    return read_request(TemplateIn, {**draft.document, "dryRun": is_check})


async def _call_api(call: PageRequest, account: Account, given: TemplateIn) -> dict[str, Any]:
    """What the API returns. Raises FieldErrors."""
    try:
        saved = await save_template(given, Response(), account, call.services)
    except Problem as problem:
        raise errors_of(problem, {}) from None
    return saved.model_dump(mode="json", by_alias=True)


async def _check(call: PageRequest, account: Account, draft: Draft) -> dict[str, Any]:
    """The longest text by language. Raises FieldErrors."""
    named = draft if draft.name else replace(draft, name="new")
    saved = await _call_api(call, account, _request(named, is_check=True))
    return {each["language"]: each for each in saved["longest"]}


async def _render(
    call: PageRequest,
    account: Account,
    draft: Draft,
    *,
    errors: FieldErrors = NO_ERRORS,
    is_checked: bool = False,
    newer: int | None = None,
) -> Response:
    longest: dict[str, Any] = {}
    if is_checked:
        try:
            longest = await _check(call, account, draft)
        except FieldErrors as found:
            errors = found
    return call.pages.render(
        "message_templates/editor",
        status=422 if errors.errors or newer is not None else 200,
        call=call,
        account=account.access_code,
        draft=draft if newer is None else replace(draft, base=newer),
        types=[(each, each) for each in TYPES],
        errors=errors,
        labels=draft.labels,
        longest=longest,
        newer=newer,
    )


_PATH: Final = "/console/template-editor/{account}"
PAGES: Final = (
    ConsolePage("GET", _PATH, show, ConsoleRole.SENDER),
    ConsolePage("POST", _PATH, edit, ConsoleRole.SENDER, form_octets=_FORM_OCTETS),
)
