"""Sends the message of a submit_sm through the intake, and answers its id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

from simpost.api.open.send_sms import detected_category
from simpost.api.smpp.statuses import status_of
from simpost.api.smpp.submits import Submit, SubmitError, read_submit
from simpost.domain.accounts import Account
from simpost.domain.messages import format_id
from simpost.domain.reasons import Reason
from simpost.domain.smpp_logins import SmppLogin
from simpost.messaging.accounts import Accounts
from simpost.messaging.decision import SendOptions
from simpost.messaging.intake import Intake, SendRequest
from simpost.messaging.reassembly import reassemble
from simpost.runtime.clock import Clock
from simpost.smpp import Status, SubmitSm

_REPLACED = "\ufffd"


class Sends:
    """Reads submit_sm, applies the rate limit of the account, and sends."""

    def __init__(
        self,
        accounts: Accounts,
        intake: Intake,
        *,
        clock_ms: Clock,
        default_alphabet: Callable[[], str],
    ) -> None:
        self._accounts = accounts
        self._intake = intake
        self._clock_ms = clock_ms
        self._default_alphabet = default_alphabet

    async def send(self, account: Account, login: SmppLogin, request: SubmitSm) -> str:
        """The id of the committed message. Raises SubmitError, or StoreError if none is."""
        wait_s = self._accounts.admit(account)
        if wait_s and await self._accounts.draw(account, wait_s):
            self._intake.refusals.add(
                account.id, Reason.RATE_LIMITED, esim_tran_no=None, iccid=None, request_id=None
            )
            raise SubmitError(Status.ESME_RTHROTTLED)
        now = datetime.fromtimestamp(self._clock_ms() / 1000, UTC)
        zero = self._default_alphabet()
        submit = read_submit(request, login.system_id, now, zero=zero)
        if not submit.part.place.is_alone:
            raise SubmitError(Status.ESME_RINVESMCLASS)
        text = reassemble([submit.part]).text
        result = await self._intake.send(account, send_request(account, submit, text))
        if result.message_id is None:
            assert result.reason
            raise SubmitError(status_of(result.reason))
        return format_id(result.message_id)


def send_request(account: Account, submit: Submit, text: str) -> SendRequest:
    """The request to the intake. Raises SubmitError if the octets are not the text they claim."""
    if _REPLACED in text:
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


def _fingerprint(submit: Submit, text: str) -> bytes:
    """The digest of a request that a repeated idempotency key must have too."""
    recipient = submit.msisdn or submit.iccid or submit.esim_tran_no
    facts = (str(submit.reference), recipient, submit.sender, submit.message_class, text)
    return hashlib.sha256(repr(facts).encode("utf-8", "replace")).digest()
