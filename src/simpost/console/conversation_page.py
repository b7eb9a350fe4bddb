"""One conversation: its thread beside its eSIM, and what people of support do with it."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from simpost.api.v1.conversations.schemas import (
    ConversationPatch,
    NoteRequest,
    show_conversation,
)
from simpost.console.compose_form import InvalidForm, validated
from simpost.console.conversation_view import (
    Opened,
    back_to,
    find_opened,
    render_conversation,
    reveal_opened,
)
from simpost.console.conversations_page import PATH
from simpost.console.live_page import live_page
from simpost.console.recipient import find_recipient
from simpost.console.request import LARGE_FORM_OCTETS, PageRequest
from simpost.console.route import ConsolePage
from simpost.console.thread import read_thread
from simpost.domain.console_users import ConsoleRole
from simpost.domain.conversations import ConversationChange
from simpost.domain.messages import Category, format_id, parse_id
from simpost.domain.policy.preference_changes import Way
from simpost.errors import ConversationExists, NotFound, UnknownEsim
from simpost.features.preferences.service import WantedChange
from simpost.messaging.plan import Refusal

_STOPPED: Final = (Category.NOTICE, Category.PROMOTION)
_BETWEEN_TAGS: Final = re.compile(r"[\s,]+")


async def show(call: PageRequest) -> Response:
    """The conversation; its texts and numbers are hidden without a grant in the URL."""
    return await render_conversation(call, await find_opened(call))


async def version(call: PageRequest) -> object:
    """What the thread shows; the ages in it are of minutes."""
    opened = await find_opened(call)
    minute = call.services.clock_ms() // 60_000
    thread = await read_thread(call.services.store, opened.conversation, opened.masks, None)
    return show_conversation(opened.conversation).model_dump_json(), thread, minute


async def reveal(call: PageRequest) -> Response:
    """Show texts and numbers for half an hour, after a row in the audit log; they count as read."""
    opened = await find_opened(call)
    await call.audit("conversation.reveal", opened.id, opened.account.id)
    if opened.conversation.unread:
        await call.services.conversations.change(
            opened.account, opened.conversation.id, ConversationChange(is_read=True)
        )
    return back_to(reveal_opened(call, opened))


async def begin(call: PageRequest) -> Response:
    """To the conversation of an eSIM that is not closed, or to a new one."""
    to = await find_recipient(call)
    await call.audit("conversation.begin", to.esim.esim_tran_no, to.account.id)
    number = to.esim.esim_tran_no
    begun = await call.services.conversations.begin(to.account, number, None, None)
    if isinstance(begun, Refusal):
        raise UnknownEsim
    return back_to(Opened(to.account, begun[0]))


async def change(call: PageRequest) -> Response:
    """Assign, tag, close, reopen, or mark as read: what the pressed button names."""
    opened = await find_opened(call)
    try:
        patch = validated(ConversationPatch.model_validate, _patch(call.form))
    except InvalidForm as error:
        problem = " ".join(error.problems)
        return await render_conversation(call, opened, status=422, problem=problem)
    await call.audit("conversation.change", opened.id, opened.account.id)
    try:
        await call.services.conversations.change(
            opened.account, opened.conversation.id, patch.change
        )
    except ConversationExists as error:
        return await render_conversation(
            call, opened, status=HTTPStatus.CONFLICT, problem=str(error)
        )
    return back_to(opened)


async def add_note(call: PageRequest) -> Response:
    """Add a private note of the user."""
    opened = await find_opened(call)
    text = call.form.get("note", "").replace("\r\n", "\n")
    try:
        given = validated(
            NoteRequest.model_validate, {"author": call.user.name, "text": text.strip()}
        )
    except InvalidForm as error:
        problem = " ".join(error.problems)
        return await render_conversation(call, opened, status=422, problem=problem, note=text)
    await call.audit("conversation.note", opened.id, opened.account.id)
    await call.services.conversations.add_note(
        opened.account, opened.conversation.id, given.author, given.text
    )
    return back_to(opened)


async def opt_out(call: PageRequest) -> Response:
    """Stop notices and promotions, as a flagged text asks, and close its flag."""
    opened, flag_id = await _find_flag(call)
    await call.audit("conversation.opt_out", format_id(flag_id), opened.account.id)
    wanted = WantedChange(Way.API, dict.fromkeys(_STOPPED, False), actor=call.user.name)
    number = opened.conversation.esim_tran_no
    await call.services.preferences.change(opened.account, number, wanted)
    await call.services.store.recipients.close_flag(opened.account.id, flag_id)
    return back_to(opened)


async def close_flag(call: PageRequest) -> Response:
    """Close the flag of a text that does not mean "stop"."""
    opened, flag_id = await _find_flag(call)
    await call.audit("conversation.close_flag", format_id(flag_id), opened.account.id)
    await call.services.store.recipients.close_flag(opened.account.id, flag_id)
    return back_to(opened)


async def _find_flag(call: PageRequest) -> tuple[Opened, bytes]:
    """The open flag of the path, of a text in the conversation. Raises NotFound."""
    opened, flag_id = await find_opened(call), parse_id(call.request.path_params["flag"])
    flagged = await call.services.store.recipients.list_flagged(opened.account.id)
    if flag_id is None or flagged.get(flag_id) != opened.conversation.esim_tran_no:
        raise NotFound
    return opened, flag_id


def _patch(form: dict[str, str]) -> dict[str, Any]:
    """The body of `PATCH /v1/conversations/{id}` with the fields that the form has."""
    patch: dict[str, Any] = {name: form[name] for name in ("status", "assignee") if name in form}
    if "tags" in form:
        patch["tags"] = [tag for tag in _BETWEEN_TAGS.split(form["tags"].lower()) if tag]
    if form.get("read") == "true":
        patch["read"] = True
    return patch


_SUPPORT: Final = ConsoleRole.SUPPORT
_ONE: Final = f"{PATH}/{{account}}/{{id}}"
PAGES: Final = (
    ConsolePage("GET", _ONE, show, _SUPPORT),
    live_page(f"{_ONE}/live", version, every_s=3, role=_SUPPORT),
    ConsolePage("POST", f"{_ONE}/reveal", reveal, _SUPPORT),
    ConsolePage("POST", f"{_ONE}/change", change, _SUPPORT),
    ConsolePage("POST", f"{_ONE}/notes", add_note, _SUPPORT, form_octets=LARGE_FORM_OCTETS),
    ConsolePage("POST", f"{_ONE}/flags/{{flag}}/opt-out", opt_out, _SUPPORT),
    ConsolePage("POST", f"{_ONE}/flags/{{flag}}/close", close_flag, _SUPPORT),
    ConsolePage("POST", "/console/esims/{account}/{number}/conversation", begin, _SUPPORT),
)
