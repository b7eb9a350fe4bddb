"""What counting costs a message: `python -m bench.metrics_cost`.

Runs the very code that counts, with what one delivered message of one part brings, in the batches
that share a commit. Prints microseconds of CPU for one message.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

from simpost.api.shared.response_counts import ResponseCounts
from simpost.domain.outcomes import OutcomeKind, Receipt
from simpost.domain.states import State
from simpost.messaging.attempt_counts import AttemptCounts
from simpost.observe import configure_logging
from simpost.ports.store import AttemptResult
from simpost.ports.store.health import PendingCounts, StoreCounts

_BATCH = 50
_SETTLEMENT = AttemptResult(
    account_id=1,
    message_id=bytes(16),
    number=1,
    total=1,
    attempt=1,
    repeat=False,
    carrier="simulator",
    state=State.SENT,
    reason=None,
    outcome=OutcomeKind.ACCEPTED,
    carrier_message_id="1",
    carrier_code=None,
    started_ms=0,
    ended_ms=3,
    due_ms=None,
)
_RECEIPT = Receipt("simulator", "1", State.DELIVERED, None, None, 0)


def measure(messages: int) -> float:
    """Microseconds for one message."""
    accepted: Counter[tuple[str, str]] = Counter()
    answers = ResponseCounts()
    times_s = answers.times_s["open"]
    attempts, counts, told = AttemptCounts(), StoreCounts(), PendingCounts()
    settlements, receipts = [_SETTLEMENT] * _BATCH, [_RECEIPT] * _BATCH
    ended = told.ended.append
    begun_s = time.process_time()
    for _ in range(messages // _BATCH):
        for _ in range(_BATCH):
            started_s = time.perf_counter()
            accepted["simulator", "service"] += 1
            answers.done += 1
            times_s.add(time.perf_counter() - started_s)
            ended((_RECEIPT.carrier, _RECEIPT.state, _RECEIPT.reason or ""))
        attempts.count_results(settlements)
        attempts.count_receipts(receipts)
        counts.take(told)
        counts.commit_s.add(0.001)
        counts.commit_jobs.add(_BATCH)
    used_s = time.process_time() - begun_s
    assert accepted.total() == counts.ended.total() == attempts.receipts.total()
    return 1e6 * used_s / messages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    configure_logging("info")
    figures = sorted(measure(asked.messages) for _ in range(asked.rounds))
    print(
        f"{figures[len(figures) // 2]:.2f} us for a message (of {asked.rounds}: {figures[0]:.2f}",
        end="",
    )
    print(f" to {figures[-1]:.2f}); 1 % of 160 us is 1.60")


if __name__ == "__main__":
    main()
