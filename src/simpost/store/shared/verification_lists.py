"""Lists of verifications, and what became of them by prefix and hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simpost.domain.message_counts import HOUR_MS
from simpost.ports.store.verifications import (
    FoundVerifications,
    PrefixHour,
    VerificationFilter,
)
from simpost.store.records.ids import AFTER_ALL_IDS, first_id
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import Steps
from simpost.store.shared.verification_rows import verification_at, verification_of

SQL: Final = {
    "list": """
        SELECT * FROM verifications WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
    """,
    "by_prefix": """
        SELECT country, prefix, hour, count(*) AS started,
          sum(CASE WHEN state = 'verified' THEN 1 ELSE 0 END) AS verified,
          sum(CASE WHEN state IN ('expired', 'too_many_checks') THEN 1 ELSE 0 END) AS unverified
        FROM (
          SELECT country, prefix, created_ms / 3600000 AS hour, state FROM verifications
          WHERE account_id = $1 AND id >= $2 ORDER BY id DESC LIMIT $3) AS latest
        GROUP BY country, prefix, hour ORDER BY hour DESC, started DESC, prefix LIMIT $4
    """,
}
_CHUNK: Final = 500
_MOST_CHUNKS: Final = 10
_MOST_COUNTED: Final = 10_000
_MOST_ROWS: Final = 500


def list_verifications(
    account_id: int, which: VerificationFilter, now_ms: int
) -> Steps[FoundVerifications]:
    found, before = [], which.before or AFTER_ALL_IDS
    for _ in range(_MOST_CHUNKS):
        rows: Sequence[NamedRow] = yield SQL["list"], (account_id, before, _CHUNK)
        for row in rows:
            each = verification_at(verification_of(row), now_ms)
            if which.selects(each):
                found.append(each)
                if len(found) == which.limit:
                    return FoundVerifications(found)
        if len(rows) < _CHUNK:
            return FoundVerifications(found)
        before = rows[-1]["id"]
    return FoundVerifications(found, before)


def count_by_prefix(account_id: int, from_ms: int) -> Steps[list[PrefixHour]]:
    parameters = (account_id, first_id(from_ms), _MOST_COUNTED, _MOST_ROWS)
    rows = yield SQL["by_prefix"], parameters
    return [
        PrefixHour(
            row["country"],
            row["prefix"],
            row["hour"] * HOUR_MS,
            row["started"],
            row["verified"],
            row["unverified"],
        )
        for row in rows
    ]
