-- Messages that were committed without parts: what they wait for, or how they ended so. Once the
-- parts are there they tell the state, and of this row only the time that was asked for counts.
-- `due_ms` is when the message is decided again, NULL when it waits for nothing; while it is
-- decided that is the end of the lease.
CREATE TABLE held_messages (
  account_id INTEGER NOT NULL,
  message_id BLOB NOT NULL,
  esim_tran_no TEXT NOT NULL,
  state INTEGER, -- NULL once it was released
  reason TEXT,
  send_at_ms INTEGER, -- the time that the caller asked for; NULL when it asked for none
  until_ms INTEGER NOT NULL,
  due_ms INTEGER,
  request TEXT, -- JSON, what it takes to decide again; NULL when that is over
  updated_ms INTEGER NOT NULL,
  CONSTRAINT held_messages_pk PRIMARY KEY (account_id, message_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX held_messages_due ON held_messages (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX held_messages_by_state ON held_messages (account_id, state, message_id)
  WHERE state IS NOT NULL;
CREATE INDEX held_messages_by_esim ON held_messages (account_id, esim_tran_no, message_id)
  WHERE state IS NOT NULL;

-- What the event of a message without parts says. `accepted` follows when its parts are there.
CREATE VIEW held_message_events AS
SELECT h.account_id, h.message_id,
  'message.' || CASE h.state
    WHEN 1 THEN 'scheduled' WHEN 2 THEN 'held' WHEN 102 THEN 'expired' WHEN 103 THEN 'rejected'
    WHEN 104 THEN 'cancelled' END AS type,
  substr(lower(hex(h.message_id)), 1, 8) || '-' || substr(lower(hex(h.message_id)), 9, 4) || '-'
    || substr(lower(hex(h.message_id)), 13, 4) || '-' || substr(lower(hex(h.message_id)), 17, 4)
    || '-' || substr(lower(hex(h.message_id)), 21) AS subject,
  h.updated_ms AS at_ms,
  json_object('carrier', NULL, 'reason', h.reason, 'parts', m.part_count, 'deliveredParts', 0)
    AS data
FROM held_messages AS h
JOIN messages AS m ON m.account_id = h.account_id AND m.id = h.message_id;

CREATE TRIGGER message_held AFTER INSERT ON held_messages
WHEN EXISTS (SELECT 1 FROM event_logs WHERE account_id = new.account_id AND kept)
BEGIN
  UPDATE event_logs SET last_sequence = last_sequence + 1 WHERE account_id = new.account_id;
  INSERT INTO events (account_id, sequence, type, subject, at_ms, data)
  SELECT l.account_id, l.last_sequence, e.type, e.subject, e.at_ms, e.data
  FROM event_logs AS l CROSS JOIN held_message_events AS e
    ON e.account_id = l.account_id AND e.message_id = new.message_id
  WHERE l.account_id = new.account_id;
END;

CREATE TRIGGER held_message_changed AFTER UPDATE OF state ON held_messages
WHEN new.state IS NOT old.state AND new.state IS NOT NULL
  AND EXISTS (SELECT 1 FROM event_logs WHERE account_id = new.account_id AND kept)
BEGIN
  UPDATE event_logs SET last_sequence = last_sequence + 1 WHERE account_id = new.account_id;
  INSERT INTO events (account_id, sequence, type, subject, at_ms, data)
  SELECT l.account_id, l.last_sequence, e.type, e.subject, e.at_ms, e.data
  FROM event_logs AS l CROSS JOIN held_message_events AS e
    ON e.account_id = l.account_id AND e.message_id = new.message_id
  WHERE l.account_id = new.account_id;
END;
