"""Begin a bulk job from a list: on the rows that are chosen, or on all that match its filters."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from simpost.api.shared.problems import Problem, ProblemCode, invalid
from simpost.api.v1.bulk_jobs import routes
from simpost.api.v1.bulk_jobs.schemas import BulkJobRequest
from simpost.console.account_choice import go_to, path_of
from simpost.console.confirmation import Act, confirm
from simpost.console.query_form import InvalidFields, given, read
from simpost.console.request import LARGE_FORM_OCTETS, PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.bulk_jobs import BulkVerb
from simpost.domain.bulk_sentences import items_of
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id
from simpost.errors import NotFound

PICK: Final = "pick "
"""The name of the box of a row begins so; its id follows."""
MESSAGE_FILTERS: Final = (
    "esimTranNo",
    "reference",
    "state",
    "category",
    "from",
    "to",
    "iccid",
    "msisdn",
    "reason",
    "referencePrefix",
    "template",
    "broadcast",
)
WORDS: Final = {
    BulkVerb.CANCEL: "Cancel",
    BulkVerb.RELEASE: "Decide again now",
    BulkVerb.SEND_AGAIN: "Send again",
    BulkVerb.REPLAY: "Replay",
    BulkVerb.DISMISS: "Dismiss",
}
_ROLES: Final = {BulkVerb.REPLAY: ConsoleRole.ADMIN}
"""Roles beyond `sender`."""
_BACKS: Final = {
    BulkVerb.CANCEL: "/console/messages",
    BulkVerb.RELEASE: "/console/messages",
    BulkVerb.SEND_AGAIN: "/console/messages",
    BulkVerb.REPLAY: "/console/needs-a-person",
}


async def begin(call: PageRequest) -> Response:
    """Ask with the number of items, then begin the job once and show it."""
    account = call.account_of(call.form.get("account", ""))
    if account is None:
        raise NotFound
    wanted, what = _read(call)
    if not call.may(_ROLES.get(wanted.verb, ConsoleRole.SENDER)):
        detail = "Your role does not allow this. Ask an administrator of simpost."
        raise Problem(403, ProblemCode.INSUFFICIENT_SCOPE, detail)
    selection = await routes.check_selection(call.services, account, wanted)
    question, sentence = WORDS[wanted.verb], ""
    if call.act_id is None:
        found = await routes.count_items(call.services, account, wanted, selection)
        least = "at least " if found.is_more else ""
        question = f"{question}: {least}{items_of(wanted.verb, found.items)}?"
        sentence = f"{found.explanation} The next page has the time in which you can undo it."
    act = Act(
        question=question,
        sentence=sentence,
        button=WORDS[wanted.verb],
        back=_back(call, account, wanted.verb),
        action=f"bulk.{wanted.verb}",
        target=what,
        account_id=account.id,
    )
    if answer := await confirm(call, act):
        return answer
    job = await routes.begin(call.services, account, wanted, selection)
    return go_to("bulk-jobs", account.access_code, format_id(job.id))


def _read(call: PageRequest) -> tuple[BulkJobRequest, str]:
    """The request as the API would get it, and words for the audit log. Raises Problem."""
    verb, _, which = call.form.get("bulk", "").partition(" ")
    document: dict[str, object] = {"verb": verb, "actor": call.user.name}
    filters = given(call.form, MESSAGE_FILTERS)
    picked = [name.removeprefix(PICK) for name in call.form if name.startswith(PICK)]
    what = f"{len(picked)} chosen"
    if verb == BulkVerb.REPLAY:
        document["webhook"] = call.form.get("webhook") or None
        what = call.form.get("webhook") or "all endpoints"
    elif which == "chosen":
        if not picked:
            raise invalid("No row is chosen. Go back and choose some.")
        document["ids"] = picked
    else:
        if not filters:
            raise invalid("Set a filter first: all messages of an account is not a choice.")
        document["messages"] = filters
        what = f"all by {', '.join(sorted(filters))}"
    try:
        return read(BulkJobRequest, document), what
    except InvalidFields as error:
        reasons = "; ".join(f"{name} {reason}" for name, reason in error.reasons.items())
        raise invalid(f"Nothing was begun: {reasons}.") from None


def _back(call: PageRequest, account: Account, verb: BulkVerb) -> str:
    """The list with its filters, or the page of the jobs once the form was sent twice."""
    if call.act_id is not None:
        return path_of("bulk-jobs", account.access_code)
    query = {"account": account.access_code} | given(call.form, MESSAGE_FILTERS)
    return f"{_BACKS[verb]}?{urlencode(query)}" if verb.is_of_messages else _BACKS[verb]


PAGES: Final = (
    ConsolePage(
        "POST",
        "/console/bulk-jobs",
        begin,
        ConsoleRole.SENDER,
        form_octets=LARGE_FORM_OCTETS,
    ),
)
