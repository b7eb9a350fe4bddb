-- What happened, in the order in which it became visible: written once and never changed.
CREATE TABLE events (
  account_id integer NOT NULL,
  sequence bigint NOT NULL,
  type text NOT NULL, -- such as message.delivered
  subject text NOT NULL, -- the id of what it is about, as the API writes it
  at_ms bigint NOT NULL,
  data text NOT NULL, -- JSON object; never a text, a phone number or a secret
  CONSTRAINT events_pk PRIMARY KEY (account_id, sequence)
);

-- The accounts whose events are or were kept. `deleted_to` is the highest sequence number that is
-- no longer kept.
CREATE TABLE event_logs (
  account_id integer NOT NULL,
  kept boolean NOT NULL,
  last_sequence bigint NOT NULL,
  deleted_to bigint NOT NULL,
  CONSTRAINT event_logs_pk PRIMARY KEY (account_id)
);

-- Events as they are committed. Transactions that run at the same time commit in another order than
-- that of their ids, so one after another they are given their sequence numbers and moved.
CREATE TABLE unsequenced_events (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  account_id integer NOT NULL,
  type text NOT NULL,
  subject text NOT NULL,
  at_ms bigint NOT NULL,
  data text NOT NULL,
  CONSTRAINT unsequenced_events_pk PRIMARY KEY (id)
);

-- What the event of a message says, of the message as it is at this moment.
CREATE VIEW message_events AS
SELECT p.account_id, p.message_id,
  'message.' || CASE p.message_state
    WHEN 10 THEN 'accepted' WHEN 20 THEN 'scheduled' WHEN 21 THEN 'held' WHEN 30 THEN 'sending'
    WHEN 40 THEN 'in_doubt' WHEN 50 THEN 'sent' WHEN 100 THEN 'delivered' WHEN 101 THEN 'failed'
    WHEN 102 THEN 'expired' WHEN 103 THEN 'rejected' WHEN 104 THEN 'cancelled' END AS type,
  encode(p.message_id, 'hex')::uuid::text AS subject,
  CASE WHEN p.total = 1 THEN p.updated_ms ELSE (
    SELECT max(s.updated_ms) FROM parts AS s
    WHERE s.account_id = p.account_id AND s.message_id = p.message_id) END AS at_ms,
  json_build_object(
    'carrier', p.carrier,
    'reason', CASE WHEN p.total = 1 THEN p.reason ELSE (
      SELECT s.reason FROM parts AS s
      WHERE s.account_id = p.account_id AND s.message_id = p.message_id
        AND s.state = p.message_state ORDER BY s.number LIMIT 1) END,
    'parts', p.total,
    'deliveredParts', CASE WHEN p.total = 1 THEN (p.state = 100)::integer ELSE (
      SELECT count(*) FROM parts AS s
      WHERE s.account_id = p.account_id AND s.message_id = p.message_id AND s.state = 100) END
  )::text AS data
FROM parts AS p WHERE p.number = 1;

-- The one place where events of messages are written: whatever sets `message_state` comes by here.
-- Called once for each statement: where nobody listens it costs a look at `event_logs`.
CREATE FUNCTION note_accepted_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO unsequenced_events (account_id, type, subject, at_ms, data)
  SELECT e.account_id, e.type, e.subject, e.at_ms, e.data
  FROM new_parts AS n
  JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
  CROSS JOIN LATERAL (
    SELECT * FROM message_events AS m
    WHERE m.account_id = n.account_id AND m.message_id = n.message_id
    OFFSET 0) AS e
  WHERE n.message_state IS NOT NULL;
  RETURN NULL;
END $$;

CREATE TRIGGER messages_accepted AFTER INSERT ON parts
REFERENCING NEW TABLE AS new_parts
FOR EACH STATEMENT EXECUTE FUNCTION note_accepted_messages();

-- EXCEPT and no join: the plan is kept, and a join planned for one row would be quadratic in many.
CREATE FUNCTION note_changed_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM new_parts AS n
    JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
    WHERE n.message_state IS NOT NULL
  ) THEN
    INSERT INTO unsequenced_events (account_id, type, subject, at_ms, data)
    SELECT e.account_id, e.type, e.subject, e.at_ms, e.data
    FROM (
      SELECT n.account_id, n.message_id, n.message_state FROM new_parts AS n
      JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
      WHERE n.message_state IS NOT NULL
      EXCEPT SELECT account_id, message_id, message_state FROM old_parts
    ) AS changed
    CROSS JOIN LATERAL (
      SELECT * FROM message_events AS m
      WHERE m.account_id = changed.account_id AND m.message_id = changed.message_id
      OFFSET 0) AS e;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER messages_changed AFTER UPDATE ON parts
REFERENCING OLD TABLE AS old_parts NEW TABLE AS new_parts
FOR EACH STATEMENT EXECUTE FUNCTION note_changed_messages();
