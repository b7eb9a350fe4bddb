"""Webhook endpoints: what was delivered, and the verbs of an endpoint."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from simpost.api.shared.problems import Problem
from simpost.api.v1.webhooks.routes import (
    DeliveryQuery,
    add_webhook,
    list_deliveries,
    list_webhooks,
    replay_events,
    rotate_webhook_secret,
    test_webhook,
)
from simpost.api.v1.webhooks.schemas import (
    NewWebhook,
    ReplayRequest,
    SecretRotation,
    WebhookOut,
    webhook_fields,
)
from simpost.console.confirmation import Act, confirm, go_to
from simpost.console.messages_page import chosen_account, seen_accounts
from simpost.console.query_form import InvalidFields, given, link, read
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id, parse_id
from simpost.domain.plurals import counted
from simpost.domain.webhooks import DeliveryState, WebhookEndpoint
from simpost.errors import InvalidRequest, NotFound, UnknownWebhook

_PATH: Final = "/console/webhooks"
_ROWS: Final = 20
OVERLAPS: Final = (
    ("86400", "a day"),
    ("604800", "7 days"),
    ("3600", "an hour"),
    ("0", "not at all"),
)
"""For how many seconds the present secret still signs, and words for it."""


async def show_all(call: PageRequest) -> Response:
    """The endpoints of an account, the oldest first."""
    account = chosen_account(call, call.request.query_params.get("account", ""))
    return await _render_all(call, account)


async def add(call: PageRequest) -> Response:
    """Add an endpoint, after a confirmation; shows its secret once."""
    account = chosen_account(call, call.form.get("account", ""))
    if account is None:
        raise NotFound
    fields = given(call.form, ("url", "description"))
    try:
        wanted = read(NewWebhook, {**fields, "eventTypes": _words(call, "eventTypes")})
        call.services.webhooks.check_url(wanted.url)
    except InvalidFields as error:
        return await _render_all(call, account, error.reasons)
    except InvalidRequest as error:
        return await _render_all(call, account, {"url": str(error)})
    act = Act(
        question="Add this webhook endpoint?",
        sentence=f"{wanted.url} receives the events of {account.access_code} from now on.",
        button="Add the endpoint",
        back=link(_PATH, {"account": account.access_code}),
        action="webhook.add",
        target=account.access_code,
        account_id=account.id,
    )
    if answer := await confirm(call, act):
        return answer
    try:
        added = await add_webhook(wanted, account, call.services, Response())
    except Problem as problem:
        return await _render_all(call, account, {"url": problem.detail})
    if added.secret is None:  # an equal endpoint was there
        return go_to(_page(account, added.id))
    return call.pages.render(
        "secret",
        call=call,
        what="The signing secret",
        secret=added.secret,
        back=_page(account, added.id),
    )


async def show(call: PageRequest) -> Response:
    """One endpoint with its deliveries, the newest event first."""
    account, endpoint = await _find(call)
    return await _render(call, account, endpoint)


async def pause(call: PageRequest) -> Response:
    """Deliver nothing until it is resumed."""
    account, endpoint = await _find(call)
    sentence = "Nothing is delivered until it is resumed. Events wait."
    if answer := await _confirm(call, account, endpoint, "pause", "Pause", sentence):
        return answer
    await call.services.webhooks.pause(account, endpoint.id)
    return go_to(_page(account, endpoint.id))


async def resume(call: PageRequest) -> Response:
    """Deliver again, whatever stopped it."""
    account, endpoint = await _find(call)
    sentence = "Events that wait are delivered first."
    if answer := await _confirm(call, account, endpoint, "resume", "Resume", sentence):
        return answer
    await call.services.webhooks.resume(account, endpoint.id)
    return go_to(_page(account, endpoint.id))


async def test(call: PageRequest) -> Response:
    """Send a test event now, and show what came back."""
    account, endpoint = await _find(call)
    sentence = "It gets one webhook.test event now, in whatever state it is."
    if answer := await _confirm(call, account, endpoint, "test", "Send a test event", sentence):
        return answer
    attempt = await test_webhook(endpoint.id, account, call.services)
    shown = attempt.model_dump(mode="json", by_alias=True)
    return await _render(call, account, endpoint, tested=shown)


async def rotate(call: PageRequest) -> Response:
    """Replace the secret; shows the new one once."""
    account, endpoint = await _find(call)
    seconds = call.form.get("overlap", "")
    words = dict(OVERLAPS).get(seconds)
    if words is None:
        return await _render(call, account, endpoint, reasons={"overlap": "must be chosen"})
    sentence = f"The next page shows the new secret, once. The present one still signs: {words}."
    if answer := await _confirm(call, account, endpoint, "rotate", "Replace the secret", sentence):
        return answer
    rotation = SecretRotation(overlap_seconds=int(seconds))
    rotated = await rotate_webhook_secret(endpoint.id, rotation, account, call.services)
    return call.pages.render(
        "secret",
        call=call,
        what="The new signing secret",
        secret=str(rotated.secret),
        back=_page(account, endpoint.id),
    )


async def replay(call: PageRequest) -> Response:
    """Send events again: by id, by time and type, or those that were given up."""
    account, endpoint = await _find(call)
    lists = {name: each for name in ("eventIds", "eventTypes") if (each := _words(call, name))}
    try:
        wanted = read(ReplayRequest, {**given(call.form, ("from", "to", "state")), **lists})
    except InvalidFields as error:
        return await _render(call, account, endpoint, reasons=error.reasons)
    if not wanted.model_fields_set:
        reasons = {"replay": "needs ids, a time, types, or only those given up"}
        return await _render(call, account, endpoint, reasons=reasons)
    sentence = "At most 10,000 events that match are delivered again, whatever became of them."
    if answer := await _confirm(call, account, endpoint, "replay", "Replay events", sentence):
        return answer
    try:
        done = await replay_events(endpoint.id, wanted, account, call.services)
    except Problem as problem:
        return await _render(call, account, endpoint, reasons={"replay": problem.detail})
    more = "" if done.next is None else " There are more: replay again from the latest of them."
    return await _render(
        call, account, endpoint, notice=f"{counted(done.replayed, 'event')} will be sent.{more}"
    )


async def delete(call: PageRequest) -> Response:
    """Delete an endpoint."""
    account, endpoint = await _find(call)
    sentence = "It receives nothing more. Deliveries that wait are given up."
    if answer := await _confirm(call, account, endpoint, "delete", "Delete", sentence):
        return answer
    await call.services.webhooks.delete(account, endpoint.id)
    return go_to(link(_PATH, {"account": account.access_code}))


async def _confirm(
    call: PageRequest,
    account: Account,
    endpoint: WebhookEndpoint,
    verb: str,
    button: str,
    sentence: str,
) -> Response | None:
    act = Act(
        question=f"{button}: {endpoint.url}?",
        sentence=sentence,
        button=button,
        back=_page(account, endpoint.id),
        action=f"webhook.{verb}",
        target=format_id(endpoint.id),
        account_id=account.id,
    )
    return await confirm(call, act)


async def _find(call: PageRequest) -> tuple[Account, WebhookEndpoint]:
    """The endpoint of the path, of an account that the user sees. Raises NotFound."""
    path = call.request.path_params
    account, endpoint_id = call.account_of(path["account"]), parse_id(path["id"])
    if account is None or endpoint_id is None:
        raise UnknownWebhook
    return account, await call.services.webhooks.find(account, endpoint_id)


def _words(call: PageRequest, name: str) -> list[str]:
    """The words of a field, separated by spaces, commas or lines."""
    return call.form.get(name, "").replace(",", " ").split()


def _page(account: Account, endpoint_id: bytes | str) -> str:
    shown = endpoint_id if isinstance(endpoint_id, str) else format_id(endpoint_id)
    return f"{_PATH}/{quote(account.access_code, safe='')}/{shown}"


async def _render_all(
    call: PageRequest, account: Account | None, reasons: object = None
) -> Response:
    found = await list_webhooks(account, call.services) if account else None
    return call.pages.render(
        "webhooks",
        status=422 if reasons else 200,
        call=call,
        account=account.access_code if account else "",
        accounts=[each.access_code for each in seen_accounts(call)],
        endpoints=found.model_dump(mode="json", by_alias=True)["webhooks"] if found else [],
        form=call.form,
        reasons=reasons or {},
    )


async def _render(
    call: PageRequest,
    account: Account,
    endpoint: WebhookEndpoint,
    *,
    reasons: object = None,
    notice: str = "",
    tested: object = None,
) -> Response:
    wanted = given(call.request.query_params, ("state", "before"))
    try:
        query = read(DeliveryQuery, {**wanted, "limit": _ROWS})
    except InvalidFields:
        wanted, query = {}, DeliveryQuery(limit=_ROWS)
    page = await list_deliveries(endpoint.id, query, account, call.services)
    now = await call.services.webhooks.find(account, endpoint.id)
    path, older = _page(account, endpoint.id), page.next
    return call.pages.render(
        "webhook",
        status=422 if reasons else 200,
        call=call,
        account=account.access_code,
        path=path,
        endpoint=WebhookOut(**webhook_fields(now)).model_dump(mode="json", by_alias=True),
        deliveries=page.model_dump(mode="json", by_alias=True)["deliveries"],
        states=[each.value for each in DeliveryState],
        state=wanted.get("state", ""),
        older=link(path, {**wanted, "before": str(older)}) if older is not None else "",
        overlaps=OVERLAPS,
        form=call.form,
        reasons=reasons or {},
        notice=notice,
        tested=tested,
    )


_ADMIN: Final = ConsoleRole.ADMIN
_ONE: Final = f"{_PATH}/{{account}}/{{id}}"
PAGES: Final = (
    ConsolePage("GET", _PATH, show_all, _ADMIN, title="Webhooks"),
    ConsolePage("POST", _PATH, add, _ADMIN),
    ConsolePage("GET", _ONE, show, _ADMIN),
    ConsolePage("POST", f"{_ONE}/pause", pause, _ADMIN),
    ConsolePage("POST", f"{_ONE}/resume", resume, _ADMIN),
    ConsolePage("POST", f"{_ONE}/test", test, _ADMIN),
    ConsolePage("POST", f"{_ONE}/rotate", rotate, _ADMIN),
    ConsolePage("POST", f"{_ONE}/replay", replay, _ADMIN),
    ConsolePage("POST", f"{_ONE}/delete", delete, _ADMIN),
)
