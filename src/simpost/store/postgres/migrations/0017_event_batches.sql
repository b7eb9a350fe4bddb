-- Events that are committed together are one row for each account until they get their sequence
-- numbers: written, moved and deleted at once.
CREATE TYPE account_event AS (type text, subject text, at_ms bigint, data text);

ALTER TABLE unsequenced_events RENAME TO single_events;
ALTER TABLE single_events RENAME CONSTRAINT unsequenced_events_pk TO single_events_pk;

CREATE TABLE unsequenced_events (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  account_id integer NOT NULL,
  event_count integer NOT NULL,
  events account_event[] NOT NULL,
  CONSTRAINT unsequenced_events_pk PRIMARY KEY (id)
);
-- Compression would cost more than it saves: a row is read once, within seconds.
ALTER TABLE unsequenced_events ALTER COLUMN events SET STORAGE EXTERNAL;

INSERT INTO unsequenced_events (account_id, event_count, events)
SELECT account_id, 1, ARRAY[ROW(type, subject, at_ms, data)::account_event]
FROM single_events ORDER BY id;
DROP TABLE single_events;

-- What an event of a message says.
CREATE FUNCTION message_event(
  message_id bytea, state integer, at_ms bigint, carrier text, reason text, parts integer,
  delivered_parts integer
) RETURNS account_event LANGUAGE sql STABLE AS $$
  SELECT ROW(
    'message.' || CASE state
      WHEN 1 THEN 'scheduled' WHEN 2 THEN 'held' WHEN 10 THEN 'accepted' WHEN 30 THEN 'sending'
      WHEN 40 THEN 'in_doubt' WHEN 50 THEN 'sent' WHEN 100 THEN 'delivered' WHEN 101 THEN 'failed'
      WHEN 102 THEN 'expired' WHEN 103 THEN 'rejected' WHEN 104 THEN 'cancelled' END,
    encode(message_id, 'hex')::uuid::text,
    at_ms,
    json_build_object(
      'carrier', carrier, 'reason', reason, 'parts', parts, 'deliveredParts', delivered_parts)::text
  )::account_event
$$;

-- The event of a message of several parts: its first part is not enough.
CREATE FUNCTION event_of_parts(account_id integer, message_id bytea)
RETURNS account_event LANGUAGE sql STABLE AS $$
  SELECT message_event(
    f.message_id, f.message_state, max(p.updated_ms), f.carrier,
    (array_agg(p.reason ORDER BY p.number) FILTER (WHERE p.state = f.message_state))[1],
    f.total, (count(*) FILTER (WHERE p.state = 100))::integer)
  FROM parts AS f
  JOIN parts AS p ON p.account_id = f.account_id AND p.message_id = f.message_id
  WHERE f.account_id = $1 AND f.message_id = $2 AND f.number = 1
  GROUP BY f.message_id, f.message_state, f.carrier, f.total
$$;

CREATE OR REPLACE FUNCTION note_accepted_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO unsequenced_events (account_id, event_count, events)
  SELECT n.account_id, count(*), array_agg(CASE n.total
    WHEN 1 THEN message_event(n.message_id, n.state, n.updated_ms, n.carrier, n.reason, 1, 0)
    ELSE event_of_parts(n.account_id, n.message_id) END)
  FROM new_parts AS n
  JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
  WHERE n.message_state IS NOT NULL
  GROUP BY n.account_id;
  RETURN NULL;
END $$;

-- Old and new rows are grouped, not joined: the plan is kept, and a join planned for one row would
-- be quadratic in many. A group without an old row is one new row: `max` gives its columns.
CREATE OR REPLACE FUNCTION note_changed_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM new_parts AS n
    JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
    WHERE n.message_state IS NOT NULL
  ) THEN
    INSERT INTO unsequenced_events (account_id, event_count, events)
    SELECT c.account_id, count(*), array_agg(CASE c.total
      WHEN 1 THEN message_event(
        c.message_id, c.message_state, c.updated_ms, c.carrier, c.reason, 1,
        (c.message_state = 100)::integer)
      ELSE event_of_parts(c.account_id, c.message_id) END)
    FROM (
      SELECT account_id, message_id, message_state, max(total) AS total, max(carrier) AS carrier,
        max(reason) AS reason, max(updated_ms) AS updated_ms
      FROM (
        SELECT n.account_id, n.message_id, n.message_state, n.total, n.carrier, n.reason,
          n.updated_ms, true AS is_new
        FROM new_parts AS n
        JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
        WHERE n.message_state IS NOT NULL
        UNION ALL
        SELECT account_id, message_id, message_state, NULL, NULL, NULL, NULL, false FROM old_parts
      ) AS old_and_new
      GROUP BY account_id, message_id, message_state HAVING bool_and(is_new)
    ) AS c
    GROUP BY c.account_id;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_held_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO unsequenced_events (account_id, event_count, events)
  SELECT n.account_id, count(*), array_agg(
    message_event(n.message_id, n.state, n.updated_ms, NULL, n.reason, m.part_count, 0))
  FROM new_held AS n
  JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
  CROSS JOIN LATERAL (
    SELECT part_count FROM messages WHERE account_id = n.account_id AND id = n.message_id
    OFFSET 0) AS m
  GROUP BY n.account_id;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_changed_held_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM new_held AS n
    JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
    WHERE n.state IS NOT NULL
  ) THEN
    INSERT INTO unsequenced_events (account_id, event_count, events)
    SELECT c.account_id, count(*), array_agg(
      message_event(c.message_id, c.state, h.updated_ms, NULL, h.reason, h.part_count, 0))
    FROM (
      SELECT n.account_id, n.message_id, n.state FROM new_held AS n
      JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
      WHERE n.state IS NOT NULL
      EXCEPT SELECT account_id, message_id, state FROM old_held
    ) AS c
    CROSS JOIN LATERAL (
      SELECT h.updated_ms, h.reason, m.part_count
      FROM held_messages AS h
      JOIN messages AS m ON m.account_id = h.account_id AND m.id = h.message_id
      WHERE h.account_id = c.account_id AND h.message_id = c.message_id
      OFFSET 0) AS h
    GROUP BY c.account_id;
  END IF;
  RETURN NULL;
END $$;

DROP VIEW message_events;
DROP VIEW held_message_events;
