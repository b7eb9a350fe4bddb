-- name: switch_events
-- After a pause the log has a gap: `deleted_to` makes earlier readers get events_gone.
INSERT INTO event_logs AS l (account_id, kept, last_sequence, deleted_to) VALUES ($1, $2, 0, 0)
ON CONFLICT (account_id) DO UPDATE SET
  last_sequence = l.last_sequence + (excluded.kept AND NOT l.kept)::integer,
  deleted_to = CASE WHEN excluded.kept AND NOT l.kept
    THEN l.last_sequence + 1 ELSE l.deleted_to END,
  kept = excluded.kept

-- name: events_after
-- The log and its events in one statement, so that both are of one moment; with what never changes
-- of their messages.
SELECT l.deleted_to, l.last_sequence, e.sequence, e.type, e.subject, e.at_ms, e.data,
  m.category, m.esim_tran_no, m.iccid, m.caller_reference
FROM event_logs AS l LEFT JOIN events AS e
  ON e.account_id = l.account_id AND e.sequence > coalesce($2, l.deleted_to)
LEFT JOIN LATERAL (
  SELECT category, esim_tran_no, iccid, caller_reference FROM messages
  WHERE account_id = e.account_id
    AND id = CASE WHEN e.type LIKE 'message.%' THEN uuid_send(e.subject::uuid) END
) AS m ON true
WHERE l.account_id = $1 ORDER BY e.sequence LIMIT $3

-- name: has_unsequenced_events
SELECT EXISTS (SELECT FROM unsequenced_events)

-- name: lock_event_sequence
SELECT pg_advisory_xact_lock(1398361940, 2)

-- name: assign_sequence
-- The oldest batches that begin within the limit, in their order.
WITH taken AS MATERIALIZED (
  DELETE FROM unsequenced_events WHERE id = ANY (ARRAY(
    SELECT id FROM (
      SELECT id, sum(event_count) OVER (ORDER BY id) - event_count AS before
      FROM (SELECT id, event_count FROM unsequenced_events ORDER BY id LIMIT $1) AS oldest
    ) AS counted WHERE before < $1))
  RETURNING id, account_id, event_count, events
), counted AS MATERIALIZED (
  SELECT account_id, sum(event_count) AS number FROM taken GROUP BY account_id
), numbered AS MATERIALIZED (
  UPDATE event_logs AS l SET last_sequence = l.last_sequence + c.number
  FROM counted AS c WHERE l.account_id = c.account_id
  RETURNING l.account_id, l.last_sequence - c.number AS before
), kept AS (
  INSERT INTO events (account_id, sequence, type, subject, at_ms, data)
  SELECT t.account_id, n.before + row_number() OVER (PARTITION BY t.account_id ORDER BY t.id),
    e.type, e.subject, e.at_ms, e.data
  FROM numbered AS n JOIN taken AS t ON t.account_id = n.account_id
  CROSS JOIN LATERAL unnest(t.events) AS e
)
SELECT coalesce(sum(number), 0)::bigint FROM counted

-- name: old_events
-- The first account with an event that is too old, and the sequence number of the last such event.
SELECT l.account_id, coalesce(
  (SELECT min(n.sequence) - 1 FROM (
    SELECT e.sequence, e.at_ms FROM events AS e
    WHERE e.account_id = l.account_id ORDER BY e.sequence LIMIT $2) AS n
   WHERE n.sequence > l.deleted_to AND n.at_ms >= $1),
  (SELECT max(n.sequence) FROM (
    SELECT e.sequence FROM events AS e
    WHERE e.account_id = l.account_id ORDER BY e.sequence LIMIT $2) AS n)
) AS sequence
FROM event_logs AS l
WHERE (
  SELECT e.sequence <= l.deleted_to OR e.at_ms < $1 FROM events AS e
  WHERE e.account_id = l.account_id ORDER BY e.sequence LIMIT 1)
LIMIT 1

-- name: delete_events
WITH gone AS (DELETE FROM events WHERE account_id = $1 AND sequence <= $2 RETURNING 1)
SELECT count(*) FROM gone

-- name: note_deleted_events
UPDATE event_logs SET deleted_to = greatest(deleted_to, $2) WHERE account_id = $1
