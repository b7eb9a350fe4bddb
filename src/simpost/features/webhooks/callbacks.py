"""Status callbacks as Twilio sends them: a signed form to the URL that the message was sent with.

The URL is in the reference of the message, behind `callback:`. Their endpoints have the format
`twilio`. Sources: Twilio's "Messages resource", "Security" and error codes.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from simpost.domain.accounts import Account
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.webhooks import (
    EventDelivery,
    callback_of,
)

VERSION: Final = "2010-04-01"

STATUS_WORDS: Final[Mapping[State, str]] = {
    State.ACCEPTED: "queued",
    State.SCHEDULED: "scheduled",
    State.HELD: "accepted",
    State.SENDING: "sending",
    State.IN_DOUBT: "sending",
    State.SENT: "sent",
    State.DELIVERED: "delivered",
    State.FAILED: "undelivered",
    State.EXPIRED: "failed",
    State.REJECTED: "failed",
    State.CANCELLED: "canceled",
}
"""`status` of a message."""

ENDED: Final[Mapping[Reason, int]] = {
    Reason.HANDSET_UNREACHABLE: 30003,
    Reason.UNDELIVERABLE: 30003,
    Reason.VALIDITY_EXPIRED: 30036,
    Reason.EXPIRED_AT_CARRIER: 30036,
    Reason.EXPIRED_IN_DOUBT: 30036,
    Reason.OPTED_OUT: 21610,
}
"""`error_code` of a message that was not delivered; every other reason is 30008."""
UNKNOWN_ERROR: Final = 30008
ERROR_STATES: Final = frozenset({State.FAILED, State.EXPIRED, State.REJECTED})
"""States with an `error_code`."""


def error_code(state: State, reason: Reason | None) -> int | None:
    """`error_code` of a message in this state; `None` unless it failed."""
    if state not in ERROR_STATES:
        return None
    return ENDED.get(reason, UNKNOWN_ERROR) if reason else UNKNOWN_ERROR


def callback_request(
    account: Account, delivery: EventDelivery, origin: str
) -> tuple[str, bytes, dict[str, str]]:
    """URL, body and headers of the callback for an event; to the origin if it has no URL."""
    url = callback_of(delivery.data) or origin
    form = _form(account, delivery)
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    mac = hmac.new(account.secret.encode(), signed.encode(), "sha1").digest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": base64.b64encode(mac).decode(),
    }
    return url, urlencode(form).encode(), headers


def _form(account: Account, delivery: EventDelivery) -> dict[str, str]:
    """`To` is the ICCID: an event has no phone number."""
    word = delivery.type.partition(".")[2]
    state = State(word) if word in set(State) else None
    sid = f"SM{delivery.subject.replace('-', '')}"
    status = STATUS_WORDS[state] if state else word
    form = {
        "AccountSid": account.access_code,
        "ApiVersion": VERSION,
        "MessageSid": sid,
        "MessageStatus": status,
        "SmsSid": sid,
        "SmsStatus": status,
    }
    if to := delivery.data.get("iccid"):
        form["To"] = str(to)
    if state and (code := error_code(state, _reason(delivery.data))):
        form["ErrorCode"] = str(code)
    return form


def _reason(data: Mapping[str, Any]) -> Reason | None:
    word = data.get("reason")
    return Reason(word) if word in set(Reason) else None
