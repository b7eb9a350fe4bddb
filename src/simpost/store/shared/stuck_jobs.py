"""Jobs that are due and did not get further.

$1: the time until which one must have got further; $2: the account, 0 for all; $3: the limit.
"""

from __future__ import annotations

from typing import Final

from simpost.domain.messages import format_id
from simpost.domain.stuck_jobs import MOST_COUNTED, STUCK_MS, StuckJob, StuckKind
from simpost.store.records.ids import first_id
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import Steps

LONGEST_LEASE_MS: Final = 30_000

SQL: Final = {
    "bulk_job": """
        SELECT account_id, id, due_ms AS first_ms, progress_ms AS second_ms, look_ms AS third_ms,
          look_ms
        FROM bulk_jobs
        WHERE look_ms IS NOT NULL AND look_ms <= $4 AND due_ms <= $1 AND progress_ms <= $1
          AND ($2 = 0 OR account_id = $2)
        ORDER BY look_ms LIMIT $3
    """,
    # A broadcast has no lease.
    "broadcast": """
        SELECT account_id, id, start_ms AS first_ms, progress_ms AS second_ms,
          look_ms AS third_ms, look_ms
        FROM broadcasts
        WHERE look_ms IS NOT NULL AND look_ms <= $1 AND progress_ms <= $1 AND changed_ms <= $1
          AND ($2 = 0 OR account_id = $2)
        ORDER BY look_ms, account_id, id LIMIT $3
    """,
    # The time until which a message is held stays while it is leased; the lease is in `due_ms`.
    "held_message": """
        SELECT account_id, message_id AS id, until_ms AS first_ms, until_ms AS second_ms,
          until_ms AS third_ms, due_ms AS look_ms
        FROM held_messages
        WHERE due_ms IS NOT NULL AND due_ms <= $4 AND until_ms <= $1
          AND ($2 = 0 OR account_id = $2)
        ORDER BY due_ms LIMIT $3
    """,
    "automation": """
        SELECT account_id, automation AS name, count(*) AS jobs, min(due_ms) AS since_ms FROM (
          SELECT account_id, automation, due_ms FROM automation_runs
          WHERE state = 'waiting' AND due_ms <= $1 AND ($2 = 0 OR account_id = $2)
          ORDER BY due_ms LIMIT $4
        ) AS due GROUP BY account_id, automation ORDER BY account_id, automation LIMIT $3
    """,
    "transition": """
        SELECT account_id, '' AS name, count(*) AS jobs, min(noted_ms) AS since_ms FROM (
          SELECT account_id, noted_ms FROM esim_transitions
          WHERE handled_ms IS NULL AND id < $1 AND ($2 = 0 OR account_id = $2)
          ORDER BY id LIMIT $4
        ) AS due GROUP BY account_id ORDER BY account_id LIMIT $3
    """,
    # Events are sent in their order: the next one is that after the cursor.
    "webhook": """
        SELECT w.account_id, w.id, w.lease_ms AS first_ms, w.next_ms AS second_ms,
          w.pending_ms AS third_ms, w.lease_ms AS look_ms
        FROM (
          SELECT e.account_id, e.id, e.lease_ms, e.next_ms, coalesce(
            (SELECT min(d.due_ms) FROM webhook_deliveries AS d
              WHERE d.account_id = e.account_id AND d.endpoint_id = e.id AND d.due_ms <= $1),
            (SELECT v.at_ms FROM events AS v
              WHERE v.account_id = e.account_id AND v.sequence = e.cursor + 1 AND v.at_ms <= $1)
          ) AS pending_ms
          FROM webhook_endpoints AS e
          WHERE e.state = 'enabled' AND e.lease_ms <= $1 AND e.next_ms <= $1
            AND ($2 = 0 OR e.account_id = $2)
        ) AS w
        WHERE w.pending_ms IS NOT NULL ORDER BY w.account_id, w.id LIMIT $3
    """,
    # One that waits for messages, or whose last message has just ended, is not stuck.
    "erasure": """
        SELECT x.account_id, x.id, x.begun_ms AS first_ms, x.begun_ms AS second_ms,
          x.begun_ms AS third_ms, x.begun_ms AS look_ms
        FROM erasures AS x
        WHERE x.ended_ms IS NULL AND x.begun_ms <= $1 AND ($2 = 0 OR x.account_id = $2)
          AND NOT EXISTS (
            SELECT 1 FROM messages AS m
            WHERE m.account_id = x.account_id AND m.esim_tran_no = x.esim_tran_no
              AND m.created_ms <= x.begun_ms AND m.forgotten_ms IS NULL
              AND (EXISTS (
                SELECT 1 FROM parts AS p WHERE p.account_id = m.account_id AND p.message_id = m.id
                  AND (p.state < 100 OR p.due_ms IS NOT NULL OR p.updated_ms > $1))
              OR EXISTS (
                SELECT 1 FROM held_messages AS h
                WHERE h.account_id = m.account_id AND h.message_id = m.id
                  AND (h.state < 100 OR h.due_ms IS NOT NULL OR h.updated_ms > $1))))
        ORDER BY x.begun_ms LIMIT $3
    """,
    "lease": """
        SELECT carrier AS name, count(*) AS jobs, min(due_ms) AS since_ms FROM (
          SELECT carrier, due_ms FROM parts
          WHERE owner > '' AND due_ms <= $1 AND due_ms IS NOT NULL LIMIT $2
        ) AS due GROUP BY carrier ORDER BY carrier LIMIT $3
    """,
    "pull": """
        SELECT name, 1 AS jobs, lease_ms AS since_ms FROM catalogue_syncs
        WHERE ended_ms IS NULL AND lease_ms <= $1 ORDER BY name LIMIT $2
    """,
    "try_bulk_job": """
        UPDATE bulk_jobs SET look_ms = $3, progress_ms = $3
        WHERE account_id = $1 AND id = $2 AND look_ms IS NOT NULL AND due_ms <= $3
        RETURNING id
    """,
    "try_broadcast": """
        UPDATE broadcasts SET look_ms = 0, progress_ms = $3
        WHERE account_id = $1 AND id = $2 AND look_ms <= $3
        RETURNING id
    """,
    "try_held_message": """
        UPDATE held_messages SET due_ms = $3, until_ms = $3
        WHERE account_id = $1 AND message_id = $2 AND due_ms IS NOT NULL AND until_ms <= $3
        RETURNING message_id
    """,
    "try_webhook": """
        UPDATE webhook_endpoints SET next_ms = $3, lease_ms = $3
        WHERE account_id = $1 AND id = $2 AND state = 'enabled' AND lease_ms <= $3
        RETURNING id
    """,
}


def list_stuck(
    kind: StuckKind, account_id: int | None, now_ms: int, limit: int
) -> Steps[list[StuckJob]]:
    """The jobs of one kind."""
    before_ms, account = now_ms - STUCK_MS, account_id or 0
    if kind is StuckKind.LEASE:
        rows = yield SQL[kind], (before_ms, MOST_COUNTED, limit)
        return [_group(kind, row, None) for row in rows]
    if kind is StuckKind.PULL:
        rows = yield SQL[kind], (before_ms, limit)
        return [_group(kind, row, None) for row in rows]
    if kind is StuckKind.AUTOMATION:
        rows = yield SQL[kind], (before_ms, account, limit, MOST_COUNTED)
        return [_group(kind, row, row["account_id"]) for row in rows]
    if kind is StuckKind.TRANSITION:
        rows = yield SQL[kind], (first_id(before_ms), account, limit, MOST_COUNTED)
        return [_group(kind, row, row["account_id"]) for row in rows]
    given: tuple[int, ...] = (before_ms, account, limit)
    if kind in (StuckKind.BULK_JOB, StuckKind.HELD_MESSAGE):
        given = (*given, now_ms + LONGEST_LEASE_MS)
    rows = yield SQL[kind], given
    return [_job(kind, row, now_ms) for row in rows]


def try_again(kind: StuckKind, account_id: int, job_id: bytes, now_ms: int) -> Steps[bool]:
    """Whether there is a job that is due."""
    changed = yield SQL[f"try_{kind}"], (account_id, job_id, now_ms)
    return bool(changed)


def _job(kind: StuckKind, row: NamedRow, now_ms: int) -> StuckJob:
    return StuckJob(
        kind=kind,
        account_id=row["account_id"],
        id=format_id(bytes(row["id"])),
        since_ms=_since_ms(kind, row),
        is_tried=row["look_ms"] > now_ms,
    )


def _since_ms(kind: StuckKind, row: NamedRow) -> int:
    """The latest of its times; a lease of a bulk job is no such time."""
    names = ("first_ms", "second_ms") if kind is StuckKind.BULK_JOB else _TIMES
    return max(int(row[name]) for name in names)


def _group(kind: StuckKind, row: NamedRow, account_id: int | None) -> StuckJob:
    return StuckJob(kind, account_id, row["name"], row["since_ms"], count=row["jobs"])


_TIMES: Final = ("first_ms", "second_ms", "third_ms")
