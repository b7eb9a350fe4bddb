"""Reasons of refusals, delays and final states: one documented list of stable words."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A stable word for why a message was refused, waits or ended."""

    # The eSIM and its plan, checked before anything is sent.
    ESIM_UNKNOWN = "esim_unknown"
    MSISDN_AMBIGUOUS = "msisdn_ambiguous"
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
    ESIM_STATE_UNKNOWN = "esim_state_unknown"
    NO_ADDRESS = "no_address"
    # The text, the sender and the route.
    TEXT_BLANK = "text_blank"
    TEXT_TOO_LONG = "text_too_long"
    TOO_MANY_PARTS = "too_many_parts"
    TEMPLATE_UNKNOWN = "template_unknown"
    TEMPLATE_VALUE_MISSING = "template_value_missing"
    TEMPLATE_VALUE_INVALID = "template_value_invalid"
    SENDER_NOT_ALLOWED = "sender_not_allowed"
    CLASS_NOT_SUPPORTED = "class_not_supported"
    BINARY_NOT_SUPPORTED = "binary_not_supported"
    PORTS_NEED_ONE_PART = "ports_need_one_part"
    NO_ROUTE = "no_route"
    REQUEST_ID_REUSED = "request_id_reused"
    RATE_LIMITED = "rate_limited"
    # The time to send.
    SCHEDULED = "scheduled"
    SEND_AT_PASSED = "send_at_passed"
    SEND_AT_TOO_FAR = "send_at_too_far"
    EXPIRES_AT_PASSED = "expires_at_passed"
    EXPIRES_AT_TOO_FAR = "expires_at_too_far"
    EXPIRES_BEFORE_SEND_AT = "expires_before_send_at"
    ACCOUNT_DISABLED = "account_disabled"
    # Policy.
    SENDING_STOPPED = "sending_stopped"
    CATALOGUE_STALE = "catalogue_stale"
    SENDER_NOT_SUPPORTED = "sender_not_supported"
    SENDER_NOT_REGISTERED = "sender_not_registered"
    SENDER_REPLACED = "sender_replaced"
    SENDER_FORM = "sender_form"
    OPTED_OUT = "opted_out"
    CATEGORY_PARTS = "category_parts"
    QUIET_HOURS = "quiet_hours"
    NO_OPEN_HOURS = "no_open_hours"
    EXPIRES_IN_QUIET_HOURS = "expires_in_quiet_hours"
    BUDGET_REACHED = "budget_reached"
    CAP_REACHED = "cap_reached"
    CODE_WAIT = "code_wait"
    CODE_BUDGET_REACHED = "code_budget_reached"
    CODE_BLOCKED = "code_blocked"
    CODE_ESIM_NOT_KNOWN = "code_esim_not_known"
    CODE_FILTERED = "code_filtered"
    # Inbound messages from phones.
    NOT_TEXT = "not_text"
    LOOP_DETECTED = "loop_detected"
    # Carriers.
    THROTTLED = "throttled"
    CARRIER_BUSY = "carrier_busy"
    CARRIER_UNREACHABLE = "carrier_unreachable"
    CARRIER_PAUSED = "carrier_paused"
    REQUEUED = "requeued"
    TEXT_UNREADABLE = "text_unreadable"
    CARRIER_REFUSED = "carrier_refused"
    BIND_REFUSED = "bind_refused"
    UNCLEAR_RESPONSE = "unclear_response"
    NO_RESPONSE = "no_response"
    LEASE_LOST = "lease_lost"
    REPEATS_EXHAUSTED = "repeats_exhausted"
    EXPIRED_IN_DOUBT = "expired_in_doubt"
    # Final states.
    UNDELIVERABLE = "undeliverable"
    HANDSET_UNREACHABLE = "handset_unreachable"
    UNKNOWN_AT_CARRIER = "unknown_at_carrier"
    EXPIRED_AT_CARRIER = "expired_at_carrier"
    DELETED_AT_CARRIER = "deleted_at_carrier"
    REJECTED_BY_CARRIER = "rejected_by_carrier"
    VALIDITY_EXPIRED = "validity_expired"
    NO_RECEIPT = "no_receipt"
    SIBLING_PART_FAILED = "sibling_part_failed"
    CANCELLED = "cancelled"

    @property
    def explanation(self) -> str:
        """One or two sentences on what happened."""
        return _EXPLAINED[self][0]

    @property
    def remedy(self) -> str:
        """What the reader can do about it."""
        return _EXPLAINED[self][1]


_EXPLAINED: dict[Reason, tuple[str, str]] = {
    Reason.ESIM_UNKNOWN: (
        "The account has no eSIM with this number.",
        "Check the number with esim/query. An eSIM of another account is unknown here too.",
    ),
    Reason.MSISDN_AMBIGUOUS: (
        "Several eSIMs of the account have this number.",
        "Send to the esimTranNo or the iccid.",
    ),
    Reason.ESIM_RETIRED: (
        "The eSIM is retired in simpost.",
        "Send to another eSIM, or restore this one: `simpost esims restore`.",
    ),
    Reason.PLAN_UNKNOWN: (
        "The eSIM has no smsStatus, and its plan is not imported.",
        "Import the plan, or import the eSIM with its packageCode or smsStatus.",
    ),
    Reason.SMS_NOT_SUPPORTED: (
        "The plan does not support SMS (smsStatus 0).",
        "Choose a plan with smsStatus 1 or 2; package/list shows it.",
    ),
    Reason.SMS_API_ONLY: (
        "The plan accepts SMS from the API only, not from phones (smsStatus 2).",
        "Send through the API.",
    ),
    Reason.ORDER_PENDING: (
        "The eSIM's order is not allocated yet.",
        "Wait until esim/query shows GOT_RESOURCE.",
    ),
    Reason.NOT_INSTALLED: (
        "The profile is not installed on a device yet.",
        "Send when smdpStatus is INSTALLATION or ENABLED.",
    ),
    Reason.PROFILE_DELETED: (
        "The profile was deleted from the device.",
        "This is final: send to another eSIM.",
    ),
    Reason.ESIM_CANCELLED: (
        "The eSIM was cancelled.",
        "This is final: send to another eSIM.",
    ),
    Reason.ESIM_REVOKED: ("The eSIM was revoked.", "This is final: send to another eSIM."),
    Reason.ESIM_EXPIRED: ("The plan of the eSIM has expired.", "Top up, or order a new plan."),
    Reason.ESIM_SUSPENDED: ("The eSIM is suspended.", "Unsuspend it, then send again."),
    Reason.ESIM_STATE_UNKNOWN: (
        "This version of simpost does not know the state of the eSIM.",
        "Import the eSIM again, or report the unknown state.",
    ),
    Reason.NO_ADDRESS: (
        "The eSIM lacks the number that its carrier delivers to.",
        "Import the eSIM with its msisdn, or change `address` of the carrier.",
    ),
    Reason.TEXT_BLANK: ("The text is empty.", "Give a text."),
    Reason.TEXT_TOO_LONG: (
        "The text has more characters than the API, or the carrier, accepts.",
        "Shorten it. A text is never cut.",
    ),
    Reason.TOO_MANY_PARTS: (
        "The text needs more parts than the carrier accepts.",
        "Shorten it, or replace the characters that `simpost text` names.",
    ),
    Reason.TEMPLATE_UNKNOWN: (
        "The account has no template with this name, or no such version of it.",
        "Check the name with `simpost templates list`.",
    ),
    Reason.TEMPLATE_VALUE_MISSING: (
        "The template needs a value that the message does not give.",
        "Give the value, or save the template with a default for the variable.",
    ),
    Reason.TEMPLATE_VALUE_INVALID: (
        "A value does not fit the variables that the template declares.",
        "Give values of declared variables only: numbers for numbers, strings for texts.",
    ),
    Reason.SENDER_NOT_ALLOWED: (
        "The carrier does not allow this sender.",
        "Leave `from` out, or add the sender to `senders` of the carrier.",
    ),
    Reason.CLASS_NOT_SUPPORTED: (
        "The carrier does not support message classes, so no flash SMS.",
        "Send without `class`, or set `message_class` of the carrier.",
    ),
    Reason.BINARY_NOT_SUPPORTED: (
        "The carrier does not support binary or port-addressed messages.",
        "Send text, or set `binary` of the carrier.",
    ),
    Reason.PORTS_NEED_ONE_PART: (
        "The carrier joins parts without a user data header, which port numbers need.",
        'Shorten the message to one part, or set `concatenation = "udh"` for the carrier.',
    ),
    Reason.NO_ROUTE: ("No route matches this eSIM.", "Add a route under [[routes]]."),
    Reason.REQUEST_ID_REUSED: (
        "This request id was used for a different request within 24 hours.",
        "Use a new id for each new request. Repeat an id only with the same body.",
    ),
    Reason.RATE_LIMITED: (
        "The account sent more requests per second than it may.",
        "Wait as long as Retry-After says, or ask the administrator to raise requestsPerSecond.",
    ),
    Reason.SCHEDULED: (
        "The caller asked for a later time.",
        "Nothing: it is decided again and sent then. `simpost cancel` stops it.",
    ),
    Reason.SEND_AT_PASSED: (
        "The time to send it at is in the past.",
        "Give a later `sendAt`, or leave it out to send now.",
    ),
    Reason.SEND_AT_TOO_FAR: (
        "The time to send it at is more than 60 days ahead.",
        "Give an earlier `sendAt`.",
    ),
    Reason.EXPIRES_AT_PASSED: (
        "The time at which it expires is in the past.",
        "Give a later `expiresAt`, or leave it out.",
    ),
    Reason.EXPIRES_AT_TOO_FAR: (
        "The time at which it expires is more than 30 days after it is sent.",
        "Give an earlier `expiresAt`.",
    ),
    Reason.EXPIRES_BEFORE_SEND_AT: (
        "It would expire before it is sent.",
        "Give an `expiresAt` after `sendAt`.",
    ),
    Reason.ACCOUNT_DISABLED: (
        "The account was disabled before the message was due.",
        "Have the administrator enable the account, and send a new message.",
    ),
    Reason.SENDING_STOPPED: (
        "The administrator stopped sending for the account, category or country, or everything.",
        "Read the reason of the administrator in `detail`. Send again when sending is resumed.",
    ),
    Reason.CATALOGUE_STALE: (
        "The copy of the supplier's plans and eSIMs is older than the administrator allows.",
        (
            "Send again when the supplier was pulled. `simpost sources` shows why it was not. "
            "A message that was accepted before is held until then, or until it expires."
        ),
    ),
    Reason.SENDER_NOT_SUPPORTED: (
        "Networks of the country that issued the eSIM do not support this kind of sender.",
        "Send from the sender that `detail` names, or change `[[sender_rules]]`.",
    ),
    Reason.SENDER_NOT_REGISTERED: (
        "The country that issued the eSIM requires that the sender is registered.",
        "Register the sender there, and list it under `[[registered_senders]]`.",
    ),
    Reason.SENDER_REPLACED: (
        "Networks of the country that issued the eSIM show another sender instead of this one.",
        "Send from the sender that `detail` names, or change `[[sender_rules]]`.",
    ),
    Reason.SENDER_FORM: (
        "The country that issued the eSIM requires another form of the sender.",
        "Change the sender as `detail` says.",
    ),
    Reason.OPTED_OUT: (
        "The recipient, or the default of the account, refuses messages of this category.",
        "Nothing: do not send it another way. `simpost preferences` shows who decided it.",
    ),
    Reason.CATEGORY_PARTS: (
        "The text needs more parts than `policy.max_parts` allows for its category.",
        "Shorten it, or replace the characters that `simpost text` names.",
    ),
    Reason.QUIET_HOURS: (
        "Messages of this category may not arrive at this hour where the traveller is.",
        "Nothing: it is decided again when the open hours begin.",
    ),
    Reason.NO_OPEN_HOURS: (
        "Messages of this category may not arrive within two weeks where the traveller is.",
        "Check the traveller's own hours, `open_hours` and `policy.holidays`.",
    ),
    Reason.EXPIRES_IN_QUIET_HOURS: (
        "The message would expire before the open hours begin where the traveller is.",
        "Send it in open hours, or with an `expiresAt` (`notAfter`) after they begin.",
    ),
    Reason.BUDGET_REACHED: (
        "The account sent as many parts or cost units in the day or month as its budget allows.",
        "Send in the next period, or have the administrator raise it: `simpost accounts budgets`.",
    ),
    Reason.CAP_REACHED: (
        "The eSIM was sent as many messages of this category today as `policy` allows.",
        "Send it tomorrow, or have the administrator raise the limit.",
    ),
    Reason.CODE_WAIT: (
        "A code was sent to the eSIM less than `verifications.esim_wait_s` ago.",
        "Wait as long as Retry-After says, or let the traveller type the code that came.",
    ),
    Reason.CODE_BUDGET_REACHED: (
        "As many codes as `verifications` allows were sent in the hour or day: see `budget`.",
        "Start again in the next period, or have the administrator raise the budget.",
    ),
    Reason.CODE_BLOCKED: (
        "The administrator blocks codes to the country, plan or prefix of the number.",
        "Verify another way, or have the administrator change `verifications.modes`.",
    ),
    Reason.CODE_ESIM_NOT_KNOWN: (
        "Codes are sent only to eSIMs of which the account verified a code in the last year.",
        "Verify another way, or have the administrator change `verifications.modes`.",
    ),
    Reason.CODE_FILTERED: (
        "Too few codes to numbers with this prefix were verified in this hour.",
        "Start again in the next hour, or have the administrator change `verifications.modes`.",
    ),
    Reason.NOT_TEXT: (
        "The message from a phone is no text: it is binary or addressed to an application.",
        "Send it through the API.",
    ),
    Reason.LOOP_DETECTED: (
        "Delivery loop: sent from one of our own numbers, or an identical text repeated too often.",
        "Ask the carrier why it returns messages that it should deliver.",
    ),
    Reason.THROTTLED: (
        "The carrier asked us to slow down. The part stays queued.",
        "Nothing: it is sent again later.",
    ),
    Reason.CARRIER_BUSY: (
        "The carrier reported a temporary error. The part stays queued.",
        "Nothing: it is sent again later.",
    ),
    Reason.CARRIER_UNREACHABLE: (
        "No connection to the carrier. The part was not sent.",
        "Nothing: it is sent when the connection is back. `simpost carriers` shows its state.",
    ),
    Reason.CARRIER_PAUSED: (
        "The administrator paused the carrier. The part stays queued.",
        "Nothing: it is sent after `simpost carriers resume`, or by the next carrier of its route.",
    ),
    Reason.REQUEUED: (
        "The part was not sent and returned to the queue: simpost stopped, or the carrier is slow.",
        "Nothing: it is sent again later.",
    ),
    Reason.TEXT_UNREADABLE: (
        "The sealed text cannot be opened: its key is not in `store.text_key`, or it is damaged.",
        "Have the administrator put the key back that the log names. It is tried once a minute.",
    ),
    Reason.CARRIER_REFUSED: (
        "The carrier refused the part.",
        "See the carrier's error code. Fix the message or the settings of the carrier.",
    ),
    Reason.BIND_REFUSED: (
        "The carrier refused the bind.",
        "Check host, system_id and password of the carrier. Messages stay queued until then.",
    ),
    Reason.UNCLEAR_RESPONSE: (
        "The carrier responded with an unspecific error.",
        "Nothing: the part is sent again `messages.max_repeats` times, then refused.",
    ),
    Reason.NO_RESPONSE: (
        "The part was sent, but no response came: the carrier may have it.",
        "Wait: a late response or a receipt still decides.",
    ),
    Reason.LEASE_LOST: (
        "The process that was sending the part stopped before it recorded an outcome.",
        "Wait: a receipt may still decide. The category says whether the part is sent again.",
    ),
    Reason.REPEATS_EXHAUSTED: (
        "In doubt again after `messages.max_repeats` repeats. It is not sent again.",
        "Ask the carrier whether it has the part. A late response or a receipt still decides.",
    ),
    Reason.EXPIRED_IN_DOUBT: (
        "The validity period ended while the part was in doubt: it may have arrived.",
        "Send a new message if it is still needed.",
    ),
    Reason.UNDELIVERABLE: (
        "The carrier reports that the message could not be delivered.",
        "See the carrier's error code.",
    ),
    Reason.HANDSET_UNREACHABLE: (
        "The handset is off or out of reach. The carrier keeps trying.",
        "Nothing: the carrier reports again.",
    ),
    Reason.UNKNOWN_AT_CARRIER: (
        "The carrier accepted the part and reports that its state is unknown.",
        "Ask the carrier, with its message id.",
    ),
    Reason.EXPIRED_AT_CARRIER: (
        "The carrier gave up because the validity period ended.",
        "Send again when the handset is likely to be on.",
    ),
    Reason.DELETED_AT_CARRIER: ("The carrier deleted the message.", "Ask the carrier why."),
    Reason.REJECTED_BY_CARRIER: (
        "The carrier accepted the part and rejected it later.",
        "See the carrier's error code.",
    ),
    Reason.VALIDITY_EXPIRED: (
        "The validity period ended before a carrier accepted the part.",
        "Check the connection to the carrier, or give messages a longer validity.",
    ),
    Reason.NO_RECEIPT: (
        "The carrier accepted the part, but reported nothing until long after its validity.",
        "Ask the carrier why it sends no receipts.",
    ),
    Reason.SIBLING_PART_FAILED: (
        "Another part of the message was refused, so this part was not sent.",
        "See the reason of the refused part.",
    ),
    Reason.CANCELLED: (
        "It was cancelled before it left.",
        "Send a new message if it still matters.",
    ),
}
