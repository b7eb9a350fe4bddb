"""Authentication: the access code with its secret, with a signature, or alone where allowed.

Checks run in this order: headers, timestamp, credentials, address of the client. An unknown account
and a wrong secret get the same response.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from starlette.types import Scope

from simpost.api.open.envelope import ApiError, Code
from simpost.api.open.headers import Headers
from simpost.api.shared.credentials import NOBODY, holds_secret, look_up, may_come_from
from simpost.domain.accounts import Account
from simpost.messaging.accounts import Accounts
from simpost.runtime.clock import Clock

_TIMESTAMP = re.compile(rb"\d{10}|\d{13}")


def sign(
    secret: bytes, timestamp: bytes, request_id: bytes, access_code: bytes, body: bytes
) -> str:
    """The signature in lowercase hex: HMAC-SHA256 over the four joined without separators."""
    return hmac.new(secret, timestamp + request_id + access_code + body, hashlib.sha256).hexdigest()


def challenge(
    accounts: Accounts, headers: Headers, scope: Scope, *, clock_ms: Clock, window_ms: int
) -> Account:
    """The account that the headers name: authenticated, unless `needs_body`. Raises ApiError.

    Runs before the body is read, so that clients without credentials use no memory for one.
    """
    if not headers.access_code:
        raise ApiError(Code.HEADER_MISSING, "RT-AccessCode is missing")
    if headers.timestamp and not _TIMESTAMP.fullmatch(headers.timestamp):
        raise ApiError(Code.HEADER_MALFORMED, "RT-Timestamp must be Unix time in milliseconds")
    account = look_up(accounts, headers.access_code)
    if needs_body(account, headers):
        _check_timestamp(headers, clock_ms(), window_ms)
        return account
    if not account.access_code_only:
        if not headers.secret:
            raise ApiError(Code.HEADER_MISSING, "RT-SecretKey or RT-Signature is missing")
        if not holds_secret(account, headers.secret):
            raise ApiError(Code.CREDENTIALS_WRONG)
    if not may_come_from(account, scope):
        raise ApiError(Code.IP_NOT_ALLOWED)
    return account


def needs_body(account: Account, headers: Headers) -> bool:
    """Whether the signature, which covers the body, must authenticate the account."""
    return bool(headers.signature) and not account.access_code_only


def check_signature(account: Account, headers: Headers, body: bytes, scope: Scope) -> None:
    """Raise ApiError unless the account signed this request."""
    expected = sign(
        account.secret.encode(), headers.timestamp, headers.request_id, headers.access_code, body
    )
    same = hmac.compare_digest(expected.encode(), headers.signature.lower())
    if not same or account is NOBODY:
        raise ApiError(Code.CREDENTIALS_WRONG)
    if not may_come_from(account, scope):
        raise ApiError(Code.IP_NOT_ALLOWED)


def _check_timestamp(headers: Headers, now_ms: int, window_ms: int) -> None:
    if not headers.timestamp or not headers.request_id:
        raise ApiError(Code.HEADER_MISSING, "RT-Signature needs RT-Timestamp and RT-RequestID too")
    stamp = int(headers.timestamp)
    stamp_ms = stamp if len(headers.timestamp) == 13 else stamp * 1000
    if abs(now_ms - stamp_ms) > window_ms:
        raise ApiError(Code.TIMESTAMP_EXPIRED)
