"""Replies in a conversation: the dry run, sending, and changing one that waits for its time."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.responses import Response
from uuid_utils import uuid7

from simpost.api.v1.conversations.schemas import ReplyRequest
from simpost.api.v1.messages.content import MessageContents
from simpost.console.compose_fields import (
    attempt_dry_run,
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
from simpost.console.conversation_view import (
    Opened,
    ReplyState,
    back_to,
    find_esim,
    find_opened,
    render_conversation,
)
from simpost.console.conversations_page import PATH
from simpost.console.dry_run import DryRun, replace_characters
from simpost.console.masks import Masks
from simpost.console.request import LARGE_FORM_OCTETS, PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import Category, Message, format_id, parse_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.errors import NotFound
from simpost.messaging.send_request import SendRequest

_LEFT: Final = "The reply has left or was cancelled: nothing was changed."


async def preview(call: PageRequest) -> Response:
    """The dry run: with scripts only its part of the page, else the page with what was typed."""
    opened = await find_opened(call)
    form = read_compose_form(call.form)
    if (which := call.form.get("replace")) and not form.template:
        done, _ = await _dry_run(call, opened, form)
        text = replace_characters(form.text, which, done.preview) if done else form.text
        form = msgspec.structs.replace(form, text=text)
    if to := await find_esim(call, opened):
        form = with_known_values(to, form, await find_template(call.services, to.account, form))
    done, problems = await _dry_run(call, opened, form)
    edited = call.form.get("edited", "")
    if call.request.query_params.get("part") == "dry-run":
        return call.pages.render(
            "dry_run",
            call=call,
            done=done,
            problems=problems,
            masks=Masks(is_revealed=False),
            path=f"{opened.path}/replies",
            template=form.template,
            is_compact=True,
        )
    edited = edited if parse_id(edited) else ""
    state = ReplyState(form, edited, done, problems=problems, is_replaced=which is not None)
    return await render_conversation(call, opened, state)


async def reply(call: PageRequest) -> Response:
    """Send one reply, however often the form is posted."""
    opened = await find_opened(call)
    form = read_compose_form(call.form)
    try:
        wanted = await _wanted(call, opened, form)
    except InvalidForm as error:
        return await _again(call, opened, ReplyState(form, problems=error.problems), 422)
    await call.audit("conversation.reply", opened.id, opened.account.id)
    result = await call.services.conversations.reply(opened.account, opened.conversation, wanted)
    if result.message_id is None:
        problem, status = refusal_sentence(result)
        return await _again(call, opened, ReplyState(form, problem=problem), status)
    return back_to(opened)


async def edit(call: PageRequest) -> Response:
    """The form with a reply that waits for its time, which is written to the audit log before."""
    opened = await find_opened(call)
    message = await _find_reply(call, opened)
    if message.state not in (State.SCHEDULED, State.HELD) or message.text_absence:
        return await _again(call, opened, ReplyState(problem=_LEFT), HTTPStatus.CONFLICT)
    await call.audit("message.reveal", format_id(message.id), opened.account.id)
    at_ms = message.send_at_ms
    send_at = "" if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M}"
    form = ComposeForm(key=str(uuid7()), text=message.text, send_at=send_at)
    done, problems = await _dry_run(call, opened, form)
    state = ReplyState(form, format_id(message.id), done, problems=problems)
    return await render_conversation(call, opened, state)


async def replace(call: PageRequest) -> Response:
    """Send the form instead of a reply that waits for its time, once."""
    opened = await find_opened(call)
    message = await _find_reply(call, opened)
    form, edited = read_compose_form(call.form), format_id(message.id)
    try:
        wanted = await _wanted(call, opened, form)
    except InvalidForm as error:
        return await _again(call, opened, ReplyState(form, edited, problems=error.problems), 422)
    await call.audit("conversation.replace_reply", opened.id, opened.account.id)
    result = await call.services.conversations.replace_reply(
        opened.account, opened.conversation, message.id, wanted
    )
    if (
        result is None
        or isinstance(result, Message)
        or result.reason is Reason.REQUEST_ID_REUSED  # it was replaced by another text
    ):
        return await _again(call, opened, ReplyState(form, problem=_LEFT), HTTPStatus.CONFLICT)
    if result.message_id is None:
        problem, status = refusal_sentence(result)
        return await _again(call, opened, ReplyState(form, edited, problem=problem), status)
    return back_to(opened)


async def cancel(call: PageRequest) -> Response:
    """Cancel a reply that waits for its time; the conversation is open again then."""
    opened = await find_opened(call)
    message = await _find_reply(call, opened)
    await call.audit("conversation.cancel_reply", opened.id, opened.account.id)
    done = await call.services.intake.cancel(opened.account, message.id)
    if done is None or done.state is not State.CANCELLED:
        return await _again(call, opened, ReplyState(problem=_LEFT), HTTPStatus.CONFLICT)
    return back_to(opened)


async def _find_reply(call: PageRequest, opened: Opened) -> Message:
    """A message to the eSIM of the conversation. Raises NotFound or StoreError."""
    key = parse_id(call.request.path_params["message"])
    found = key and await call.services.store.log.find_message(opened.account.id, key)
    is_reply = found and found.category is Category.SUPPORT
    if not found or not is_reply or found.esim_tran_no != opened.conversation.esim_tran_no:
        raise NotFound
    return found


async def _again(call: PageRequest, opened: Opened, state: ReplyState, status: int) -> Response:
    return await render_conversation(call, opened, state, status=status)


async def _wanted(call: PageRequest, opened: Opened, form: ComposeForm) -> SendRequest:
    """The request as the API would make it. Raises InvalidForm or StoreError."""
    services, conversation = call.services, opened.conversation
    template = await find_template(services, opened.account, form)
    document = form.document(template)
    given = validated(ReplyRequest.model_validate, document).message(conversation.esim_tran_no)
    contents = MessageContents(services, opened.account)
    return await contents.request(given, form_request_id(form), form_fingerprint(form))


async def _dry_run(
    call: PageRequest, opened: Opened, form: ComposeForm
) -> tuple[DryRun | None, list[str]]:
    async def make(form: ComposeForm) -> SendRequest:
        wanted = await _wanted(call, opened, form)
        return await call.services.conversations.as_reply(
            opened.account, opened.conversation, wanted
        )

    return await attempt_dry_run(call.services, opened.account, form, make)


_SENDER: Final = ConsoleRole.SENDER
_REPLIES: Final = f"{PATH}/{{account}}/{{id}}/replies"
_ONE: Final = f"{_REPLIES}/{{message}}"
PAGES: Final = (
    ConsolePage("POST", _REPLIES, reply, _SENDER, form_octets=LARGE_FORM_OCTETS),
    ConsolePage("POST", f"{_REPLIES}/preview", preview, _SENDER, form_octets=LARGE_FORM_OCTETS),
    ConsolePage("POST", f"{_ONE}/edit", edit, _SENDER),
    ConsolePage("POST", f"{_ONE}/replace", replace, _SENDER, form_octets=LARGE_FORM_OCTETS),
    ConsolePage("POST", f"{_ONE}/cancel", cancel, _SENDER),
)
