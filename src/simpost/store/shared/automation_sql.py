"""Statements of automations and their runs."""

from __future__ import annotations

from typing import Final

RUNS_INSERTED: Final = 50
"""Runs that one statement inserts, if there are as many."""
_INSERT: Final = """
        INSERT INTO automation_runs (
          account_id, id, automation, esim_tran_no, occurrence, started_by, country, at_ms, due_ms,
          late_ms, state
        )"""
_GIVEN: Final = 10


def _values(rows: int) -> str:
    """The values of new runs, by number."""
    numbers = [range(row * _GIVEN + 1, (row + 1) * _GIVEN + 1) for row in range(rows)]
    lists = [", ".join(f"${number}" for number in given) for given in numbers]
    return "VALUES " + ", ".join(f"({given}, 'waiting')" for given in lists)


SQL: Final = {
    "count_others": """
        SELECT count(*) AS others FROM automations WHERE account_id = $1 AND name <> $2
    """,
    "save": """
        INSERT INTO automations (
          account_id, name, started_by, template, category, template_values, delay_s, not_after_s,
          enabled, changed_ms
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (account_id, name) DO UPDATE SET started_by = excluded.started_by,
          template = excluded.template, category = excluded.category,
          template_values = excluded.template_values, delay_s = excluded.delay_s,
          not_after_s = excluded.not_after_s, enabled = excluded.enabled,
          changed_ms = excluded.changed_ms
    """,
    "find": "SELECT * FROM automations WHERE account_id = $1 AND name = $2",
    "list": "SELECT * FROM automations WHERE account_id = $1 ORDER BY name",
    "delete": "DELETE FROM automations WHERE account_id = $1 AND name = $2 RETURNING name",
    "count_runs": """
        SELECT state, count(*) AS runs FROM automation_runs
        WHERE account_id = $1 AND automation = $2 GROUP BY state
    """,
    "list_runs": """
        SELECT * FROM automation_runs WHERE account_id = $1 AND automation = $2 AND id < $3
        ORDER BY id DESC LIMIT $4
    """,
    "open_transitions": """
        SELECT * FROM esim_transitions WHERE handled_ms IS NULL AND id > $1 ORDER BY id LIMIT $2
    """,
    # Holds the transitions until the commit: of several nodes one starts their runs.
    "mark_handled": """
        UPDATE esim_transitions SET handled_ms = $1
        WHERE handled_ms IS NULL AND id IN (
          SELECT id FROM esim_transitions WHERE handled_ms IS NULL AND id > $2
          ORDER BY id LIMIT $3)
        RETURNING *
    """,
    "started_by": """
        SELECT * FROM automations WHERE account_id = $1 AND started_by = $2 AND enabled = 1
    """,
    "insert_run": f"{_INSERT} {_values(1)} ON CONFLICT DO NOTHING",
    "insert_runs": f"{_INSERT} {_values(RUNS_INSERTED)} ON CONFLICT DO NOTHING",
    "due": """
        SELECT * FROM automation_runs WHERE state = 'waiting' AND due_ms <= $1
        ORDER BY due_ms LIMIT $2
    """,
    "next_account": """
        SELECT account_id FROM automation_runs WHERE state = 'waiting' AND account_id > $1
        ORDER BY account_id LIMIT 1
    """,
    "due_of_account": """
        SELECT * FROM automation_runs
        WHERE account_id = $1 AND state = 'waiting' AND due_ms <= $2 ORDER BY due_ms LIMIT $3
    """,
    "end_run": """
        UPDATE automation_runs SET state = $3, message_id = $4, reason = $5, ended_ms = $6
        WHERE account_id = $1 AND id = $2 AND state = 'waiting'
    """,
    "delete_old": """
        DELETE FROM automation_runs WHERE (account_id, id) IN (
          SELECT account_id, id FROM automation_runs
          WHERE ended_ms IS NOT NULL AND ended_ms < $1 ORDER BY ended_ms LIMIT $2
        )
        RETURNING id
    """,
}
