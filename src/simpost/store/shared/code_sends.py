"""Counts of codes per eSIM over all accounts, and the wait between two of them.

Every verb that may send to an eSIM locks the row of its wait first, so that of concurrent ones on
any nodes one sends.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from simpost.domain.code_budgets import (
    CodeBudget,
    CodeLimits,
    CodeRefusal,
    esim_quotas,
    refusal_of,
    wait_key,
)
from simpost.domain.code_modes import KNOWN_MS, known_key
from simpost.domain.policy.quotas import QuotaReached, key_of
from simpost.domain.reasons import Reason
from simpost.domain.verifications import has_to_wait
from simpost.store.shared.steps import Steps

_ALL_PERIODS: Final = CodeLimits(hour={CodeBudget.ESIM: 1}, day={CodeBudget.ESIM: 1})
"""For the keys of the counts of an eSIM, whatever their limits."""

SQL: Final = {
    "count_use": """
        INSERT INTO quota_uses AS q (account_id, counter, period, used, expires_ms)
        VALUES ($1, $2, $3, 1, $4)
        ON CONFLICT (account_id, counter, period) DO UPDATE SET used = q.used + 1
    """,
    "used_of_esim": """
        SELECT used, 'hour' AS unit FROM quota_uses
        WHERE account_id = $1 AND counter = $2 AND period = $3
        UNION ALL
        SELECT used, 'day' AS unit FROM quota_uses
        WHERE account_id = $1 AND counter = $4 AND period = $5
        UNION ALL
        SELECT used, 'guesses' AS unit FROM quota_uses
        WHERE account_id = $6 AND counter = $7 AND period = $8
    """,
    # A send in the hour and in the day, and the wait after it, which is no count.
    "count_send": """
        INSERT INTO quota_uses AS q (account_id, counter, period, used, expires_ms)
        VALUES ($1, $2, $3, 1, $4), ($1, $5, $6, 1, $7), ($1, $8, $9, 0, $10)
        ON CONFLICT (account_id, counter, period) DO UPDATE
        SET used = q.used + excluded.used, expires_ms = excluded.expires_ms
    """,
    # The wait of an eSIM lasts until its row expires. Every start locks the row first.
    "hold_wait": """
        INSERT INTO quota_uses AS q (account_id, counter, period, used, expires_ms)
        VALUES ($1, $2, $3, 0, 0)
        ON CONFLICT (account_id, counter, period) DO UPDATE SET used = q.used
        RETURNING expires_ms
    """,
    "find_wait": """
        SELECT expires_ms FROM quota_uses WHERE account_id = $1 AND counter = $2 AND period = $3
    """,
    "note_known": """
        INSERT INTO quota_uses AS q (account_id, counter, period, used, expires_ms)
        VALUES ($1, $2, $3, 1, $4)
        ON CONFLICT (account_id, counter, period) DO UPDATE SET expires_ms = excluded.expires_ms
    """,
    "end_wait": """
        UPDATE quota_uses SET expires_ms = 0
        WHERE account_id = $1 AND counter = $2 AND period = $3
    """,
}


def hold_wait(esim: str) -> Steps[int]:
    """Lock the wait of an eSIM until the transaction ends, and return when it ends."""
    [row] = yield SQL["hold_wait"], wait_key(esim)
    ends_ms: int = row["expires_ms"]
    return ends_ms


def find_wait(esim: str) -> Steps[int]:
    """When the wait of an eSIM ends; 0 if it has none."""
    rows = yield SQL["find_wait"], wait_key(esim)
    return rows[0]["expires_ms"] if rows else 0


def end_wait(esim: str) -> Steps[None]:
    """Let the next code to the eSIM be sent at once, whatever time its node has."""
    yield SQL["end_wait"], wait_key(esim)


class EsimUses(NamedTuple):
    """Codes that were sent to an eSIM in this hour and day, and wrong guesses of today."""

    hour: int
    day: int
    guesses: int


def find_uses(esim: str, guess_key: tuple[int, str, str], now_ms: int) -> Steps[EsimUses]:
    """All counts that a start looks at, in one statement."""
    hour, day = esim_quotas(_ALL_PERIODS, esim, now_ms)
    keys = (*key_of(0, hour), *key_of(0, day)[1:], *guess_key)
    rows = yield SQL["used_of_esim"], keys
    used = {row["unit"]: row["used"] for row in rows}
    return EsimUses(*(used.get(unit, 0) for unit in EsimUses._fields))


def refusal_by(
    esim: str, limits: CodeLimits, uses: EsimUses, wait_ends_ms: int, now_ms: int
) -> CodeRefusal | None:
    """Why the eSIM may be sent no code now; `None` if it may."""
    if has_to_wait(wait_ends_ms, now_ms, limits.esim_wait_ms):
        return CodeRefusal(Reason.CODE_WAIT, "code:esim:wait", wait_ends_ms)
    hour, day = esim_quotas(_ALL_PERIODS, esim, now_ms)
    for limit, quota, count in (
        (limits.hour.get(CodeBudget.ESIM), hour, uses.hour),
        (limits.day.get(CodeBudget.ESIM), day, uses.day),
    ):
        if limit and count + quota.amount > limit:
            return refusal_of(QuotaReached(replace(quota, limit=limit), count))
    return None


def count_send(esim: str, limits: CodeLimits, now_ms: int) -> Steps[None]:
    """Count a send, and begin the wait after it."""
    hour, day = esim_quotas(_ALL_PERIODS, esim, now_ms)
    counts = (*key_of(0, hour), hour.expires_ms, *key_of(0, day)[1:], day.expires_ms)
    yield SQL["count_send"], (*counts, *wait_key(esim)[1:], now_ms + limits.esim_wait_ms)


def note_known(account_id: int, esim_tran_no: str, now_ms: int) -> Steps[None]:
    """Note that a code of the eSIM was verified."""
    yield SQL["note_known"], (*known_key(account_id, esim_tran_no), now_ms + KNOWN_MS)


def count_use(key: tuple[int, str, str], expires_ms: int) -> Steps[None]:
    """Add one to the count of a key, which may be deleted after a time."""
    yield SQL["count_use"], (*key, expires_ms)
