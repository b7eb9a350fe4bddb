"""Renders the page of a conversation, whichever of its buttons was pressed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec
from starlette.responses import RedirectResponse, Response
from uuid_utils import uuid7

from simpost.api.v1.conversations.schemas import show_conversation
from simpost.console.compose_fields import compose_fields, find_template, with_known_values
from simpost.console.compose_form import ComposeForm
from simpost.console.conversations_page import PATH, show_age
from simpost.console.dry_run import DryRun
from simpost.console.grants import grant, is_granted
from simpost.console.masks import Masks
from simpost.console.page import HEADERS
from simpost.console.recipient import ShownEsim, esim_panel, find_recipient
from simpost.console.request import PageRequest
from simpost.console.thread import read_thread
from simpost.domain.accounts import Account
from simpost.domain.console_users import ConsoleRole
from simpost.domain.conversations import Conversation
from simpost.domain.messages import format_id, parse_id
from simpost.errors import UnknownConversation, UnknownEsim


class Opened(NamedTuple):
    """A conversation that the user sees.

    Attributes:
        shown: the grant to show its texts; empty while they are hidden.
    """

    account: Account
    conversation: Conversation
    shown: str = ""

    @property
    def id(self) -> str:
        """The id of the conversation."""
        return format_id(self.conversation.id)

    @property
    def path(self) -> str:
        """The path of its page."""
        return f"{PATH}/{quote(self.account.access_code, safe='')}/{self.id}"

    @property
    def masks(self) -> Masks:
        """Shows texts and numbers if they were revealed."""
        return Masks(is_revealed=bool(self.shown))


class ReplyState(NamedTuple):
    """What stands in the form for a reply.

    Attributes:
        edited: id of the reply that waits for its time and is replaced; empty for a new one.
        problem: why the last reply was not sent.
        problems: fields that are not as they must be.
        is_replaced: whether a character was replaced: the focus goes to the text.
    """

    form: ComposeForm = ComposeForm()
    edited: str = ""
    done: DryRun | None = None
    problem: str = ""
    problems: Sequence[str] = ()
    is_replaced: bool = False


async def find_opened(call: PageRequest) -> Opened:
    """The conversation of the path. Raises UnknownConversation or StoreError."""
    path = call.request.path_params
    account, key = call.account_of(path["account"]), parse_id(path["id"])
    if account is None or key is None:
        raise UnknownConversation
    found = await call.services.conversations.find(account, key)
    given = call.form.get("shown") or call.request.query_params.get("shown", "")
    is_shown = is_granted(given, call.token, format_id(key), call.services.clock_ms())
    return Opened(account, found, given if is_shown else "")


def reveal_opened(call: PageRequest, opened: Opened) -> Opened:
    """The conversation with its texts; the caller has written that to the audit log."""
    shown = grant(call.token, opened.id, call.services.clock_ms())
    return opened._replace(shown=shown)


def back_to(opened: Opened) -> Response:
    """To its page, as revealed as before."""
    query = f"?{urlencode({'shown': opened.shown})}" if opened.shown else ""
    return RedirectResponse(opened.path + query, status_code=303, headers=HEADERS)


async def render_conversation(
    call: PageRequest,
    opened: Opened,
    reply: ReplyState | None = None,
    *,
    status: int = HTTPStatus.OK,
    problem: str = "",
    note: str = "",
) -> Response:
    """The page; with `part=live` of the URL only what changes by itself."""
    services, role = call.services, call.user.role
    before = parse_id(call.request.query_params.get("before", ""))
    thread = await read_thread(services.store, opened.conversation, opened.masks, before)
    shown = show_conversation(opened.conversation)
    now = datetime.fromtimestamp(services.clock_ms() / 1000, UTC)
    due = shown.reply_due_at
    values: dict[str, Any] = {
        "call": call,
        "opened": opened,
        "conversation": shown,
        "thread": thread,
        "older": format_id(thread.older) if thread.older else "",
        "before": format_id(before) if before else "",
        "age": show_age(shown.unanswered_since, now),
        "is_overdue": due is not None and datetime.fromisoformat(due) <= now,
        "masks": opened.masks,
        "may_send": role.includes(ConsoleRole.SENDER),
    }
    if call.request.query_params.get("part") == "live":
        return call.pages.render("conversation_live", **values)
    to = await find_esim(call, opened)
    return call.pages.render(
        "conversation",
        status=status,
        **values,
        to=to,
        panel=await esim_panel(call, to) if to else None,
        problem=problem,
        note=note,
        **await _reply_values(call, opened, to, reply or ReplyState(), status),
    )


async def find_esim(call: PageRequest, opened: Opened) -> ShownEsim | None:
    """The eSIM; `None` if the account no longer has it. Raises StoreError."""
    try:
        number = opened.conversation.esim_tran_no
        return await find_recipient(call, opened.account.access_code, number)
    except UnknownEsim:
        return None


async def _reply_values(
    call: PageRequest, opened: Opened, to: ShownEsim | None, reply: ReplyState, status: int
) -> dict[str, Any]:
    form, fields = reply.form, None
    if to is not None and call.user.role.includes(ConsoleRole.SENDER):
        template = await find_template(call.services, opened.account, form)
        form = with_known_values(to, form, template)
        fields = await compose_fields(call.services, to, form, template)
    if status != HTTPStatus.OK or not form.key:
        form = msgspec.structs.replace(form, key=str(uuid7()))
    return {
        "path": f"{opened.path}/replies",
        "fields": fields,
        "form": form,
        "edited": reply.edited,
        "done": reply.done,
        "reply_problem": reply.problem,
        "problems": reply.problems,
        "is_replaced": reply.is_replaced,
    }
