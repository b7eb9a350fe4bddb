"""Authentication of the native API: an account by secret or key, the administrator by token."""

from __future__ import annotations

import base64
import binascii
import math
from hmac import compare_digest
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.types import Scope

from simpost.api.shared.credentials import (
    NOBODY,
    account_pace,
    holds_secret,
    look_up,
    may_come_from,
)
from simpost.api.shared.key_auth import (
    BEARER,
    KEY_IN_SCOPE,
    authorization_of,
    check_scope,
    find_key,
    is_key,
    key_id_of_caller,
    prove_key,
)
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.rate_limit import note_rate_limited
from simpost.api.shared.scopes import ADMIN_PATHS
from simpost.api.shared.services import Services
from simpost.api.shared.unknown_query import refuse_unknown_query
from simpost.api.shared.wrong_credentials import UNKNOWN
from simpost.domain.accounts import Account
from simpost.domain.api_keys import KeyScope

_BASIC = {"WWW-Authenticate": 'Basic realm="simpost", charset="UTF-8"'}
_SEND = "/v1/messages"
_HOW = "Give RT-AccessCode and RT-SecretKey, HTTP Basic with the same two, or an API key as Bearer."
PROVEN = "simpost.account"
"""Key in a scope of the account that `proven_caller` found, so that it is looked up once."""


async def services_of(request: Request) -> Services:
    """The services that the request's app was built with."""
    services: Services = request.app.state.services
    return services


async def identify(request: Request) -> Account:
    """The account, by its secret or by a key that has the scope, within its rate limit."""
    services = await services_of(request)
    account: Account | None = request.scope.get(PROVEN)
    if account is None or services.accounts.get(account.access_code) is not account:
        account = await _authenticate(
            services, request
        )  # also if it changed while the body was read
    _check_address(account, request)
    wait_s = services.accounts.admit(account)
    if wait_s and (wait_s := await services.accounts.draw(account, wait_s)):
        if request.method == "POST" and request.url.path == _SEND:
            key = request.headers.get("idempotency-key")
            note_rate_limited(services, account, await request.body(), key)
        raise Problem(
            429,
            ProblemCode.TOO_MANY_REQUESTS,
            f"{account_pace(account)} Retry after the seconds in Retry-After.",
            headers={"Retry-After": str(math.ceil(wait_s))},
        )
    refuse_unknown_query(request)
    return account


def _check_address(account: Account, request: Request) -> None:
    if not may_come_from(account, request.scope):
        raise Problem(403, ProblemCode.IP_NOT_ALLOWED, "This IP address is not allowed.")


async def _authenticate(services: Services, request: Request) -> Account:
    """The account. Raises Problem for missing or wrong credentials, or a key without the scope."""
    scheme, given = authorization_of(request.headers)
    if is_key(scheme, given):
        proven = await prove_key(services, request, given, "native")
        check_scope(proven.key, request)
        services.api_keys.note_use(proven.key)
        return proven.account
    access_code, secret = _credentials(request.headers, scheme, given)
    account = look_up(services.accounts, access_code)
    if not holds_secret(account, secret):
        name = UNKNOWN if account is NOBODY else account.access_code
        await services.wrong_credentials.note("native", request.scope, name)
        raise _unauthorized("The access code or the secret is wrong.")
    return account


def proven_caller(services: Services, scope: Scope) -> Account | None:
    """The account whose valid credentials are in the headers; `NOBODY` for an admin token.

    `None` without valid credentials: then no body is read.
    """
    headers = Headers(scope=scope)
    scheme, given = authorization_of(headers)
    if is_key(scheme, given):
        return _proven_by_key(services, scope, given)
    try:
        access_code, secret = _credentials(headers, scheme, given)
    except Problem:  # `identify` responds, if the path needs an account
        pass
    else:
        account = look_up(services.accounts, access_code)
        if holds_secret(account, secret):
            scope[PROVEN] = account
            return account
    tokens = (services.metrics_token, services.admin_token)
    return NOBODY if scheme == "bearer" and _is_one_of(given, tokens) else None


def _proven_by_key(services: Services, scope: Scope, token: str) -> Account | None:
    """The account of a valid key; `NOBODY` for an administrator, whose bodies are not charged."""
    proven = find_key(services, token)
    if proven is None:
        return None
    scope[KEY_IN_SCOPE] = proven
    is_admins = KeyScope.ADMIN in proven.key.scopes and scope["path"].startswith(ADMIN_PATHS)
    return NOBODY if is_admins else proven.account


def _is_one_of(given: str, tokens: tuple[str, ...]) -> bool:
    """Whether it is one of the tokens that are set. Runs in constant time."""
    octets = given.encode()
    matches = [compare_digest(octets, token.encode()) and bool(token) for token in tokens]
    return any(matches)


async def admit_admin(request: Request) -> None:
    """Raise Problem unless the request has the admin token, or a key with the scope `admin`."""
    services = await services_of(request)
    scheme, given = authorization_of(request.headers)
    if not is_key(scheme, given):
        await admit_bearer(request, "admin", "admin token", services.admin_token)
        return
    proven = await prove_key(services, request, given, "admin")
    check_scope(proven.key, request)
    services.api_keys.note_use(proven.key)
    _check_address(proven.account, request)


async def admit_bearer(request: Request, api: str, name: str, *tokens: str) -> None:
    """Raise Problem unless the request has one of these tokens; an empty one never matches."""
    scheme, given = authorization_of(request.headers)
    if scheme != "bearer" or not given:
        detail = f"No {name} was given. Give Authorization: Bearer and the {name}."
        raise Problem(401, ProblemCode.UNAUTHORIZED, detail, headers=BEARER)
    if not _is_one_of(given, tokens):
        services = await services_of(request)
        await services.wrong_credentials.note(api, request.scope, f"({name})")
        detail = f"The {name} is wrong."
        raise Problem(401, ProblemCode.UNAUTHORIZED, detail, headers=BEARER)


def _credentials(headers: Headers, scheme: str, given: str) -> tuple[bytes, bytes]:
    """Access code and secret. Raises Problem unless both are given."""
    if scheme == "basic":
        try:
            plain = base64.b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            raise _unauthorized("The Authorization header is not HTTP Basic (RFC 7617).") from None
        access_code, _, secret = plain.partition(b":")
        return access_code, secret
    code, secret_key = headers.get("rt-accesscode", ""), headers.get("rt-secretkey", "")
    if code and secret_key:
        return code.encode(), secret_key.encode()
    if code or secret_key:
        missing = "RT-SecretKey" if code else "RT-AccessCode"
        raise _unauthorized(f"{missing} is missing.")
    if scheme == "bearer" and given:
        raise _unauthorized(f"The Bearer token is not a valid key. {_HOW}")
    if scheme:
        raise _unauthorized(f"No credentials of an account were given. {_HOW}")
    raise _unauthorized(f"No credentials were given. {_HOW}")


def _unauthorized(detail: str) -> Problem:
    return Problem(401, ProblemCode.UNAUTHORIZED, detail, headers=_BASIC)


async def caller_key(request: Request, _account: Annotated[Account, Depends(identify)]) -> str:
    """The id of the API key of the caller; empty if it gave the secret of the account."""
    return key_id_of_caller(request)


Caller = Annotated[Account, Depends(identify)]
ServicesDep = Annotated[Services, Depends(services_of)]
CallerKey = Annotated[str, Depends(caller_key)]
