"""Sends beyond an account's rate limit are in the refusal log, like other refused texts."""

from __future__ import annotations

import msgspec

from simpost.api.shared.services import Services
from simpost.domain.accounts import Account
from simpost.domain.reasons import Reason

_MAX_CHARACTERS = 64


class _Named(msgspec.Struct, rename="camel", gc=False):
    """The fields of a request that name the eSIM."""

    esim_tran_no: str | None = None
    iccid: str | None = None


_decode = msgspec.json.Decoder(_Named).decode


def note_rate_limited(
    services: Services, account: Account, body: bytes, request_id: str | None
) -> None:
    """Record the refusal. The body is parsed only while the day's refusals are listed."""
    refusals = services.intake.refusals
    named = _parse(body) if refusals.lists(account.id) else _Named()
    refusals.add(
        account.id,
        Reason.RATE_LIMITED,
        esim_tran_no=_identifier(named.esim_tran_no),
        iccid=_identifier(named.iccid),
        request_id=_request_id(request_id),
    )


def _parse(body: bytes) -> _Named:
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Named()


def _identifier(text: str | None) -> str | None:
    return (
        text
        if text and len(text) <= _MAX_CHARACTERS and text.isascii() and text.isprintable()
        else None
    )


def _request_id(text: str | None) -> str | None:
    return text if text and len(text) <= 2 * _MAX_CHARACTERS and text.isprintable() else None
