"""The paths, credentials and error document of Twilio's API."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.types import Scope

from simpost.api.shapes.calls import (
    WORDS,
    Failure,
    Headers,
    ShapeError,
    ShapeResponse,
    ShapeRoute,
    header,
    reason_header,
    retry_header,
    worded,
)
from simpost.api.shapes.keys import prove_key
from simpost.api.shapes.twilio.codes import FAILURES, REASONS
from simpost.api.shapes.twilio.create import create_message
from simpost.api.shapes.twilio.log import fetch_message, list_messages, update_message
from simpost.api.shared.credentials import NOBODY, holds_secret, look_up
from simpost.api.shared.services import Services
from simpost.api.shared.wrong_credentials import UNKNOWN
from simpost.domain.accounts import Account
from simpost.domain.api_keys import PREFIX, KeyScope
from simpost.features.webhooks.callbacks import VERSION

_PATH = re.compile(rf"/{VERSION}/Accounts/([^/]+)/Messages(?:/([^/]+))?\.json")
_ROUTES: Final[Mapping[tuple[str, bool], ShapeRoute]] = {
    ("POST", False): ShapeRoute(create_message, KeyScope.MESSAGES_WRITE),
    ("GET", False): ShapeRoute(list_messages, KeyScope.MESSAGES_READ),
    ("GET", True): ShapeRoute(fetch_message, KeyScope.MESSAGES_READ),
    ("POST", True): ShapeRoute(update_message, KeyScope.MESSAGES_WRITE),
}
"""By method, and whether the path names a message."""
WAIT_S: Final = 60
_MORE: Final = "https://www.twilio.com/docs/errors/"
_ADDED: Final[Mapping[int, Headers]] = {
    401: ((b"www-authenticate", b'Basic realm="simpost"'),),
    405: ((b"allow", b"GET, POST"),),
}
"""Headers that a status needs (RFC 9110 15.5.2 and 15.5.6)."""


class TwilioShape:
    """`Accounts/{sid}/Messages.json`: the access code is the sid, the secret the auth token."""

    prefix = f"/{VERSION}/"
    is_signed = False
    supplier = ""

    def find(self, method: str, path: str) -> ShapeRoute:
        """The route of the list or of a message."""
        found = _PATH.fullmatch(path)
        if found is None:
            raise ShapeError(Failure.NOT_OFFERED)
        route = _ROUTES.get((method, found[2] is not None))
        if route is None:
            raise ShapeError(Failure.METHOD)
        return msgspec.structs.replace(route, place=found[2] or "")

    def identify(self, services: Services, scope: Scope, route: ShapeRoute) -> Account:
        """The account of HTTP Basic, which must be that of the path."""
        account = _account(services, scope, route.needs)
        found = _PATH.fullmatch(scope["path"])
        if found is None or found[1] != account.access_code:
            raise ShapeError(Failure.NOT_FOUND, "The credentials are of another account.")
        return account

    def verify(self, account: Account, scope: Scope, body: bytes) -> None:
        """The credentials have proven all."""

    def error(self, error: ShapeError, now_ms: int) -> ShapeResponse:
        """The error document: `{code, message, more_info, status}`."""
        status, code = FAILURES[error.failure]
        if error.reason:
            status, code = REASONS.get(error.reason, (status, code))
        code = int(error.code or code)
        document = {
            "code": code,
            "message": worded(error, WORDS),
            "more_info": f"{_MORE}{code}",
            "status": status,
        }
        headers = (
            *reason_header(error),
            *retry_header(status, error, WAIT_S if error.reason else 1),
        )
        headers += _ADDED.get(status, ())
        return ShapeResponse(msgspec.json.encode(document), status, headers)


def _account(services: Services, scope: Scope, needed: KeyScope) -> Account:
    """The account: by its secret, or by a key whose id, or the access code, is the user name."""
    user, password = _basic(header(scope, b"authorization"))
    if password.startswith(PREFIX.encode()):
        key, account = prove_key(services, password, needed)
        if user not in (key.id.encode(), account.access_code.encode()):
            raise ShapeError(Failure.CREDENTIALS, account=account.access_code)
        return account
    account = look_up(services.accounts, user)
    if not holds_secret(account, password):
        name = UNKNOWN if account is NOBODY else account.access_code
        raise ShapeError(Failure.CREDENTIALS, account=name)
    return account


def _basic(given: bytes) -> tuple[bytes, bytes]:
    """User name and password (RFC 7617). Raises ShapeError without them."""
    scheme, _, credentials = given.partition(b" ")
    if scheme.lower() != b"basic":
        raise ShapeError(Failure.CREDENTIALS)
    try:
        user, _, password = base64.b64decode(credentials.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        raise ShapeError(Failure.CREDENTIALS) from None
    return user, password
