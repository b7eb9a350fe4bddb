"""Sends a message: `POST Messages.json`."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec.structs import replace

from simpost.api.open.send_sms import result_headers
from simpost.api.shapes.calls import Failure, ShapeCall, ShapeError, ShapeResponse
from simpost.api.shapes.messages import category_of, send
from simpost.api.shapes.twilio.documents import show_message
from simpost.api.shapes.twilio.form import instant_ms, read_form, whole_number
from simpost.domain.reasons import Reason
from simpost.domain.senders import is_sender
from simpost.errors import InvalidRequest
from simpost.features.webhooks.callback_endpoints import add_callback
from simpost.messaging.plan import SendOptions
from simpost.messaging.send_request import SendRequest

MAX_CHARACTERS: Final = 1_600
MAX_VALIDITY_S: Final = 36_000
NOT_SUPPORTED: Final = ("MediaUrl", "ContentSid")
_FIELDS: Final = frozenset(
    {
        *("To", "From", "Body", "StatusCallback", "ValidityPeriod", "ScheduleType", "SendAt"),
        *NOT_SUPPORTED,
    }
)
_NUMBER = re.compile(r"\+?([0-9]{1,15})")
_ICCID = re.compile(r"([0-9]{18,20})[Ff]*")


async def create_message(call: ShapeCall) -> ShapeResponse:
    """Send a text. 201 means that the message is committed."""
    fields = read_form(call.body, _FIELDS)
    for name in NOT_SUPPORTED:
        if name in fields:
            raise ShapeError(Failure.INVALID, f"simpost does not support {name}")
    msisdn, iccid = _recipient(fields.get("To", ""))
    text = fields.get("Body", "")
    if not text:
        raise ShapeError(Failure.REFUSED, reason=Reason.TEXT_BLANK)
    if len(text) > MAX_CHARACTERS:
        detail = f"It has {len(text)} characters, {MAX_CHARACTERS} at most."
        raise ShapeError(Failure.REFUSED, detail, reason=Reason.TEXT_TOO_LONG)
    request = SendRequest(
        esim_tran_no=None,
        iccid=iccid,
        msisdn=msisdn,
        text=text,
        category=category_of(call, text),
        validity_s=_validity_s(fields.get("ValidityPeriod")),
        options=SendOptions(sender=_sender(fields.get("From"))),
        send_at_ms=_send_at_ms(fields),
    )
    if callback := fields.get("StatusCallback"):
        request = replace(request, caller_reference=await _reference(call, callback))
    result = await send(call, request)
    assert result.message_id
    message = await call.services.store.log.find_message(call.account.id, result.message_id)
    if message is None:  # deleted since
        raise ShapeError(Failure.NOT_FOUND)
    document = msgspec.json.encode(show_message(message, call.account))
    return ShapeResponse(document, 201, result_headers(result))


async def _reference(call: ShapeCall, url: str) -> str:
    try:
        return await add_callback(call.services.webhooks, call.account, url.strip())
    except InvalidRequest as error:
        raise ShapeError(Failure.INVALID, f"StatusCallback: {error}", code="21609") from None


def recipient_of(to: str) -> tuple[str | None, str | None]:
    """The number without plus, or the ICCID, that `To` is; both `None` if it is neither."""
    if found := _NUMBER.fullmatch(to.strip()):
        return found[1], None
    if found := _ICCID.fullmatch(to.strip()):
        return None, found[1]
    return None, None


def _recipient(to: str) -> tuple[str | None, str | None]:
    if not to:
        raise ShapeError(Failure.INVALID, "A 'To' phone number is required", code="21604")
    found = recipient_of(to)
    if found == (None, None):
        raise ShapeError(
            Failure.INVALID, "To must be a phone number in E.164, or an ICCID", code="21211"
        )
    return found


def _sender(given: str | None) -> str | None:
    sender = given.strip().removeprefix("+") if given else None
    if sender is not None and not is_sender(sender):
        raise ShapeError(
            Failure.INVALID,
            "From must be up to 15 digits, or up to 11 letters and digits",
            code="21212",
        )
    return sender


def _validity_s(given: str | None) -> int | None:
    if given is None:
        return None
    seconds = whole_number("ValidityPeriod", given, "30045")
    if not 1 <= seconds <= MAX_VALIDITY_S:
        detail = f"ValidityPeriod must be between 1 and {MAX_VALIDITY_S} seconds"
        raise ShapeError(Failure.INVALID, detail, code="30045")
    return seconds


def _send_at_ms(fields: dict[str, str]) -> int | None:
    if fields.get("ScheduleType", "fixed") != "fixed":
        raise ShapeError(Failure.INVALID, "ScheduleType must be fixed")
    if "SendAt" not in fields:
        if "ScheduleType" in fields:
            raise ShapeError(Failure.INVALID, "SendAt is missing", code="35115")
        return None
    return instant_ms("SendAt", fields["SendAt"], "35115")
