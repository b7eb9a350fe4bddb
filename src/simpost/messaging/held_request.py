"""What is stored with a held message for the decision at its release."""

from __future__ import annotations

import msgspec

from simpost.domain.esims import Esim
from simpost.domain.messages import PRIORITY
from simpost.messaging.decision import Hold
from simpost.messaging.decision_records import encode_hold
from simpost.messaging.plan import DEFAULT_SEND_OPTIONS, SendOptions, SendPlan
from simpost.ports.store import NewMessage, RequestKey
from simpost.ports.store.held import HeldMessage


class HeldRequest(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The parts of the request that the row of the message does not have; stored as JSON.

    Attributes:
        text: the requested text, if look-alikes or composition changed it; else `None`.
        validity_s: validity of the message in seconds, from its release.
        expires_at_ms: when the caller lets it expire, whenever it is released.
    """

    validity_s: int
    text: str | None = None
    options: SendOptions = DEFAULT_SEND_OPTIONS
    expires_at_ms: int | None = None

    def expires_ms(self, release_ms: int) -> int:
        """When the message expires if it is released at that time."""
        return self.expires_at_ms or release_ms + 1000 * self.validity_s


encode_request = msgspec.json.Encoder().encode
decode_request = msgspec.json.Decoder(HeldRequest).decode


def held_message(
    hold: Hold,
    held: HeldRequest,
    *,
    message_id: bytes,
    account_id: int,
    esim: Esim,
    now_ms: int,
    send_at_ms: int | None,
    request: RequestKey | None,
    caller_reference: str | None,
) -> HeldMessage:
    """The message to commit without parts."""
    message = planned_message(
        hold.plan,
        message_id=message_id,
        account_id=account_id,
        esim=esim,
        created_ms=now_ms,
        expires_ms=held.expires_ms(hold.until_ms),
        request=request,
        caller_reference=caller_reference,
    )
    return HeldMessage(
        message,
        state=hold.state,
        reason=hold.reason,
        until_ms=hold.until_ms,
        send_at_ms=send_at_ms,
        request=encode_request(held).decode(),
        decision=encode_hold(hold, now_ms),
    )


def planned_message(
    plan: SendPlan,
    *,
    message_id: bytes,
    account_id: int,
    esim: Esim,
    created_ms: int,
    expires_ms: int,
    request: RequestKey | None = None,
    caller_reference: str | None = None,
) -> NewMessage:
    """The message of a plan, without a lease: its parts are queued in the store."""
    return NewMessage(
        id=message_id,
        account_id=account_id,
        esim_tran_no=esim.esim_tran_no,
        iccid=esim.iccid,
        destination=plan.destination,
        sender=plan.sender,
        carrier=plan.carrier.name,
        category=plan.category,
        priority=PRIORITY[plan.category],
        text=plan.text,
        encoding=plan.encoding,
        parts=plan.parts,
        created_ms=created_ms,
        expires_ms=expires_ms,
        request=request,
        options=plan.options,
        part_count=plan.part_count,
        quotas=plan.quotas,
        caller_reference=caller_reference,
    )
