"""Statements of broadcasts and their recipients."""

from __future__ import annotations

import re
from typing import Final

_MEETS: Final = """
  ($5 = '' OR replace($5, '|' || e.package_code || '|', '') <> $5)
  AND ($6 = '' OR replace($6, '|' || coalesce(r.country, '') || '|', '') <> $6)
  AND ($7 = '' OR replace($7, '|' || coalesce(r.language, '') || '|', '') <> $7)
  AND ($8 = '' OR replace($8, '|' || e.esim_status || '|', '') <> $8)
  AND ($9 = '' OR EXISTS (
    SELECT 1 FROM esim_tags AS t
    WHERE t.account_id = e.account_id AND t.esim_tran_no = e.esim_tran_no
      AND replace($9, '|' || t.tag || '|', '') <> $9))
"""
"""The conditions of an audience: each is its values between bars, or empty for none."""
_FACTS: Final = """
  account_id, id, name, template, template_version, category, template_values, named, pace,
  local_minute, start_ms, not_after_ms, status, pause_reason, begun_by, actor, stop_percent,
  stop_failed_percent, stop_opted_out_percent, most_parts, most_cost, is_noted, total,
  accepted, held, refused, cancelled, parts, cost, unpriced, delivered, failed, opted_out, recent,
  place_ms, place, created_ms, changed_ms, ended_ms, look_ms, report_ms,
  opt_outs_from, fingerprint, file_id
"""
"""All columns but the audience, which may name 10,000 eSIMs."""
_RECIPIENTS: Final = """
  SELECT esim_tran_no, state, message_id, reason, parts, cost, due_ms, outcome
  FROM broadcast_recipients WHERE account_id = $1 AND broadcast_id = $2
"""

AT_ONCE: Final = 50
"""Recipients of one statement that reads."""
ROW_COUNTS: Final = (50, 10, 1)
"""Recipients of one statement that writes; many are written by several of them."""


def _places(first: int, count: int) -> str:
    return ", ".join(f"${first + place}" for place in range(count))


def _rows(columns: int, count: int) -> str:
    return ", ".join(f"({_places(1 + columns * row, columns)})" for row in range(count))


# These rows exist: an insert with a conflict changes many in one statement on both databases.
_RESERVE: Final = """
    INSERT INTO broadcast_recipients (account_id, broadcast_id, esim_tran_no, state, message_id)
    VALUES %ROWS%
    ON CONFLICT (account_id, broadcast_id, esim_tran_no) DO UPDATE
    SET message_id = excluded.message_id
"""
_END: Final = """
    INSERT INTO broadcast_recipients AS r (
      account_id, broadcast_id, esim_tran_no, state, message_id, reason, parts, due_ms, cost, at_ms
    ) VALUES %ROWS%
    ON CONFLICT (account_id, broadcast_id, esim_tran_no) DO UPDATE
    SET state = excluded.state, message_id = coalesce(excluded.message_id, r.message_id),
      reason = excluded.reason, parts = excluded.parts, due_ms = excluded.due_ms,
      cost = excluded.cost, at_ms = excluded.at_ms
"""
ROW_SQL: Final = {
    name: {count: text.replace("%ROWS%", _rows(columns, count)) for count in ROW_COUNTS}
    for name, text, columns in (("reserve", _RESERVE, 5), ("end", _END, 10))
}
"""Statements for this number of recipients."""

_TEMPLATES: Final = {
    "insert": """
        INSERT INTO broadcasts (
          account_id, id, name, template, category, template_values, audience, pace, start_ms,
          not_after_ms, status, begun_by, actor, stop_percent, most_parts, total, accepted, held,
          refused, cancelled, parts, place_ms, place, created_ms, changed_ms, template_version,
          local_minute, named, stop_failed_percent, stop_opted_out_percent, look_ms,
          request_id, fingerprint, file_id, most_cost, cost, unpriced
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'preparing', $11, $11, $12, $13, 0, 0, 0,
          0, 0, 0, 0, '', $14, $14, $15, $16, $17, $18, $19, 0, $20,
          $21, $22, $23, 0, 0)
        ON CONFLICT (account_id, request_id) WHERE request_id IS NOT NULL DO NOTHING
        RETURNING id
    """,
    "of_request": "SELECT id FROM broadcasts WHERE account_id = $1 AND request_id = $2",
    "unfinished": """
        SELECT count(*) AS broadcasts FROM broadcasts WHERE account_id = $1 AND ended_ms IS NULL
    """,
    # Holds the broadcast until the commit.
    "hold": """
        UPDATE broadcasts SET status = status WHERE account_id = $1 AND id = $2 RETURNING %FACTS%
    """,
    "audience": "SELECT audience FROM broadcasts WHERE account_id = $1 AND id = $2",
    "find": "SELECT %FACTS%, audience FROM broadcasts WHERE account_id = $1 AND id = $2",
    "list": """
        SELECT %FACTS%, CASE named WHEN 0 THEN audience ELSE '{}' END AS audience
        FROM broadcasts WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
    """,
    "list_in": """
        SELECT %FACTS%, CASE named WHEN 0 THEN audience ELSE '{}' END AS audience
        FROM broadcasts WHERE account_id = $1 AND id < $2 AND status = $4
        ORDER BY id DESC LIMIT $3
    """,
    "active": """
        SELECT %FACTS% FROM broadcasts
        WHERE look_ms <= $1 AND (look_ms, account_id, id) > ($2, $3, $4)
        ORDER BY look_ms, account_id, id LIMIT $5
    """,
    "to_report": """
        SELECT %FACTS% FROM broadcasts WHERE report_ms <= $1 ORDER BY report_ms LIMIT $2
    """,
    "page_end": """
        SELECT created_ms, esim_tran_no FROM esims
        WHERE account_id = $1 AND (created_ms, esim_tran_no) > ($2, $3)
        ORDER BY created_ms, esim_tran_no LIMIT 1 OFFSET $4
    """,
    "note_page": """
        INSERT INTO broadcast_recipients (account_id, broadcast_id, esim_tran_no, state)
        SELECT e.account_id, b.id, e.esim_tran_no, 'waiting' FROM broadcasts AS b
        JOIN esims AS e ON e.account_id = b.account_id
        LEFT JOIN recipients AS r
          ON r.account_id = e.account_id AND r.esim_tran_no = e.esim_tran_no
        WHERE b.account_id = $1 AND b.id = $2 AND e.account_id = $1 AND e.retired_ms IS NULL
          AND (e.created_ms, e.esim_tran_no) > ($3, $4)
          AND (e.created_ms, e.esim_tran_no) <= ($10, $11)
          AND %MEETS%
        ON CONFLICT (account_id, broadcast_id, esim_tran_no) DO NOTHING
        RETURNING esim_tran_no
    """,
    "match_page": """
        SELECT e.esim_tran_no FROM esims AS e
        LEFT JOIN recipients AS r
          ON r.account_id = e.account_id AND r.esim_tran_no = e.esim_tran_no
        WHERE e.account_id = $1 AND e.retired_ms IS NULL
          AND (e.created_ms, e.esim_tran_no) > ($2, $3)
          AND (e.created_ms, e.esim_tran_no) <= ($4, $10)
          AND %MEETS%
        ORDER BY e.created_ms, e.esim_tran_no
    """,
    "note_file_rows": """
        INSERT INTO broadcast_recipients (account_id, broadcast_id, esim_tran_no, state)
        SELECT f.account_id, b.id, f.esim_tran_no, 'waiting' FROM broadcasts AS b
        JOIN broadcast_file_rows AS f ON f.account_id = b.account_id AND f.file_id = b.file_id
        LEFT JOIN esims AS e ON e.esim_tran_no = f.esim_tran_no AND e.account_id = f.account_id
        LEFT JOIN recipients AS r
          ON r.account_id = f.account_id AND r.esim_tran_no = f.esim_tran_no
        WHERE b.account_id = $1 AND b.id = $2 AND f.account_id = $1
          AND f.line > $3 AND f.line <= $4 AND f.esim_tran_no IS NOT NULL
          AND %MEETS%
        ON CONFLICT (account_id, broadcast_id, esim_tran_no) DO NOTHING
        RETURNING esim_tran_no
    """,
    "match_file_rows": """
        SELECT f.esim_tran_no FROM broadcast_file_rows AS f
        LEFT JOIN esims AS e ON e.esim_tran_no = f.esim_tran_no AND e.account_id = f.account_id
        LEFT JOIN recipients AS r
          ON r.account_id = f.account_id AND r.esim_tran_no = f.esim_tran_no
        WHERE f.account_id = $1 AND f.file_id = $2
          AND f.line > $3 AND f.line <= $4 AND f.esim_tran_no IS NOT NULL
          AND %MEETS%
        ORDER BY f.line
    """,
    "meets": """
        SELECT CASE WHEN %MEETS_ALONE% THEN 1 ELSE 0 END AS meets FROM esims AS e
        LEFT JOIN recipients AS r
          ON r.account_id = e.account_id AND r.esim_tran_no = e.esim_tran_no
        WHERE e.esim_tran_no = $1 AND e.account_id = $2
    """,
    "last_line": """
        SELECT last_line FROM broadcast_files WHERE account_id = $1 AND id = $2
    """,
    "note_one": """
        INSERT INTO broadcast_recipients (
          account_id, broadcast_id, esim_tran_no, state, reason, at_ms
        ) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (account_id, broadcast_id, esim_tran_no) DO NOTHING
        RETURNING esim_tran_no
    """,
    "note_place": """
        UPDATE broadcasts SET total = total + $3, refused = refused + $4, place_ms = $5,
          place = $6, status = $7, is_noted = $8, look_ms = $9, recent = $10, progress_ms = $11
        WHERE account_id = $1 AND id = $2
    """,
    "set_status": """
        UPDATE broadcasts SET status = $3, actor = $4, pause_reason = $5, changed_ms = $6,
          ended_ms = $7, look_ms = $8, report_ms = $9, opt_outs_from = $10, recent = $11,
          held = $12, cancelled = $13
        WHERE account_id = $1 AND id = $2
        RETURNING %FACTS%
    """,
    "waiting": """
        SELECT esim_tran_no, state, message_id FROM broadcast_recipients
        WHERE account_id = $1 AND broadcast_id = $2 AND state = 'waiting'
        ORDER BY esim_tran_no LIMIT $3
    """,
    "due": """
        SELECT esim_tran_no, state, message_id FROM broadcast_recipients
        WHERE account_id = $1 AND broadcast_id = $2 AND state = 'held' AND due_ms <= $3
        ORDER BY due_ms, esim_tran_no LIMIT $4
    """,
    "next_due": """
        SELECT due_ms FROM broadcast_recipients
        WHERE account_id = $1 AND broadcast_id = $2 AND state = 'held'
        ORDER BY due_ms, esim_tran_no LIMIT 1
    """,
    "look_later": "UPDATE broadcasts SET look_ms = $3 WHERE account_id = $1 AND id = $2",
    "committed": """
        SELECT part_count, (
          SELECT p.carrier FROM parts AS p
          WHERE p.account_id = m.account_id AND p.message_id = m.id AND p.number = 1
        ) AS carrier
        FROM messages AS m WHERE account_id = $1 AND id = $2
    """,
    "states_of": """
        SELECT esim_tran_no, state FROM broadcast_recipients
        WHERE account_id = $1 AND broadcast_id = $2 AND esim_tran_no IN (%NAMES%)
    """.replace("%NAMES%", _places(3, AT_ONCE)),
    "count": """
        UPDATE broadcasts SET accepted = accepted + $3, held = held + $4, refused = refused + $5,
          cancelled = cancelled + $6, parts = parts + $7, recent = $8, cost = cost + $9,
          unpriced = unpriced + $10, progress_ms = coalesce($11, progress_ms),
          look_ms = CASE status WHEN 'sending' THEN 0 ELSE look_ms END
        WHERE account_id = $1 AND id = $2
        RETURNING %FACTS%
    """,
    "recipients": "%RECIPIENTS% AND esim_tran_no > $3 ORDER BY esim_tran_no LIMIT $4",
    # A look-up for each row: without statistics a join reads all parts.
    "latest": """
        SELECT (
          SELECT p.message_state FROM parts AS p
          WHERE p.account_id = r.account_id AND p.message_id = r.message_id AND p.number = 1
        ) AS message_state
        FROM broadcast_recipients AS r
        WHERE r.account_id = $1 AND r.broadcast_id = $2 AND r.state = 'accepted'
          AND r.outcome IS NULL
        ORDER BY r.message_id DESC LIMIT $3
    """,
    "unreported": """
        SELECT r.esim_tran_no, r.message_id, (
          SELECT p.message_state FROM parts AS p
          WHERE p.account_id = r.account_id AND p.message_id = r.message_id AND p.number = 1
        ) AS message_state
        FROM broadcast_recipients AS r
        WHERE r.account_id = $1 AND r.broadcast_id = $2 AND r.state = 'accepted'
          AND r.outcome IS NULL AND r.message_id > $3
        ORDER BY r.message_id LIMIT $4
    """,
    "note_outcome": """
        UPDATE broadcast_recipients SET outcome = $4
        WHERE account_id = $1 AND broadcast_id = $2 AND esim_tran_no = $3 AND outcome IS NULL
        RETURNING esim_tran_no
    """,
    "count_outcomes": """
        UPDATE broadcasts SET delivered = delivered + $3, failed = failed + $4, recent = $5
        WHERE account_id = $1 AND id = $2
        RETURNING %FACTS%
    """,
    "opt_outs": """
        SELECT c.id, c.esim_tran_no, c.differences FROM preference_changes AS c
        JOIN broadcast_recipients AS r ON r.account_id = c.account_id AND r.broadcast_id = $2
          AND r.esim_tran_no = c.esim_tran_no
        WHERE c.account_id = $1 AND c.id > $3 AND c.id < $4 AND c.way IN ('handset', 'link')
          AND r.state = 'accepted' AND r.opted_out IS NULL
        ORDER BY c.id LIMIT $5
    """,
    "note_opt_out": """
        UPDATE broadcast_recipients SET opted_out = 1
        WHERE account_id = $1 AND broadcast_id = $2 AND esim_tran_no = $3 AND opted_out IS NULL
        RETURNING esim_tran_no
    """,
    "count_opt_outs": """
        UPDATE broadcasts SET opted_out = opted_out + $3, recent = $4, opt_outs_from = $5,
          report_ms = $6
        WHERE account_id = $1 AND id = $2
        RETURNING %FACTS%
    """,
    "old": """
        SELECT account_id, id FROM broadcasts WHERE ended_ms IS NOT NULL AND ended_ms < $1
        ORDER BY ended_ms LIMIT 1
    """,
    "status": "SELECT status FROM broadcasts WHERE account_id = $1 AND id = $2",
    "recipients_in": """
        %RECIPIENTS% AND state = $5 AND esim_tran_no > $3 ORDER BY esim_tran_no LIMIT $4
    """,
    # Of a broadcast that is over: each state is read by the index.
    "cancelled": """
        SELECT * FROM (
          %RECIPIENTS% AND state = 'waiting' AND esim_tran_no > $3 ORDER BY esim_tran_no LIMIT $4
        ) AS w UNION ALL SELECT * FROM (
          %RECIPIENTS% AND state = 'held' AND esim_tran_no > $3 ORDER BY esim_tran_no LIMIT $4
        ) AS h UNION ALL SELECT * FROM (
          %RECIPIENTS% AND state = 'cancelled' AND esim_tran_no > $3 ORDER BY esim_tran_no LIMIT $4
        ) AS c ORDER BY esim_tran_no LIMIT $4
    """,
    "recipients_end": """
        SELECT esim_tran_no FROM broadcast_recipients
        WHERE account_id = $1 AND broadcast_id = $2
        ORDER BY esim_tran_no LIMIT 1 OFFSET $3
    """,
    "delete_recipients": """
        DELETE FROM broadcast_recipients
        WHERE account_id = $1 AND broadcast_id = $2 AND esim_tran_no <= $3
        RETURNING esim_tran_no
    """,
    "delete_all_recipients": """
        DELETE FROM broadcast_recipients WHERE account_id = $1 AND broadcast_id = $2
        RETURNING esim_tran_no
    """,
    "delete": "DELETE FROM broadcasts WHERE account_id = $1 AND id = $2",
}


def _filled(text: str) -> str:
    """The statement with its columns and the conditions of an audience, from $5 or $3 on."""
    alone = re.sub(r"\$(\d)", lambda found: f"${int(found[1]) - 2}", _MEETS)
    filled = {
        "FACTS": _FACTS,
        "MEETS": _MEETS,
        "MEETS_ALONE": alone,
        "RECIPIENTS": _RECIPIENTS,
    }
    for name, words in filled.items():
        text = text.replace(f"%{name}%", words.strip())
    return text


SQL: Final = {name: _filled(text) for name, text in _TEMPLATES.items()}
