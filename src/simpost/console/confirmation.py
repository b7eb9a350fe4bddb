"""Asks before an act: the page that says what will happen, and the act that happens once."""

from __future__ import annotations

from typing import NamedTuple

from starlette.responses import RedirectResponse, Response

from simpost.console.page import HEADERS
from simpost.console.request import PageRequest
from simpost.domain.console_users import parse_act

_OWN_FIELDS = frozenset({"token", "act"})


class Act(NamedTuple):
    """What a user is about to do.

    Attributes:
        question: the heading of the page that asks.
        sentence: what will happen.
        button: the words on its button.
        back: the path of the page that the user came from.
        action, target: of the audit row, such as `stop.add` and the id of what is changed.
    """

    question: str
    sentence: str
    button: str
    back: str
    action: str
    target: str
    account_id: int | None = None


async def confirm(call: PageRequest, act: Act) -> Response | None:
    """The page that asks; `None` once the user confirmed and the act is in the audit log.

    An act that is posted twice happens once: the second one leads back.
    """
    act_id = parse_act(call.form.get("act", ""), call.token)
    if act_id is None:
        fields = {name: text for name, text in call.form.items() if name not in _OWN_FIELDS}
        begun = call.services.console_users.begin_act(call.token)
        return call.pages.render(
            "confirm", call=call, act=act, fields=fields, begun=begun, path=call.request.url.path
        )
    is_first = await call.services.console_users.audit(
        call.user,
        act.action,
        act.target,
        account_id=act.account_id,
        address=call.address,
        act_id=act_id,
    )
    return None if is_first else go_to(act.back)


def go_to(path: str) -> Response:
    """Show a page after an act."""
    return RedirectResponse(path, status_code=303, headers=HEADERS)
