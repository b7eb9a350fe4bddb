"""A new broadcast: choose a template, fill in the form, look at the preview, begin."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace
from starlette.responses import Response

from simpost.api.shared.problems import Problem
from simpost.api.v1.broadcasts.requests import BroadcastRequest
from simpost.api.v1.broadcasts.routes import (
    add_broadcast,
    check_broadcast,
    preview_broadcast,
    show_now,
)
from simpost.api.v1.templates.fields import TemplateName
from simpost.console.account_choice import go_to
from simpost.console.broadcasts.broadcast_form import (
    DEFAULTS,
    LABELS,
    PLACES,
    STATUSES,
    document_of,
    request_of,
)
from simpost.console.field_errors import NO_ERRORS, FieldErrors, errors_of, require_name
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.broadcasts import Broadcast
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import Category, format_id
from simpost.errors import NotFound

_FORM_OCTETS: Final = 262_144
"""Of a form with 10,000 eSIMs that are named, and a value for each variable."""
_MOST: Final = 50
"""Templates on a page."""
_CATEGORIES: Final = tuple(
    (each.value, each.value) for each in Category if each is not Category.CODE
)


async def show(call: PageRequest) -> Response:
    """The form for the template of the URL; without one the templates to choose from."""
    account = call.path_account()
    asked = call.request.query_params
    name, file = asked.get("template", ""), asked.get("file", "")
    if name:
        return await _render(call, account, {**DEFAULTS, "template": name, "audience.file": file})
    if after := asked.get("cursor", ""):
        require_name(TemplateName, after)
    found = await call.services.templates.list(account.id, after=after, limit=_MOST + 1)
    rows = [
        (each.name, list(each.template.texts), each.template.texts[each.template.default_language])
        for each in found[:_MOST]
    ]
    return call.pages.render(
        "broadcasts/choose_template",
        call=call,
        account=account.access_code,
        rows=rows,
        file=file,
        next=rows[-1][0] if len(found) > _MOST else None,
    )


async def preview(call: PageRequest) -> Response:
    """What it would do, and the form again; written to the audit log, since it shows texts."""
    account = call.path_account()
    if "change" in call.form:
        return await _render(call, account, call.form)
    try:
        wanted = await _check(call, account)
    except FieldErrors as errors:
        return await _render(call, account, call.form, errors=errors)
    await call.audit("broadcast.preview", wanted.template, account.id)
    found = await preview_broadcast(call.services, account, wanted)
    shown = found.model_dump(mode="json", by_alias=True)
    as_new = show_now(call.services, wanted).model_dump(mode="json", by_alias=True)
    return await _render(call, account, call.form, preview=shown, wanted=as_new)


async def begin(call: PageRequest) -> Response:
    """Begin it. A form that is sent again begins nothing, and leads to the same broadcast."""
    account = call.path_account()
    if call.act_id is None:
        return await _render(call, account, call.form)
    try:
        wanted = await _check(call, account)
        await call.audit("broadcast.begin", wanted.template, account.id, call.act_id)
        document = json.dumps(document_of(call.form), sort_keys=True)
        digest = hashlib.sha256(document.encode()).digest()
        wanted = replace(wanted, request_id=f"console {call.act_id.hex()}", fingerprint=digest)
        added = await add_broadcast(call.services, wanted)
    except FieldErrors as errors:
        return await _render(call, account, call.form, errors=errors)
    except Problem as problem:
        refused = errors_of(problem, LABELS, PLACES)
        return await _render(call, account, call.form, errors=refused)
    return go_to("broadcasts", account.access_code, format_id(added.id))


async def _check(call: PageRequest, account: Account) -> Broadcast:
    """The broadcast of the form. Raises FieldErrors."""
    given: BroadcastRequest = request_of(document_of(call.form), call.user.name)
    try:
        return await check_broadcast(call.services, account, given)
    except Problem as problem:
        raise errors_of(problem, LABELS, PLACES) from None


async def _render(
    call: PageRequest,
    account: Account,
    given: Mapping[str, str],
    *,
    errors: FieldErrors = NO_ERRORS,
    preview: dict[str, Any] | None = None,
    wanted: dict[str, Any] | None = None,
) -> Response:
    services = call.services
    name = given.get("template", "")
    require_name(TemplateName, name)
    found = await services.templates.find(account.id, name)
    if found is None:
        raise NotFound
    files = await services.store.broadcast_files.list_files(account.id)
    template = found.template
    return call.pages.render(
        "broadcasts/begin",
        status=422 if errors.errors else 200,
        call=call,
        account=account.access_code,
        given={name: given.get(name, "") for name in _names(template.variables)}
        | dict.fromkeys(LABELS, "")
        | dict(given),
        labels={**LABELS, **{f"values.{name}": name for name in template.variables}},
        errors=errors,
        preview=preview,
        wanted=wanted,
        template=found,
        text=template.texts[template.default_language],
        files=[
            (format_id(each.file.id), f"{each.file.name}, {each.file.good:,} eSIMs")
            for each in files
            if each.is_stored
        ],
        categories=_CATEGORIES,
        statuses=STATUSES,
        request=json.dumps(document_of(given), ensure_ascii=False, indent=1),
    )


def _names(variables: Mapping[str, object]) -> list[str]:
    return [f"values.{name}" for name in variables] + [
        f"audience.statuses.{each}" for each in STATUSES
    ]


_PATH: Final = "/console/broadcasts/{account}"
_SENDER: Final = ConsoleRole.SENDER
PAGES: Final = (
    ConsolePage("GET", f"{_PATH}/new", show, _SENDER),
    ConsolePage("POST", f"{_PATH}/preview", preview, _SENDER, form_octets=_FORM_OCTETS),
    ConsolePage("POST", f"{_PATH}/begin", begin, _SENDER, form_octets=_FORM_OCTETS),
)
