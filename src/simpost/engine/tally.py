"""The tally: what was committed of tries and receipts, counted and logged a batch at a time."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable

from simpost.domain.messages import format_id
from simpost.domain.outcomes import Receipt, Verdict
from simpost.observe import get_logger
from simpost.observe.counts import FAR_SECONDS, Spread
from simpost.ports.store import Settlement

log = get_logger(__name__)


class Tally:
    """Plain numbers, since this is the way of every message.

    Attributes:
        attempts: by carrier, outcome and reason (empty without one).
        repeated: tries of parts that were in doubt, by carrier.
        received: receipts by carrier and state.
        answer_s: how long carriers took to answer.
    """

    def __init__(self) -> None:
        self.attempts: Counter[tuple[str, str, str]] = Counter()
        self.repeated: Counter[tuple[str]] = Counter()
        self.received: Counter[tuple[str, str]] = Counter()
        self.answer_s: defaultdict[str, Spread] = defaultdict(lambda: Spread(FAR_SECONDS))

    def settled(self, settlements: Iterable[Settlement]) -> None:
        """Tries that said no, or nothing, are told at `info`; those that said yes at `debug`."""
        tells_all = log.is_enabled_for(logging.DEBUG)
        for one in settlements:
            self.attempts[one.carrier, one.outcome, one.reason or ""] += 1
            if one.repeat:
                self.repeated[(one.carrier,)] += 1
            if one.outcome != Verdict.UNREACHABLE:
                self.answer_s[one.carrier].add((one.ended_ms - one.started_ms) / 1000)
            if tells_all or one.outcome in _TOLD:
                _tell_attempt(one)

    def reported(self, receipts: Iterable[Receipt]) -> None:
        tells_all = log.is_enabled_for(logging.DEBUG)
        for one in receipts:
            self.received[one.carrier, one.state] += 1
            if tells_all:
                _tell_receipt(one)


_TOLD = (Verdict.REFUSED, Verdict.IN_DOUBT)


def _tell_attempt(one: Settlement) -> None:
    tell = log.info if one.outcome in _TOLD else log.debug
    tell(
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


def _tell_receipt(one: Receipt) -> None:
    log.debug(
        "receipt",
        carrier=one.carrier,
        carrier_message_id=one.carrier_message_id,
        state=one.state,
        reason=one.reason,
        carrier_code=one.carrier_code,
    )
