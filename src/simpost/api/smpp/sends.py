"""Sends the message of a submit_sm through the intake, and answers its id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from simpost.api.smpp.part_assembly import PartAssembly
from simpost.api.smpp.send_requests import commit, send_request
from simpost.api.smpp.submits import SubmitError, read_submit
from simpost.domain.accounts import Account
from simpost.domain.messages import format_id
from simpost.domain.reasons import Reason
from simpost.domain.smpp_logins import SmppLogin
from simpost.messaging.accounts import Accounts
from simpost.messaging.intake import Intake
from simpost.runtime.clock import Clock
from simpost.smpp import Status, SubmitSm
from simpost.text import read_text


class Sends:
    """Reads submit_sm, applies the rate limit of the account, and sends.

    `alphabets` are those of the data_codings that the settings explain.
    """

    def __init__(
        self,
        accounts: Accounts,
        intake: Intake,
        parts: PartAssembly,
        *,
        clock_ms: Clock,
        alphabets: Callable[[], Mapping[int, str]],
    ) -> None:
        self._accounts = accounts
        self._intake = intake
        self._parts = parts
        self._clock_ms = clock_ms
        self._alphabets = alphabets

    async def send(self, account: Account, login: SmppLogin, request: SubmitSm) -> str:
        """The id of the committed message. Raises SubmitError, or StoreError if none is."""
        wait_s = self._accounts.admit(account)
        if wait_s and await self._accounts.draw(account, wait_s):
            self._intake.refusals.add(
                account.id, Reason.RATE_LIMITED, esim_tran_no=None, iccid=None, request_id=None
            )
            raise SubmitError(Status.ESME_RTHROTTLED)
        now = datetime.fromtimestamp(self._clock_ms() / 1000, UTC)
        submit = read_submit(request, login.system_id, now, self._alphabets())
        if not submit.part.place.is_alone:
            return await self._parts.send(account, submit)
        text = read_text(submit.part.octets, submit.part.encoding)
        message_id = await commit(self._intake, account, send_request(account, submit, text))
        return format_id(message_id)
