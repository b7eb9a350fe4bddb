"""Counts and log lines of committed attempts and receipts, a batch at a time."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Sequence

from simpost.domain.messages import format_id
from simpost.domain.outcomes import OutcomeKind, Receipt
from simpost.observe import get_logger, metrics
from simpost.observe.histogram import CARRIER_SECONDS, Histogram
from simpost.observe.metrics import Sample
from simpost.ports.store import AttemptResult
from simpost.runtime.component import count_samples

_MAX_REMEMBERED = 10_000
_LOGGED_AT_INFO = (OutcomeKind.REFUSED, OutcomeKind.IN_DOUBT)

log = get_logger(__name__)


class AttemptCounts:
    """Plain numbers: every message passes here.

    Attributes:
        attempts: by carrier, outcome and reason.
        repeated: attempts for parts in doubt, by carrier.
        receipts: by carrier and state.
        response_s: seconds that carriers took to respond, by carrier.
    """

    def __init__(self) -> None:
        self.attempts: Counter[tuple[str, str, str | None]] = Counter()
        self.repeated: Counter[tuple[str]] = Counter()
        self.receipts: Counter[tuple[str, str]] = Counter()
        self.response_s: defaultdict[str, Histogram] = defaultdict(
            lambda: Histogram(CARRIER_SECONDS)
        )
        self._message_ids: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def samples(self) -> Iterable[Sample]:
        """The present values of its metrics."""
        yield from count_samples(metrics.ATTEMPTS, self.attempts)
        yield from count_samples(metrics.REPEATED, self.repeated)
        yield from count_samples(metrics.RECEIPTS, self.receipts)
        for carrier, histogram in self.response_s.items():
            yield Sample(metrics.RESPONSE_TIME, (carrier,), histogram)

    def count_results(self, results: Sequence[AttemptResult]) -> None:
        """Count committed attempts. Logs refused, in doubt and repeated ones at `info`.

        All others are logged at `debug`.
        """
        if not results:
            return
        self.attempts.update([(one.carrier, one.outcome, one.reason) for one in results])
        self._add_response_times(results)
        logged = [one for one in results if one.repeat or one.outcome in _LOGGED_AT_INFO]
        self.repeated.update([(one.carrier,) for one in logged if one.repeat])
        if log.is_enabled_for(logging.DEBUG):
            logged = list(results)
            self._remember_ids(results)
        for one in logged:
            _log_attempt(one)

    def count_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Count committed receipts, and log them at `debug`."""
        if not receipts:
            return
        self.receipts.update([(one.carrier, one.state) for one in receipts])
        if log.is_enabled_for(logging.DEBUG):
            for one in receipts:
                message_id = self._message_ids.get((one.carrier, one.carrier_message_id))
                _log_receipt(one, message_id)

    def _remember_ids(self, results: Iterable[AttemptResult]) -> None:
        """Remember the message of each carrier's id, for the log lines of its receipts."""
        for one in results:
            if one.carrier_message_id is not None:
                self._message_ids[one.carrier, one.carrier_message_id] = one.message_id
        while len(self._message_ids) > _MAX_REMEMBERED:
            self._message_ids.popitem(last=False)

    def _add_response_times(self, results: Iterable[AttemptResult]) -> None:
        """Add the times of attempts that reached the carrier."""
        carrier = None
        for one in results:
            if one.outcome == OutcomeKind.UNREACHABLE:
                continue
            if one.carrier != carrier:
                carrier = one.carrier
                add = self.response_s[carrier].add
            add((one.ended_ms - one.started_ms) / 1000)


def _log_attempt(one: AttemptResult) -> None:
    write_line = log.info if one.repeat or one.outcome in _LOGGED_AT_INFO else log.debug
    write_line(
        "attempt",
        message_id=format_id(one.message_id),
        part=one.number,
        attempt=one.attempt,
        repeat=one.repeat,
        carrier=one.carrier,
        outcome=one.outcome,
        reason=one.reason,
        carrier_code=one.carrier_code,
        carrier_message_id=one.carrier_message_id,
    )


def _log_receipt(one: Receipt, message_id: bytes | None) -> None:
    log.debug(
        "receipt",
        message_id=format_id(message_id) if message_id else None,
        carrier=one.carrier,
        carrier_message_id=one.carrier_message_id,
        state=one.state,
        reason=one.reason,
        carrier_code=one.carrier_code,
    )
