-- What happened, in the order in which it was committed: written once and never changed.
CREATE TABLE events (
  account_id INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  type TEXT NOT NULL, -- such as message.delivered
  subject TEXT NOT NULL, -- the id of what it is about, as the API writes it
  at_ms INTEGER NOT NULL,
  data TEXT NOT NULL, -- JSON object; never a text, a phone number or a secret
  CONSTRAINT events_pk PRIMARY KEY (account_id, sequence)
) STRICT, WITHOUT ROWID;

-- The accounts whose events are or were kept. `deleted_to` is the highest sequence number that is
-- no longer kept.
CREATE TABLE event_logs (
  account_id INTEGER NOT NULL,
  kept INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL,
  deleted_to INTEGER NOT NULL,
  CONSTRAINT event_logs_pk PRIMARY KEY (account_id)
) STRICT;

-- What the event of a message says, of the message as it is at this moment.
CREATE VIEW message_events AS
SELECT p.account_id, p.message_id,
  'message.' || CASE p.message_state
    WHEN 10 THEN 'accepted' WHEN 20 THEN 'scheduled' WHEN 21 THEN 'held' WHEN 30 THEN 'sending'
    WHEN 40 THEN 'in_doubt' WHEN 50 THEN 'sent' WHEN 100 THEN 'delivered' WHEN 101 THEN 'failed'
    WHEN 102 THEN 'expired' WHEN 103 THEN 'rejected' WHEN 104 THEN 'cancelled' END AS type,
  substr(lower(hex(p.message_id)), 1, 8) || '-' || substr(lower(hex(p.message_id)), 9, 4) || '-'
    || substr(lower(hex(p.message_id)), 13, 4) || '-' || substr(lower(hex(p.message_id)), 17, 4)
    || '-' || substr(lower(hex(p.message_id)), 21) AS subject,
  iif(p.total = 1, p.updated_ms, (
    SELECT max(s.updated_ms) FROM parts AS s
    WHERE s.account_id = p.account_id AND s.message_id = p.message_id)) AS at_ms,
  json_object(
    'carrier', p.carrier,
    'reason', iif(p.total = 1, p.reason, (
      SELECT s.reason FROM parts AS s
      WHERE s.account_id = p.account_id AND s.message_id = p.message_id
        AND s.state = p.message_state ORDER BY s.number LIMIT 1)),
    'parts', p.total,
    'deliveredParts', iif(p.total = 1, p.state = 100, (
      SELECT count(*) FROM parts AS s
      WHERE s.account_id = p.account_id AND s.message_id = p.message_id AND s.state = 100))
  ) AS data
FROM parts AS p WHERE p.number = 1;

-- The one place where events of messages are written: whatever sets `message_state` comes by here.
CREATE TRIGGER message_accepted AFTER INSERT ON parts
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

CREATE TRIGGER message_changed AFTER UPDATE OF message_state ON parts
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
