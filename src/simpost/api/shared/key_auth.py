"""Authentication by an API key: `Authorization: Bearer sp_live_...`."""

from __future__ import annotations

from typing import Final, NamedTuple

from fastapi import Request
from starlette.datastructures import Headers

from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.scopes import required_scope
from simpost.api.shared.services import Services
from simpost.api.shared.wrong_credentials import UNKNOWN
from simpost.domain.accounts import Account
from simpost.domain.api_keys import PREFIX, ApiKey, KeyScope

BEARER: Final = {"WWW-Authenticate": 'Bearer realm="simpost"'}
_WRONG: Final = {"WWW-Authenticate": 'Bearer realm="simpost", error="invalid_token"'}
KEY_IN_SCOPE: Final = "simpost.api_key"
"""Key in a scope of the `ProvenKey` that the caller sent."""


class ProvenKey(NamedTuple):
    """A valid key and its account, which is enabled."""

    key: ApiKey
    account: Account


def authorization_of(headers: Headers) -> tuple[str, str]:
    """The scheme of the Authorization header in lower case, and the credentials; both may be ""."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower(), given.strip()


def is_key(scheme: str, given: str) -> bool:
    """Whether the credentials are meant to be an API key."""
    return scheme == "bearer" and given.startswith(PREFIX)


def find_key(services: Services, token: str) -> ProvenKey | None:
    """The key and its account; `None` if the key is wrong, expired, or of a disabled account."""
    key = services.api_keys.find(token)
    if not services.api_keys.is_valid(key, token):
        return None
    account = services.accounts.by_id(key.account_id)
    return ProvenKey(key, account) if account and account.enabled else None


async def prove_key(services: Services, request: Request, token: str, api: str) -> ProvenKey:
    """The key that the request has. Raises Problem 401, the same whatever is wrong with it."""
    proven: ProvenKey | None = request.scope.get(KEY_IN_SCOPE)
    if proven is None or not is_current(services, proven):
        proven = request.scope[KEY_IN_SCOPE] = find_key(services, token)
    if proven is None:
        owner = services.accounts.by_id(services.api_keys.find(token).account_id)
        name = owner.access_code if owner else UNKNOWN
        await services.wrong_credentials.note(api, request.scope, name)
        detail = "The API key is wrong, revoked or expired."
        raise Problem(401, ProblemCode.UNAUTHORIZED, detail, headers=_WRONG)
    return proven


def key_id_of_caller(request: Request) -> str:
    """The id of the key that the caller gave; empty if it gave the secret of the account."""
    proven: ProvenKey | None = request.scope.get(KEY_IN_SCOPE)
    return proven.key.id if proven else ""


def is_current(services: Services, proven: ProvenKey) -> bool:
    """Whether neither the key nor its account changed since the key was proven."""
    accounts, keys = services.accounts, services.api_keys
    return keys.is_current(proven.key) and accounts.by_id(proven.account.id) is proven.account


def check_scope(key: ApiKey, request: Request) -> None:
    """Raise Problem 403 unless the key has the scope of the endpoint that was matched."""
    needed = required_scope(request.method, request.scope["route"].path)
    if needed is None:
        detail = "No API key may manage keys. Use the access code and the secret of the account."
        raise Problem(403, ProblemCode.SECRET_REQUIRED, detail)
    if needed not in key.scopes:
        raise _lacks(needed)


def require_scope(request: Request, needed: KeyScope) -> None:
    """Raise Problem 403 if the caller gave a key that lacks the scope, besides the endpoint's."""
    if not has_scope(request, needed):
        raise _lacks(needed)


def has_scope(request: Request, scope: KeyScope) -> bool:
    """Whether the caller gave a key with the scope, or no key."""
    proven: ProvenKey | None = request.scope.get(KEY_IN_SCOPE)
    return proven is None or scope in proven.key.scopes


def _lacks(needed: KeyScope) -> Problem:
    challenge = f'Bearer realm="simpost", error="insufficient_scope", scope="{needed}"'
    return Problem(
        403,
        ProblemCode.INSUFFICIENT_SCOPE,
        f"This API key does not have the scope {needed}.",
        headers={"WWW-Authenticate": challenge},
        members={"requiredScope": needed},
    )
