-- name: switch_events
-- After a pause the log has a gap: `deleted_to` makes earlier readers get events_gone.
INSERT INTO event_logs (account_id, kept, last_sequence, deleted_to) VALUES (?, ?, 0, 0)
ON CONFLICT (account_id) DO UPDATE SET
  last_sequence = last_sequence + (excluded.kept > kept),
  deleted_to = iif(excluded.kept > kept, last_sequence + 1, deleted_to),
  kept = excluded.kept

-- name: events_after
-- The log and its events in one statement, so that both are of one moment; with what never changes
-- of their messages.
SELECT l.deleted_to, l.last_sequence, e.sequence, e.type, e.subject, e.at_ms, e.data,
  m.category, m.esim_tran_no, m.iccid, m.caller_reference
FROM event_logs AS l LEFT JOIN events AS e
  ON e.account_id = l.account_id AND e.sequence > coalesce(?2, l.deleted_to)
LEFT JOIN messages AS m ON m.account_id = e.account_id
  AND m.id = iif(e.type LIKE 'message.%', unhex(e.subject, '-'), NULL)
WHERE l.account_id = ?1 ORDER BY e.sequence LIMIT ?3

-- name: old_events
-- The first account with an event that is too old, and the sequence number of the last such event.
SELECT l.account_id, coalesce(
  (SELECT min(n.sequence) - 1 FROM (
    SELECT e.sequence, e.at_ms FROM events AS e
    WHERE e.account_id = l.account_id ORDER BY e.sequence LIMIT :limit) AS n
   WHERE n.sequence > l.deleted_to AND n.at_ms >= :before_ms),
  (SELECT max(n.sequence) FROM (
    SELECT e.sequence FROM events AS e
    WHERE e.account_id = l.account_id ORDER BY e.sequence LIMIT :limit) AS n)
) AS sequence
FROM event_logs AS l
WHERE (
  SELECT e.sequence <= l.deleted_to OR e.at_ms < :before_ms FROM events AS e
  WHERE e.account_id = l.account_id ORDER BY e.sequence LIMIT 1)
LIMIT 1

-- name: delete_events
DELETE FROM events WHERE account_id = :account_id AND sequence <= :sequence

-- name: note_deleted_events
UPDATE event_logs SET deleted_to = max(deleted_to, :sequence) WHERE account_id = :account_id

-- name: any_events_kept
SELECT EXISTS (SELECT 1 FROM event_logs WHERE kept)

-- name: create_event_triggers
-- The triggers of migration 13: the one place where events of messages are written.
CREATE TRIGGER IF NOT EXISTS message_accepted AFTER INSERT ON parts
WHEN new.message_state IS NOT NULL
  AND EXISTS (SELECT 1 FROM event_logs WHERE account_id = new.account_id AND kept)
BEGIN
  UPDATE event_logs SET last_sequence = last_sequence + 1 WHERE account_id = new.account_id;
  INSERT INTO events (account_id, sequence, type, subject, at_ms, data)
  SELECT l.account_id, l.last_sequence, e.type, e.subject, e.at_ms, e.data
  FROM event_logs AS l CROSS JOIN message_events AS e
    ON e.account_id = l.account_id AND e.message_id = new.message_id
  WHERE l.account_id = new.account_id;
END;
CREATE TRIGGER IF NOT EXISTS message_changed AFTER UPDATE OF message_state ON parts
WHEN new.message_state IS NOT old.message_state
  AND EXISTS (SELECT 1 FROM event_logs WHERE account_id = new.account_id AND kept)
BEGIN
  UPDATE event_logs SET last_sequence = last_sequence + 1 WHERE account_id = new.account_id;
  INSERT INTO events (account_id, sequence, type, subject, at_ms, data)
  SELECT l.account_id, l.last_sequence, e.type, e.subject, e.at_ms, e.data
  FROM event_logs AS l CROSS JOIN message_events AS e
    ON e.account_id = l.account_id AND e.message_id = new.message_id
  WHERE l.account_id = new.account_id;
END;

-- name: drop_event_triggers
DROP TRIGGER IF EXISTS message_accepted;
DROP TRIGGER IF EXISTS message_changed;
