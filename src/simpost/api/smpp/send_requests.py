"""The request to the intake that a submit_sm makes, and its commit."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from simpost.api.open.send_sms import detected_category
from simpost.api.smpp.statuses import status_of
from simpost.api.smpp.submits import Submit, SubmitError
from simpost.domain.accounts import Account
from simpost.messaging.intake import Intake
from simpost.messaging.plan import SendOptions
from simpost.messaging.send_request import SendRequest
from simpost.smpp import Status

_REPLACED: Final = "\ufffd"
_NO_ASCII: Final = re.compile(r"[^\n\r\t\f\x20-\x7e]")
"""Such as codes of the GSM 7-bit alphabet, marked as ASCII."""


def send_request(account: Account, submit: Submit, text: str) -> SendRequest:
    """The request to the intake. Raises SubmitError if the octets are not the text they claim."""
    is_ascii = submit.part.encoding == "ascii"
    if _REPLACED in text or "\0" in text or (is_ascii and _NO_ASCII.search(text)):
        raise SubmitError(Status.ESME_RINVDCS)
    return SendRequest(
        esim_tran_no=submit.esim_tran_no,
        iccid=submit.iccid,
        msisdn=submit.msisdn,
        text=text,
        category=detected_category(account, text),
        validity_s=submit.validity_s,
        expires_at_ms=submit.expires_at_ms,
        send_at_ms=submit.send_at_ms,
        request_id=submit.request_id,
        fingerprint=_fingerprint(submit, text) if submit.request_id else b"",
        options=SendOptions(sender=submit.sender, message_class=submit.message_class),
        caller_reference=str(submit.reference),
    )


async def commit(intake: Intake, account: Account, request: SendRequest) -> bytes:
    """The id of the committed message. Raises SubmitError with the status of the refusal."""
    result = await intake.send(account, request)
    if result.message_id is None:
        assert result.reason
        raise SubmitError(status_of(result.reason))
    return result.message_id


def _fingerprint(submit: Submit, text: str) -> bytes:
    """The digest of a request that a repeated idempotency key must have too."""
    recipient = submit.msisdn or submit.iccid or submit.esim_tran_no
    facts = (str(submit.reference), recipient, submit.sender, submit.message_class, text)
    return hashlib.sha256(repr(facts).encode("utf-8", "replace")).digest()
