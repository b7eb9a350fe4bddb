"""What is written when a message is accepted, and when an attempt has ended."""

from __future__ import annotations

import msgspec

from simpost.domain.options import DEFAULT_OPTIONS, Options
from simpost.domain.policy.quotas import Quota, QuotaAlarm
from simpost.domain.reasons import Reason


class RequestKey(msgspec.Struct, frozen=True, gc=False):
    """The caller's own id of a request (RT-RequestID, Idempotency-Key) and a digest of the request.

    Attributes:
        fingerprint: digest of the request; the same id with another digest is refused.
        stale_ms: an earlier use committed before this time is forgotten (24 h ago).
        signature: of a signed request, in lowercase hex. It is accepted once, whatever the id:
            the signed octets can be cut into another timestamp and id.
    """

    request_id: str
    fingerprint: bytes
    stale_ms: int
    signature: str = ""

    @property
    def signature_key(self) -> str:
        """Where the store remembers the signature; request ids are ASCII and never equal to it."""
        return f"§{self.signature}"


class NewMessage(msgspec.Struct, frozen=True, gc=False):
    """A decided message, ready to be committed with its parts.

    Attributes:
        text: the text to send; hex digits when the encoding is binary.
        parts: slices of the text, in order; joined they are the text.
        part_count: how many parts the handset gets, where the carrier cuts the one it is given
            itself; none when they are the parts.
        request: idempotency key, committed in the same transaction.
        lease_ms: end of the lease when the lane takes the parts straight from memory; none
            when they wait in the store for their turn.
        caller_reference: the caller's own string, to find the message by.
        quotas: counted in the same transaction, which is not committed when one is reached.
        decision: JSON of a `DecisionRecord`, to which the commit adds what was used of the quotas.
        conversation_id: the conversation that it is a reply in, which changes in the same
            transaction.
    """

    id: bytes
    account_id: int
    esim_tran_no: str
    iccid: str
    destination: str
    sender: str
    carrier: str
    category: str
    priority: int
    text: str
    encoding: str
    parts: tuple[str, ...]
    created_ms: int
    expires_ms: int
    request: RequestKey | None = None
    lease_ms: int | None = None
    options: Options = DEFAULT_OPTIONS
    part_count: int | None = None
    quotas: tuple[Quota, ...] = ()
    caller_reference: str | None = None
    decision: str | None = None
    conversation_id: bytes | None = None


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A request without a message, to be remembered under the caller's request id.

    Attributes:
        reason: of the refusal; `None` for a batch, whose messages have request ids of their own.
    """

    account_id: int
    request: RequestKey
    reason: Reason | None
    created_ms: int


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """Committed.

    Attributes:
        reference: the concatenation reference given to a message of several parts.
        alarms: those that the message raised of its quotas.
    """

    reference: int = 0
    alarms: tuple[QuotaAlarm, ...] = ()


class IdempotentReplay(msgspec.Struct, frozen=True, gc=False):
    """The request id was used before; this is the response of that time.

    Attributes:
        same: whether it stood for the same request.
        message_id: of the message it was accepted as; none when it was refused.
        reason: of the refusal; none when it was accepted, and for a batch.
    """

    same: bool
    message_id: bytes | None
    reason: Reason | None
