"""The tally: what was committed of tries and receipts, counted and logged a batch at a time."""

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

_MOST_REMEMBERED = 10_000

log = get_logger(__name__)


class AttemptCounts:
    """Plain numbers, since this is the way of every message.

    Attributes:
        attempts: by carrier, outcome and reason.
        repeated: tries of parts that were in doubt, by carrier.
        received: receipts by carrier and state.
        answer_s: how long carriers took to answer.
    """

    def __init__(self) -> None:
        self.attempts: Counter[tuple[str, str, str | None]] = Counter()
        self.repeated: Counter[tuple[str]] = Counter()
        self.received: Counter[tuple[str, str]] = Counter()
        self._meant: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self.answer_s: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(CARRIER_SECONDS))

    def samples(self) -> Iterable[Sample]:
        yield from count_samples(metrics.ATTEMPTS, self.attempts)
        yield from count_samples(metrics.REPEATED, self.repeated)
        yield from count_samples(metrics.RECEIPTS, self.received)
        for carrier, histogram in self.answer_s.items():
            yield Sample(metrics.RESPONSE_TIME, (carrier,), histogram)

    def settled(self, settlements: Sequence[AttemptResult]) -> None:
        """Tries that said no, or nothing, are told at `info`; those that said yes at `debug`."""
        if not settlements:
            return
        self.attempts.update([(one.carrier, one.outcome, one.reason) for one in settlements])
        self._time(settlements)
        notable = [one for one in settlements if one.repeat or one.outcome in _TOLD]
        self.repeated.update([(one.carrier,) for one in notable if one.repeat])
        if log.is_enabled_for(logging.DEBUG):
            notable = list(settlements)
            self._remember(settlements)
        for one in notable:
            _tell_attempt(one)

    def reported(self, receipts: Sequence[Receipt]) -> None:
        if not receipts:
            return
        self.received.update([(one.carrier, one.state) for one in receipts])
        if log.is_enabled_for(logging.DEBUG):
            for one in receipts:
                _tell_receipt(one, self._meant.get((one.carrier, one.carrier_message_id)))

    def _remember(self, settlements: Iterable[AttemptResult]) -> None:
        """For the lines of receipts, which name the carrier's id: which message it means."""
        for one in settlements:
            if one.carrier_message_id is not None:
                self._meant[one.carrier, one.carrier_message_id] = one.message_id
        while len(self._meant) > _MOST_REMEMBERED:
            self._meant.popitem(last=False)

    def _time(self, settlements: Iterable[AttemptResult]) -> None:
        """What was not sent was not answered."""
        carrier = None
        for one in settlements:
            if one.outcome == OutcomeKind.UNREACHABLE:
                continue
            if one.carrier != carrier:
                carrier = one.carrier
                add = self.answer_s[carrier].add
            add((one.ended_ms - one.started_ms) / 1000)


_TOLD = (OutcomeKind.REFUSED, OutcomeKind.IN_DOUBT)


def _tell_attempt(one: AttemptResult) -> None:
    write_line = log.info if one.repeat or one.outcome in _TOLD else log.debug
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


def _tell_receipt(one: Receipt, message_id: bytes | None) -> None:
    log.debug(
        "receipt",
        message_id=format_id(message_id) if message_id else None,
        carrier=one.carrier,
        carrier_message_id=one.carrier_message_id,
        state=one.state,
        reason=one.reason,
        carrier_code=one.carrier_code,
    )
