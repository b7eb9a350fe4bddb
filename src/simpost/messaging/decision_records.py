"""The JSON that is kept of a decision about a message; see `DecisionRecord`.

A message that is sent at once keeps only facts: its row has the rest. A held message keeps each of
its decisions with its time.
"""

from __future__ import annotations

from msgspec.structs import replace

from simpost.domain.decision_record import (
    NO_FACTS,
    DecisionRecord,
    encode_record,
    quota_uses,
    with_esim,
    with_quotas,
)
from simpost.domain.esims import Esim
from simpost.domain.policy.quotas import QuotaReached
from simpost.domain.reasons import Reason
from simpost.messaging.decision import Hold
from simpost.messaging.plan import SendPlan
from simpost.messaging.trace import Verdict


def encode_sending(plan: SendPlan) -> str | None:
    """Of a message that is sent at once; `None` if nothing has to be kept."""
    if plan.record is None and not plan.quotas:
        return None
    return encode_record(with_quotas(plan.record, plan.quotas))


def encode_release(plan: SendPlan, now_ms: int) -> str | None:
    """Of a held message that is sent now."""
    record = with_quotas(plan.record, plan.quotas) or NO_FACTS
    return encode_record(replace(record, at_ms=now_ms, verdict=Verdict.PASSES))


def encode_hold(hold: Hold, now_ms: int, until_ms: int | None = None) -> str | None:
    """Of a message that is held; `until_ms` if that is not the time of the decision."""
    return encode_record(
        replace(
            hold.record or NO_FACTS,
            at_ms=now_ms,
            verdict=Verdict.HOLD,
            reason=hold.reason,
            until_ms=until_ms or hold.until_ms,
        )
    )


def encode_wait(reason: Reason, now_ms: int, until_ms: int) -> str | None:
    """Of a held message that could not be decided."""
    return encode_record(DecisionRecord(now_ms, Verdict.HOLD, reason, until_ms))


def encode_end(
    reason: Reason, now_ms: int, record: DecisionRecord | None = None, esim: Esim | None = None
) -> str | None:
    """Of a held message that is not sent."""
    found = with_esim(record, esim) if esim else record or NO_FACTS
    return encode_record(replace(found, at_ms=now_ms, verdict=Verdict.REFUSE, reason=reason))


def reached_record(record: DecisionRecord | None, reached: QuotaReached) -> DecisionRecord:
    """The record of a refusal by the commit: the quota that was reached."""
    quotas = quota_uses((reached.quota,))
    return replace(record or NO_FACTS, quotas=quotas, used=(reached.used,))
