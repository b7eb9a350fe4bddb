"""HTTP statuses and error codes of Twilio for failures and refusals.

Source: Twilio's list of error codes. `features/webhooks/callbacks.py` has the words of states.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simpost.api.shapes.calls import Failure
from simpost.domain.reasons import Reason

FAILURES: Final[Mapping[Failure, tuple[int, int]]] = {
    Failure.CREDENTIALS: (401, 20003),
    Failure.SCOPE: (403, 20403),
    Failure.ADDRESS: (403, 20403),
    Failure.NOT_OFFERED: (404, 20404),
    Failure.METHOD: (405, 20004),
    Failure.NOT_FOUND: (404, 20404),
    Failure.CONFLICT: (409, 20422),
    Failure.INVALID: (400, 20422),
    Failure.TOO_LARGE: (413, 20422),
    Failure.TOO_SLOW: (408, 20422),
    Failure.RATE_LIMITED: (429, 20429),
    Failure.BUSY: (503, 20503),
    Failure.STORE: (503, 20503),
    Failure.SILENT: (503, 20503),
    Failure.CRASH: (500, 20500),
    Failure.REFUSED: (400, 21612),
}
"""HTTP status and code of each failure."""

REASONS: Final[Mapping[Reason, tuple[int, int]]] = {
    Reason.ESIM_UNKNOWN: (400, 21211),
    Reason.MSISDN_AMBIGUOUS: (400, 21211),
    Reason.SMS_NOT_SUPPORTED: (400, 21614),
    Reason.PLAN_UNKNOWN: (400, 21614),
    Reason.NO_ADDRESS: (400, 21614),
    Reason.TEXT_BLANK: (400, 21602),
    Reason.TEXT_TOO_LONG: (400, 21617),
    Reason.TOO_MANY_PARTS: (400, 21617),
    Reason.CATEGORY_PARTS: (400, 21617),
    Reason.SENDER_NOT_ALLOWED: (400, 21606),
    Reason.SENDER_NOT_SUPPORTED: (400, 21606),
    Reason.SENDER_NOT_REGISTERED: (400, 21606),
    Reason.SENDER_REPLACED: (400, 21606),
    Reason.SENDER_FORM: (400, 21606),
    Reason.OPTED_OUT: (400, 21610),
    Reason.SEND_AT_PASSED: (400, 35115),
    Reason.SEND_AT_TOO_FAR: (400, 35115),
    Reason.RATE_LIMITED: (429, 20429),
    Reason.BUDGET_REACHED: (429, 63038),
    Reason.CAP_REACHED: (429, 63038),
    Reason.NO_ROUTE: (503, 20503),
    Reason.SENDING_STOPPED: (503, 20503),
    Reason.CATALOGUE_STALE: (503, 20503),
}
"""HTTP status and code of a refusal; every other reason is 400 and 21612."""
