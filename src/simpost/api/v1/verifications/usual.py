"""The usual start of a verification, answered without the framework.

Decoded in one pass by msgspec, into a subset of `VerificationRequest`. Whatever is not usual, right
or wrong, is left to the framework, which says what is wrong and where.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import Request, Response
from msgspec import Meta

from simpost.api.shared.auth import identify, services_of
from simpost.api.shared.key_auth import key_id_of_caller
from simpost.api.v1.verifications.answers import start
from simpost.api.v1.verifications.schemas import APP_HASH, HOST, MAX_HOST, PURPOSE, SESSION_KEY
from simpost.domain.senders import is_sender
from simpost.domain.verifications import MAX_DIGITS, MIN_DIGITS
from simpost.features.templates.languages import MAX_TAG, parse_tag
from simpost.features.verifications.requests import StartRequest
from simpost.features.verifications.texts import Ending

PATH: Final = "/v1/verifications"


def _whole(pattern: str) -> Meta:
    """The constraint of a whole text: msgspec searches, and `$` would let a line end pass."""
    return Meta(pattern=rf"\A(?:{pattern.removeprefix('^').removesuffix('$')})\Z")


_Identifier = Annotated[str, _whole(r"[!-~]{1,64}")]


class UsualStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", gc=False):
    """A subset of `VerificationRequest`."""

    purpose: Annotated[str, _whole(PURPOSE)]
    esim_tran_no: _Identifier | None = None
    iccid: _Identifier | None = None
    msisdn: Annotated[str, _whole("[0-9]{1,15}")] | None = None
    session_key: Annotated[str, _whole(SESSION_KEY)] | None = None
    digits: Annotated[int, Meta(ge=MIN_DIGITS, le=MAX_DIGITS)] | None = None
    language: Annotated[str, Meta(max_length=MAX_TAG)] | None = None
    from_: str | None = msgspec.field(name="from", default=None)
    host: Annotated[str, _whole(HOST)] | None = None
    app_hash: Annotated[str, _whole(APP_HASH)] | None = None


_decode = msgspec.json.Decoder(UsualStart).decode


def read_usual(body: bytes, key_id: str = "") -> StartRequest | None:
    """The start that a body asks for; `None` if the body is not usual."""
    try:
        given = _decode(body)
    except (ValueError, RecursionError):
        return None
    language = given.language and parse_tag(given.language)
    if (
        not (given.esim_tran_no or given.iccid or given.msisdn)
        or (given.host and (given.app_hash or len(given.host) > MAX_HOST))
        or (given.language is not None and not language)
        or (given.from_ is not None and not is_sender(given.from_))
    ):
        return None
    return StartRequest(
        esim_tran_no=given.esim_tran_no,
        iccid=given.iccid,
        msisdn=given.msisdn,
        purpose=given.purpose,
        session_key=given.session_key or "",
        digits=given.digits,
        language=language or "",
        sender=given.from_,
        ending=Ending(host=given.host or "", app_hash=given.app_hash or ""),
        key_id=key_id,
    )


async def start_usual(request: Request, body: bytes) -> Response | None:
    """The response to a usual start; `None` for any other, with nothing done.

    Raises what an endpoint of the framework raises.
    """
    wanted = read_usual(body)
    if wanted is None:
        return None
    account = await identify(request)
    wanted = msgspec.structs.replace(wanted, key_id=key_id_of_caller(request))
    return await start(await services_of(request), account, wanted)
