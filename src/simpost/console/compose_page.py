"""Write to an eSIM: a form with a live dry run, which sends one message."""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec
from starlette.responses import RedirectResponse, Response
from uuid_utils import uuid7

from simpost.api.v1.messages.content import MessageContents
from simpost.api.v1.messages.send_schema import MessageRequest
from simpost.console.compose_fields import (
    attempt_dry_run,
    compose_fields,
    find_template,
    refusal_sentence,
    with_known_values,
)
from simpost.console.compose_form import (
    ComposeForm,
    InvalidForm,
    form_fingerprint,
    form_request_id,
    read_compose_form,
    validated,
)
from simpost.console.dry_run import DryRun, replace_characters
from simpost.console.masks import Masks
from simpost.console.message_page import find_message
from simpost.console.page import HEADERS
from simpost.console.recipient import ShownEsim, find_recipient
from simpost.console.request import LARGE_FORM_OCTETS, PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import Category, format_id
from simpost.errors import NotFound
from simpost.messaging.message_sentence import repeat_problem
from simpost.messaging.send_request import SendRequest

CATEGORIES: Final = tuple(each.value for each in Category if each is not Category.CODE)


async def show(call: PageRequest) -> Response:
    """An empty form, or with a `template`."""
    to = await find_recipient(call)
    template = call.request.query_params.get("template", "")
    return await _render(call, to, ComposeForm(template=template))


async def send_again(call: PageRequest) -> Response:
    """The form with the text of a message, which is written to the audit log before."""
    message = await find_message(call)
    account = call.services.accounts.by_id(message.account_id)
    if account is None or repeat_problem(message):
        raise NotFound
    await call.audit("message.reveal", format_id(message.id), account.id)
    to = await find_recipient(call, account.access_code, message.esim_tran_no)
    form = ComposeForm(text=message.text, category=message.category.value)
    return await _render(call, to, form, again=format_id(message.id))


async def preview(call: PageRequest) -> Response:
    """The dry run: with scripts only its part of the page, else the page with what was typed."""
    to = await find_recipient(call)
    form = read_compose_form(call.form)
    if (which := call.form.get("replace")) and not form.template:
        done, _ = await _dry_run(call, to, form)
        text = replace_characters(form.text, which, done.preview) if done else form.text
        form = msgspec.structs.replace(form, text=text)
    if call.request.query_params.get("part") == "dry-run":
        done, problems = await _dry_run(call, to, form)
        return call.pages.render(
            "dry_run",
            call=call,
            done=done,
            problems=problems,
            masks=Masks(is_revealed=False),
            path=f"/console/compose/{to.place}",
            template=form.template,
            is_compact=False,
        )
    return await _render(call, to, form, is_replaced=which is not None)


async def send(call: PageRequest) -> Response:
    """Send one message, however often the form is posted; then its page."""
    to = await find_recipient(call)
    form = read_compose_form(call.form)
    try:
        wanted = await _wanted(call, to, form)
    except InvalidForm:
        return await _render(call, to, form, status=422)
    await call.audit("message.send", to.esim.esim_tran_no, to.account.id)
    result = await call.services.intake.send(to.account, wanted)
    if result.message_id is not None:
        path = f"/console/messages/{format_id(result.message_id)}"
        return RedirectResponse(path, status_code=303, headers=HEADERS)
    problem, status = refusal_sentence(result)
    return await _render(call, to, form, problem=problem, status=status)


async def _wanted(call: PageRequest, to: ShownEsim, form: ComposeForm) -> SendRequest:
    """The request as the API would make it. Raises InvalidForm or StoreError."""
    fingerprint = form_fingerprint(form)
    template = await find_template(call.services, to.account, form)
    form = with_known_values(to, form, template)
    document = {"esimTranNo": to.esim.esim_tran_no} | form.document(template)
    given = validated(MessageRequest.model_validate, document)
    contents = MessageContents(call.services, to.account)
    return await contents.request(given, form_request_id(form), fingerprint)


async def _dry_run(
    call: PageRequest, to: ShownEsim, form: ComposeForm
) -> tuple[DryRun | None, list[str]]:
    return await attempt_dry_run(call.services, to.account, form, partial(_wanted, call, to))


async def _render(
    call: PageRequest,
    to: ShownEsim,
    form: ComposeForm,
    *,
    problem: str = "",
    status: int = 200,
    again: str = "",
    is_replaced: bool = False,
) -> Response:
    template = await find_template(call.services, to.account, form)
    form = with_known_values(to, form, template)
    if status != 200 or not form.key:
        form = msgspec.structs.replace(form, key=str(uuid7()))
    done, problems = await _dry_run(call, to, form)
    return call.pages.render(
        "compose",
        status=status,
        call=call,
        to=to,
        path=f"/console/compose/{to.place}",
        form=form,
        fields=await compose_fields(call.services, to, form, template),
        categories=CATEGORIES,
        done=done,
        problem=problem,
        problems=problems,
        again=again,
        is_replaced=is_replaced,
        masks=Masks(is_revealed=False),
    )


_SENDER: Final = ConsoleRole.SENDER
_ESIM: Final = "/console/compose/{account}/{number}"
PAGES: Final = (
    ConsolePage("GET", _ESIM, show, _SENDER),
    ConsolePage("POST", _ESIM, send, _SENDER, form_octets=LARGE_FORM_OCTETS),
    ConsolePage("POST", f"{_ESIM}/preview", preview, _SENDER, form_octets=LARGE_FORM_OCTETS),
    ConsolePage("POST", "/console/messages/{id}/again", send_again, _SENDER),
)
