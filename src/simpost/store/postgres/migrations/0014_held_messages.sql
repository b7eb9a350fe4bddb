-- Messages that were committed without parts: what they wait for, or how they ended so. Once the
-- parts are there they tell the state, and of this row only the time that was asked for counts.
-- `due_ms` is when the message is decided again, NULL when it waits for nothing; while it is
-- decided that is the end of the lease.
CREATE TABLE held_messages (
  account_id integer NOT NULL,
  message_id bytea NOT NULL,
  esim_tran_no text NOT NULL,
  state integer, -- NULL once it was released
  reason text,
  send_at_ms bigint, -- the time that the caller asked for; NULL when it asked for none
  until_ms bigint NOT NULL,
  due_ms bigint,
  request text, -- JSON, what it takes to decide again; NULL when that is over
  updated_ms bigint NOT NULL,
  CONSTRAINT held_messages_pk PRIMARY KEY (account_id, message_id)
);

CREATE INDEX held_messages_due ON held_messages (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX held_messages_by_state ON held_messages (account_id, state, message_id)
  WHERE state IS NOT NULL;
CREATE INDEX held_messages_by_esim ON held_messages (account_id, esim_tran_no, message_id)
  WHERE state IS NOT NULL;
CREATE INDEX held_messages_by_age ON held_messages (message_id);

-- What the event of a message without parts says. `accepted` follows when its parts are there.
CREATE VIEW held_message_events AS
SELECT h.account_id, h.message_id,
  'message.' || CASE h.state
    WHEN 1 THEN 'scheduled' WHEN 2 THEN 'held' WHEN 102 THEN 'expired' WHEN 103 THEN 'rejected'
    WHEN 104 THEN 'cancelled' END AS type,
  encode(h.message_id, 'hex')::uuid::text AS subject,
  h.updated_ms AS at_ms,
  json_build_object(
    'carrier', NULL, 'reason', h.reason, 'parts', m.part_count, 'deliveredParts', 0)::text AS data
FROM held_messages AS h
JOIN messages AS m ON m.account_id = h.account_id AND m.id = h.message_id;

CREATE FUNCTION note_held_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO unsequenced_events (account_id, type, subject, at_ms, data)
  SELECT e.account_id, e.type, e.subject, e.at_ms, e.data
  FROM new_held AS n
  JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
  CROSS JOIN LATERAL (
    SELECT * FROM held_message_events AS m
    WHERE m.account_id = n.account_id AND m.message_id = n.message_id
    OFFSET 0) AS e;
  RETURN NULL;
END $$;

CREATE TRIGGER messages_held AFTER INSERT ON held_messages
REFERENCING NEW TABLE AS new_held
FOR EACH STATEMENT EXECUTE FUNCTION note_held_messages();

CREATE FUNCTION note_changed_held_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM new_held AS n
    JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
    WHERE n.state IS NOT NULL
  ) THEN
    INSERT INTO unsequenced_events (account_id, type, subject, at_ms, data)
    SELECT e.account_id, e.type, e.subject, e.at_ms, e.data
    FROM (
      SELECT n.account_id, n.message_id, n.state FROM new_held AS n
      JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
      WHERE n.state IS NOT NULL
      EXCEPT SELECT account_id, message_id, state FROM old_held
    ) AS changed
    CROSS JOIN LATERAL (
      SELECT * FROM held_message_events AS m
      WHERE m.account_id = changed.account_id AND m.message_id = changed.message_id
      OFFSET 0) AS e;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER held_messages_changed AFTER UPDATE ON held_messages
REFERENCING OLD TABLE AS old_held NEW TABLE AS new_held
FOR EACH STATEMENT EXECUTE FUNCTION note_changed_held_messages();
