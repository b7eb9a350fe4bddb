"""A send beyond an account's pace: noted in the refusal log like any other refused text."""

from __future__ import annotations

import msgspec

from simpost.api.shared.services import Services
from simpost.domain.accounts import Account
from simpost.domain.reasons import Reason

_MOST = 64


class _Given(msgspec.Struct, rename="camel", gc=False):
    """Nothing of a request but the eSIM that it names."""

    esim_tran_no: str | None = None
    iccid: str | None = None


_decode = msgspec.json.Decoder(_Given).decode


def note_rate_limited(
    services: Services, account: Account, body: bytes, request_id: str | None
) -> None:
    """The body is looked into only while the account's refusals of the day are listed."""
    refusals = services.intake.refusals
    given = _named(body) if refusals.lists(account.id) else _Given()
    refusals.add(
        account.id,
        Reason.RATE_LIMITED,
        esim_tran_no=_identifier(given.esim_tran_no),
        iccid=_identifier(given.iccid),
        request_id=_request_id(request_id),
    )


def _named(body: bytes) -> _Given:
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Given()


def _identifier(text: str | None) -> str | None:
    return text if text and len(text) <= _MOST and text.isascii() and text.isprintable() else None


def _request_id(text: str | None) -> str | None:
    return text if text and len(text) <= 2 * _MOST and text.isprintable() else None
