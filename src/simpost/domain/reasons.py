"""Why a message is where it is, or was refused: the one list, stable and documented."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A stable word for why; `explain` says it in a sentence and what to do about it."""

    # The eSIM and its plan, before anything is sent.
    ESIM_UNKNOWN = "esim_unknown"
    ESIM_RETIRED = "esim_retired"
    PLAN_UNKNOWN = "plan_unknown"
    SMS_NOT_SUPPORTED = "sms_not_supported"
    SMS_API_ONLY = "sms_api_only"
    ORDER_PENDING = "order_pending"
    NOT_INSTALLED = "not_installed"
    PROFILE_DELETED = "profile_deleted"
    ESIM_CANCELLED = "esim_cancelled"
    ESIM_REVOKED = "esim_revoked"
    ESIM_EXPIRED = "esim_expired"
    ESIM_SUSPENDED = "esim_suspended"
    STATE_UNKNOWN = "state_unknown"
    NO_ADDRESS = "no_address"
    # The text and the way out.
    TEXT_BLANK = "text_blank"
    TEXT_TOO_LONG = "text_too_long"
    TOO_MANY_PARTS = "too_many_parts"
    SENDER_NOT_ALLOWED = "sender_not_allowed"
    CLASS_NOT_SUPPORTED = "class_not_supported"
    BINARY_NOT_SUPPORTED = "binary_not_supported"
    PORTS_NEED_ONE_PART = "ports_need_one_part"
    NO_ROUTE = "no_route"
    REQUEST_ID_REUSED = "request_id_reused"
    RATE_LIMITED = "rate_limited"
    # What comes in from phones.
    NOT_TEXT = "not_text"
    GOES_IN_CIRCLES = "goes_in_circles"
    # What carriers do.
    THROTTLED = "throttled"
    CARRIER_BUSY = "carrier_busy"
    CARRIER_UNREACHABLE = "carrier_unreachable"
    CARRIER_PAUSED = "carrier_paused"
    RETURNED = "returned"
    CARRIER_REFUSED = "carrier_refused"
    BIND_REFUSED = "bind_refused"
    UNCLEAR_ANSWER = "unclear_answer"
    NO_ANSWER = "no_answer"
    LEASE_LOST = "lease_lost"
    REPEATS_USED_UP = "repeats_used_up"
    NOT_REPEATED = "not_repeated"
    # How messages end.
    UNDELIVERABLE = "undeliverable"
    HANDSET_UNREACHABLE = "handset_unreachable"
    UNKNOWN_AT_CARRIER = "unknown_at_carrier"
    EXPIRED_AT_CARRIER = "expired_at_carrier"
    DELETED_AT_CARRIER = "deleted_at_carrier"
    REJECTED_BY_CARRIER = "rejected_by_carrier"
    VALIDITY_ENDED = "validity_ended"
    NO_RECEIPT = "no_receipt"
    PART_NOT_SENT = "part_not_sent"

    @property
    def sentence(self) -> str:
        return _EXPLAINED[self][0]

    @property
    def remedy(self) -> str:
        return _EXPLAINED[self][1]


_EXPLAINED: dict[Reason, tuple[str, str]] = {
    Reason.ESIM_UNKNOWN: (
        "This account has no such eSIM.",
        "Check the number with esim/query; another account's eSIM is unknown here too.",
    ),
    Reason.ESIM_RETIRED: (
        "The eSIM was retired in simpost.",
        "Send to another one, or bring it back: `simpost esims restore`.",
    ),
    Reason.PLAN_UNKNOWN: (
        "The eSIM has no smsStatus, and its plan is not known.",
        "Import the plan, or the eSIM with its packageCode or smsStatus.",
    ),
    Reason.SMS_NOT_SUPPORTED: (
        "The plan does not take SMS (smsStatus 0).",
        "Choose a plan with smsStatus 1 or 2: package/list shows it.",
    ),
    Reason.SMS_API_ONLY: (
        "The plan takes SMS from the API only (smsStatus 2).",
        "Send through the API instead of from a phone.",
    ),
    Reason.ORDER_PENDING: (
        "The order is still being allocated.",
        "Wait until esim/query shows GOT_RESOURCE.",
    ),
    Reason.NOT_INSTALLED: (
        "The profile is not installed on a device yet.",
        "Send once smdpStatus is INSTALLATION or ENABLED.",
    ),
    Reason.PROFILE_DELETED: ("The profile was deleted from the device.", "It cannot come back."),
    Reason.ESIM_CANCELLED: ("The eSIM was cancelled.", "It cannot come back."),
    Reason.ESIM_REVOKED: ("The eSIM was revoked.", "It cannot come back."),
    Reason.ESIM_EXPIRED: ("The plan of this eSIM has expired.", "Top up or order a new plan."),
    Reason.ESIM_SUSPENDED: ("The eSIM is suspended.", "Unsuspend it first."),
    Reason.STATE_UNKNOWN: (
        "The eSIM is in a state this version does not know.",
        "Import it again, or report the state.",
    ),
    Reason.NO_ADDRESS: (
        "The eSIM lacks the identifier its carrier delivers to.",
        "Import the eSIM with its msisdn, or set the carrier's `address`.",
    ),
    Reason.TEXT_BLANK: ("There is no text to send.", "Write one."),
    Reason.TEXT_TOO_LONG: (
        "The text has more characters than the door takes.",
        "Shorten it: it is refused whole, never cut.",
    ),
    Reason.TOO_MANY_PARTS: (
        "The text needs more parts than the carrier takes.",
        "Shorten it, or replace the characters that `simpost text` names.",
    ),
    Reason.SENDER_NOT_ALLOWED: (
        "The carrier does not send under this name or number.",
        "Leave `from` out, or add it to the carrier's `senders`.",
    ),
    Reason.CLASS_NOT_SUPPORTED: (
        "The carrier takes no message class, so no flash SMS.",
        "Send it without `class`, or set the carrier's `message_class`.",
    ),
    Reason.BINARY_NOT_SUPPORTED: (
        "The carrier takes no binary or port-addressed messages.",
        "Send text, or set the carrier's `binary`.",
    ),
    Reason.PORTS_NEED_ONE_PART: (
        "The carrier joins parts without a header, and ports need one in each part.",
        "Shorten it to one part, or set the carrier's `concatenation` to udh.",
    ),
    Reason.NO_ROUTE: ("No route leads to this eSIM.", "Add one under [[routes]]."),
    Reason.REQUEST_ID_REUSED: (
        "This request id was used within 24 hours for another request.",
        "Give every new request an id of its own; repeat an id only with the same body.",
    ),
    Reason.RATE_LIMITED: (
        "The account sent more requests per second than it may.",
        "Wait as long as Retry-After says, or have the administrator raise requestsPerSecond.",
    ),
    Reason.NOT_TEXT: (
        "It is binary or for an application, and only texts are carried from phones to eSIMs.",
        "Send it through the API.",
    ),
    Reason.GOES_IN_CIRCLES: (
        "It came from one of our own senders, or the same came again and again.",
        "Ask the carrier why it hands back what it is to deliver.",
    ),
    Reason.THROTTLED: (
        "The carrier asked us to slow down; the part waits.",
        "Nothing: it is offered again.",
    ),
    Reason.CARRIER_BUSY: (
        "The carrier had a passing fault; the part waits.",
        "Nothing: it is offered again.",
    ),
    Reason.CARRIER_UNREACHABLE: (
        "No link to the carrier; nothing left.",
        "Nothing: it goes when the link is back. `simpost carriers` shows the link.",
    ),
    Reason.CARRIER_PAUSED: (
        "The administrator paused the carrier; the part waits.",
        "Nothing: it goes after `simpost carriers resume`, or by the next carrier of its route.",
    ),
    Reason.RETURNED: (
        "It was put back before it was tried: simpost stopped, or the carrier was too slow.",
        "Nothing: it is offered again.",
    ),
    Reason.CARRIER_REFUSED: (
        "The carrier refused the part.",
        "The carrier's code says why; mend the message or the carrier's settings.",
    ),
    Reason.BIND_REFUSED: (
        "The carrier does not let us bind as we are.",
        "Check host, system_id and password; messages wait meanwhile.",
    ),
    Reason.UNCLEAR_ANSWER: (
        "The carrier answered with an error that says neither why nor for how long.",
        "Nothing: it is offered again `messages.max_repeats` times, then refused.",
    ),
    Reason.NO_ANSWER: (
        "Bytes left and no answer came: the carrier may have it.",
        "A late answer or receipt still settles it.",
    ),
    Reason.LEASE_LOST: (
        "The process that held the part stopped before it noted an outcome.",
        "A receipt may still settle it; its category says whether it is repeated.",
    ),
    Reason.REPEATS_USED_UP: (
        "In doubt again after `messages.max_repeats` repeats: it waits for a receipt or its end.",
        "Ask the carrier whether it has it; a late answer or receipt still settles it.",
    ),
    Reason.NOT_REPEATED: (
        "It was in doubt when its validity ended: it may have arrived.",
        "Send a new message if it still matters.",
    ),
    Reason.UNDELIVERABLE: (
        "The carrier says it could not be delivered.",
        "The carrier's error code says more.",
    ),
    Reason.HANDSET_UNREACHABLE: (
        "The carrier keeps trying: the handset is off or out of reach.",
        "Nothing: the carrier reports again.",
    ),
    Reason.UNKNOWN_AT_CARRIER: (
        "The carrier took it and says it does not know what became of it.",
        "Ask the carrier with its message id.",
    ),
    Reason.EXPIRED_AT_CARRIER: (
        "The carrier gave up when the validity ended.",
        "Send again when the handset is likely on.",
    ),
    Reason.DELETED_AT_CARRIER: ("The carrier deleted it.", "Ask the carrier."),
    Reason.REJECTED_BY_CARRIER: (
        "The carrier took it and rejected it later.",
        "The carrier's error code says more.",
    ),
    Reason.VALIDITY_ENDED: (
        "Its validity ended before a carrier took it.",
        "Look at the carrier's link, or give messages longer to live.",
    ),
    Reason.NO_RECEIPT: (
        "The carrier took it and never reported on it, long after its validity: it may be there.",
        "Ask the carrier why it sends no receipts.",
    ),
    Reason.PART_NOT_SENT: (
        "Another part of this message was refused, so this one was not sent.",
        "Look at the refused part.",
    ),
}
