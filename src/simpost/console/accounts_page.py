"""Accounts and their API keys: a secret is shown once, in the response that made it.

An account is enabled, disabled and given a new secret here; it is never deleted.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from simpost.api.admin.accounts import (
    AccountPatch,
    NewAccount,
    add_account,
    change_account,
    list_accounts,
)
from simpost.api.shared.problems import Problem
from simpost.api.shared.schemas import format_time
from simpost.api.v1.keys.routes import delete_key, find_keys, save_key
from simpost.api.v1.keys.schemas import KeyRequest
from simpost.console.confirmation import Act, confirm, go_to
from simpost.console.query_form import InvalidFields, given, read
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.api_keys import KeyScope
from simpost.domain.console_users import ConsoleRole
from simpost.errors import NotFound, UnknownAccount

_PATH: Final = "/console/accounts"
_DAY_MS: Final = 86_400_000
LIVES: Final = (
    ("", "until it is revoked"),
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "a year"),
)
"""How long a new key is valid: days, and words."""


async def show_all(call: PageRequest) -> Response:
    """All accounts that the user sees, by access code."""
    return await _render_all(call)


async def add(call: PageRequest) -> Response:
    """Add an account, after a confirmation; shows its secret once."""
    fields = given(call.form, ("accessCode", "name", "category", "language"))
    try:
        wanted = read(NewAccount, fields)
    except InvalidFields as error:
        return await _render_all(call, error.reasons)
    code = wanted.access_code
    act = Act(
        question=f"Add the account {code}?",
        sentence="It can send at once, with the secret that the next page shows.",
        button="Add the account",
        back=_PATH,
        action="account.add",
        target=code,
    )
    if answer := await confirm(call, act):
        return answer
    try:
        added = await add_account(wanted, call.services)
    except Problem as problem:
        return await _render_all(call, {"accessCode": problem.detail})
    return _show_once(call, f"The secret of {code}", str(added.secret), _path(code))


async def show(call: PageRequest) -> Response:
    """The keys of an account, with their last use."""
    return await _render(call, await _account(call))


async def enable(call: PageRequest) -> Response:
    """Enable an account, after a confirmation."""
    code = (await _account(call)).access_code
    sentence = "Requests with its secret and its keys are served again, on all nodes."
    return await _switch(call, f"Enable the account {code}?", sentence, is_on=True)


async def disable(call: PageRequest) -> Response:
    """Disable an account, after a confirmation."""
    code = (await _account(call)).access_code
    sentence = (
        "Requests with its secret and its keys are refused at once, on all nodes. What is "
        "queued is still sent; messages that are held or scheduled are refused when they are due."
    )
    return await _switch(call, f"Disable the account {code}?", sentence, is_on=False)


async def _switch(call: PageRequest, question: str, sentence: str, *, is_on: bool) -> Response:
    account = await _account(call)
    verb = "enable" if is_on else "disable"
    act = Act(
        question=question,
        sentence=sentence,
        button=f"{verb.capitalize()} the account",
        back=_path(account.access_code),
        action=f"account.{verb}",
        target=account.access_code,
        account_id=account.id,
    )
    if answer := await confirm(call, act):
        return answer
    await change_account(account.access_code, AccountPatch(enabled=is_on), call.services)
    return go_to(act.back)


async def replace_secret(call: PageRequest) -> Response:
    """Replace the secret of an account, after a confirmation; shows the new one once."""
    account = await _account(call)
    code = account.access_code
    act = Act(
        question=f"Replace the secret of {code}?",
        sentence="Requests with the secret of now are refused at once, on all nodes; its API keys "
        "stay. The next page shows the new secret, once.",
        button="Replace the secret",
        back=_path(code),
        action="account.secret",
        target=code,
        account_id=account.id,
    )
    if answer := await confirm(call, act):
        return answer
    changed = await change_account(code, AccountPatch(new_secret=True), call.services)
    return _show_once(call, f"The new secret of {code}", str(changed.secret), act.back)


async def add_key(call: PageRequest) -> Response:
    """Add a key, after a confirmation; shows it once."""
    account = await _account(call)
    try:
        wanted = read(KeyRequest, _key_fields(call))
    except InvalidFields as error:
        return await _render(call, account, error.reasons)
    if KeyScope.ADMIN in wanted.scopes and call.user.account_id is not None:
        reasons = {"scopes": "may have admin only if you see all accounts"}
        return await _render(call, account, reasons)
    act = Act(
        question=f"Add a key to {account.access_code}?",
        sentence=f"The key “{wanted.name}” may: {', '.join(wanted.scopes)}. The next page "
        "shows it, once.",
        button="Add the key",
        back=_path(account.access_code),
        action="key.add",
        target=account.access_code,
        account_id=account.id,
    )
    if answer := await confirm(call, act):
        return answer
    try:
        added = await save_key(call.services, account, wanted, Response())
    except Problem as problem:
        return await _render(call, account, {"name": problem.detail})
    return _show_once(call, f"The key “{added.name}”", added.key, _path(account.access_code))


async def revoke_key(call: PageRequest) -> Response:
    """Revoke a key, after a confirmation."""
    account, key_id = await _account(call), call.request.path_params["id"]
    found = await find_keys(call.services, account)
    key = next((each for each in found.keys if each.id == key_id), None)
    if key is None:
        raise NotFound
    act = Act(
        question=f"Revoke the key “{key.name}”?",
        sentence="Requests with it are refused at once, on all nodes. It cannot be brought back.",
        button="Revoke the key",
        back=_path(account.access_code),
        action="key.revoke",
        target=key_id,
        account_id=account.id,
    )
    if answer := await confirm(call, act):
        return answer
    await delete_key(call.services, account, key_id)
    return go_to(act.back)


def _key_fields(call: PageRequest) -> dict[str, object]:
    """The request for a key, from a form with one box per scope."""
    scopes = [each.value for each in KeyScope if call.form.get(f"scope {each.value}") == "yes"]
    fields: dict[str, object] = {**given(call.form, ("name",)), "scopes": scopes}
    days = call.form.get("days", "")
    if days:
        if days not in dict(LIVES):
            raise InvalidFields({"days": "is not one of the choices"})
        fields["expiresAt"] = format_time(call.services.clock_ms() + int(days) * _DAY_MS)
    return fields


async def _account(call: PageRequest) -> Account:
    """The account of the path, enabled or not. Raises UnknownAccount."""
    account = await call.services.accounts.find_stored(call.request.path_params["account"])
    if not call.user.may_see(account.id):
        raise UnknownAccount
    return account


def _path(access_code: str) -> str:
    return f"{_PATH}/{quote(access_code, safe='')}"


def _show_once(call: PageRequest, what: str, secret: str, back: str) -> Response:
    return call.pages.render("secret", call=call, what=what, secret=secret, back=back)


async def _render_all(call: PageRequest, reasons: object = None) -> Response:
    found = (await list_accounts(call.services)).model_dump(mode="json", by_alias=True)
    codes = {
        each.access_code for each in call.services.accounts.all() if call.user.may_see(each.id)
    }
    return call.pages.render(
        "accounts",
        status=422 if reasons else 200,
        call=call,
        accounts=[each for each in found["accounts"] if each["accessCode"] in codes],
        may_add=call.user.account_id is None,
        form=call.form,
        reasons=reasons or {},
    )


async def _render(call: PageRequest, account: Account, reasons: object = None) -> Response:
    found = await find_keys(call.services, account)
    sees_all = call.user.account_id is None
    return call.pages.render(
        "account",
        status=422 if reasons else 200,
        call=call,
        account=account,
        may_change=sees_all,
        keys=found.model_dump(mode="json", by_alias=True)["keys"],
        now=format_time(call.services.clock_ms()),
        scopes=[each.value for each in KeyScope if sees_all or each is not KeyScope.ADMIN],
        lives=LIVES,
        form=call.form,
        reasons=reasons or {},
    )


_ADMIN: Final = ConsoleRole.ADMIN
PAGES: Final = (
    ConsolePage("GET", _PATH, show_all, _ADMIN, title="Accounts"),
    ConsolePage("POST", _PATH, add, _ADMIN, True),
    ConsolePage("GET", f"{_PATH}/{{account}}", show, _ADMIN),
    ConsolePage("POST", f"{_PATH}/{{account}}/enable", enable, _ADMIN, True),
    ConsolePage("POST", f"{_PATH}/{{account}}/disable", disable, _ADMIN, True),
    ConsolePage("POST", f"{_PATH}/{{account}}/secret", replace_secret, _ADMIN, True),
    ConsolePage("POST", f"{_PATH}/{{account}}/keys", add_key, _ADMIN),
    ConsolePage("POST", f"{_PATH}/{{account}}/keys/{{id}}/revoke", revoke_key, _ADMIN),
)
