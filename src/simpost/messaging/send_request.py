"""A request to send, from any API, and its result. `intake` takes the one to the other."""

from __future__ import annotations

import msgspec

from simpost.domain.messages import Category
from simpost.domain.policy.quotas import Quota
from simpost.domain.reasons import Reason
from simpost.messaging.decision import Hold
from simpost.messaging.plan import DEFAULT_SEND_OPTIONS, Refusal, SendOptions, SendPlan


class SendRequest(msgspec.Struct, frozen=True, gc=False):
    """A request to send, from any API.

    Attributes:
        esim_tran_no, iccid, msisdn: one or more; all must name the same eSIM.
        text: in hex digits if the options say that it is binary.
        category: `None` for the default of the account.
        validity_s: how long the message is worth sending; `None` for the setting.
        request_id: idempotency key of the caller.
        fingerprint: digest of the body; a repeated request id must have the same one.
        signature: of a signed request, in lowercase hex.
        send_at_ms: time to send at; `None` for now.
        expires_at_ms: when it expires, whenever it is sent; `None`: by `validity_s`.
        quotas: what it uses besides the quotas of policy.
        keeps_refusal: whether a refusal is repeated for the same request id.
        caller_reference: the caller's own string for the message.
        conversation_id: the conversation that it is a reply in.
        message_id: the id that the message gets; `None` for a new one.
        commits_holds: whether a message that would be held is committed; if not, the result has the
            hold and no message.
        refusal: why the text could not be made, from a template; then `text` is empty.
    """

    esim_tran_no: str | None
    iccid: str | None
    text: str
    category: Category | None = None
    validity_s: int | None = None
    request_id: str | None = None
    fingerprint: bytes = b""
    signature: str = ""
    options: SendOptions = DEFAULT_SEND_OPTIONS
    send_at_ms: int | None = None
    refusal: Refusal | None = None
    msisdn: str | None = None
    caller_reference: str | None = None
    expires_at_ms: int | None = None
    quotas: tuple[Quota, ...] = ()
    keeps_refusal: bool = True
    conversation_id: bytes | None = None
    message_id: bytes | None = None
    commits_holds: bool = True


class SendResult(msgspec.Struct, frozen=True, gc=False):
    """The id of the committed message, or the reason of the refusal.

    Attributes:
        plan: what will be sent; `None` when refused or `repeated`.
        hold: until when the message is held, and why; `None` when it is sent now.
        repeated: whether this is the earlier result for the same request id.
        budget: the name of the budget that refused it; empty if another rule did.
    """

    message_id: bytes | None = None
    reason: Reason | None = None
    detail: str = ""
    plan: SendPlan | None = None
    repeated: bool = False
    hold: Hold | None = None
    budget: str = ""
