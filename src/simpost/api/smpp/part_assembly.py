"""Joins the parts of a message that a client cut itself, and sends it once the last one arrived.

Each part is committed before it is answered. The id of the message is chosen with its first part,
and the message is committed once for it, so that a crash in between loses and repeats nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from simpost.api.smpp.reference import parse_reference
from simpost.api.smpp.send_requests import commit, send_request
from simpost.api.smpp.statuses import REPEATED
from simpost.api.smpp.submits import Submit, SubmitError
from simpost.domain.accounts import Account
from simpost.domain.messages import format_id, own_request_id
from simpost.messaging.intake import Intake
from simpost.messaging.reassembly import reassemble
from simpost.messaging.send_request import SendRequest
from simpost.ports.store.smpp_parts import SmppPart, SmppParts, SmppPartStore
from simpost.runtime.clock import Clock
from simpost.runtime.scheduler import run_periodically
from simpost.smpp import Status

WAIT_MS: Final = 600_000
"""How long a message waits for its missing parts."""
_INTERVAL_S: Final = 5.0
_STEP: Final = 100
MAX_PART_OCTETS: Final = 254
"""Most octets of user data of a part: what short_message has room for."""


class PartAssembly:
    """`new_id` makes the ids of messages."""

    def __init__(
        self,
        store: SmppPartStore,
        intake: Intake,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
    ) -> None:
        self._store = store
        self._intake = intake
        self._new_id = new_id
        self._clock_ms = clock_ms

    async def run(self) -> None:
        """Drop incomplete messages that waited too long, until cancelled."""
        await run_periodically(self.expire, _INTERVAL_S, name="smpp_parts")

    async def expire(self) -> None:
        """Drop those that waited too long."""
        count = _STEP
        while count == _STEP:
            now_ms = self._clock_ms()
            count = await self._store.expire_smpp_parts(
                before_ms=now_ms - WAIT_MS, now_ms=now_ms, limit=_STEP
            )

    async def send(self, account: Account, submit: Submit) -> str:
        """Save a part, send the message if it is complete, and return the id of the part.

        Raises SubmitError, or StoreError if nothing was committed.
        """
        part = submit.part
        if len(part.octets) > MAX_PART_OCTETS:
            raise SubmitError(Status.ESME_RINVMSGLEN)
        found = await self._store.add_smpp_part(
            SmppPart(
                account_id=account.id,
                key=_key(submit),
                message_id=self._new_id(),
                number=part.place.number,
                total=part.place.total,
                octets=part.octets,
                encoding=part.encoding,
                reference=str(submit.reference),
                created_ms=self._clock_ms(),
            )
        )
        if found is None:
            raise SubmitError(Status.ESME_RMSGQFUL)
        message_id = found.message_id
        if found.is_complete:
            message_id = await self._send(account, submit, found)
        return f"{format_id(message_id)}-{part.place.number}"

    async def _send(self, account: Account, submit: Submit, found: SmppParts) -> bytes:
        try:
            request = _joined(account, submit, found)
            message_id = await commit(self._intake, account, request)
        except SubmitError as error:
            if error.status not in REPEATED:
                await self._store.drop_smpp_parts(
                    account.id,
                    found.message_id,
                    reason=error.status.name,
                    but=submit.part.place.number,
                    now_ms=self._clock_ms(),
                )
            raise
        await self._store.take_smpp_parts(account.id, found.message_id)
        return message_id


def _joined(account: Account, submit: Submit, found: SmppParts) -> SendRequest:
    """The request for the whole message: times and sender are those of the last part to arrive."""
    text = reassemble(
        [
            replace(
                submit.part,
                octets=each.octets,
                encoding=each.encoding,
                place=replace(submit.part.place, number=each.number),
            )
            for each in found.parts
        ]
    ).text
    references = [parse_reference(each.reference) for each in found.parts]
    wanted = tuple(each.wanted[0] if each else 0 for each in references)
    whole = replace(submit, reference=replace(submit.reference, wanted=wanted))
    request = send_request(account, whole, text)
    return replace(
        request,
        message_id=found.message_id,
        request_id=request.request_id or own_request_id(f"smpp-{found.message_id.hex()}"),
        keeps_refusal=False,
    )


def _key(submit: Submit) -> bytes:
    """A digest of what the parts of a message have in common."""
    part = submit.part
    place = (part.place.kind, part.place.reference, part.place.total)
    facts = (submit.reference.system_id, part.source, part.destination, *place)
    return hashlib.blake2b(repr(facts).encode(), digest_size=16).digest()
