-- What a broadcast needs to be paced, held, stopped by a rule, and taken over.
ALTER TABLE broadcasts ADD COLUMN pace double precision NOT NULL DEFAULT 10; -- messages a second
UPDATE broadcasts SET pace = per_s;
ALTER TABLE broadcasts DROP COLUMN per_s;
ALTER TABLE broadcasts ADD COLUMN template_version integer; -- NULL: the latest
ALTER TABLE broadcasts ADD COLUMN begun_by text NOT NULL DEFAULT '';
ALTER TABLE broadcasts ADD COLUMN local_minute integer; -- of the day; NULL: at once
ALTER TABLE broadcasts ADD COLUMN is_noted integer NOT NULL DEFAULT 0; -- 1: all recipients are
ALTER TABLE broadcasts ADD COLUMN named integer NOT NULL DEFAULT 0; -- eSIMs named one by one
ALTER TABLE broadcasts ADD COLUMN stop_failed_percent integer;
ALTER TABLE broadcasts ADD COLUMN stop_opted_out_percent integer;
ALTER TABLE broadcasts ADD COLUMN recent text NOT NULL DEFAULT '{}'; -- JSON, what rules look at
ALTER TABLE broadcasts ADD COLUMN delivered integer NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN failed integer NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN opted_out integer NOT NULL DEFAULT 0;
-- The request that began it: a repeated one begins no other.
ALTER TABLE broadcasts ADD COLUMN request_id text;
ALTER TABLE broadcasts ADD COLUMN fingerprint bytea;
-- When the leader looks at it again: to send, and at what became of its messages. NULL: never.
ALTER TABLE broadcasts ADD COLUMN look_ms bigint;
ALTER TABLE broadcasts ADD COLUMN report_ms bigint;
ALTER TABLE broadcasts ADD COLUMN opt_outs_from bytea; -- the last change of preferences seen

-- A recipient that policy holds, or that waits for its local time, has no message yet.
ALTER TABLE broadcast_recipients ADD COLUMN due_ms bigint;
ALTER TABLE broadcast_recipients ADD COLUMN outcome text; -- what its carrier reported
ALTER TABLE broadcast_recipients ADD COLUMN opted_out integer; -- 1: after its message

UPDATE broadcasts SET begun_by = actor, is_noted = CASE status WHEN 'preparing' THEN 0 ELSE 1 END,
  accepted = accepted + held, held = 0,
  look_ms = CASE WHEN ended_ms IS NULL THEN 0
    WHEN total > accepted + held + refused + cancelled THEN 0 END;
UPDATE broadcast_recipients SET state = 'accepted' WHERE state = 'held';

DROP INDEX broadcasts_active;
CREATE INDEX broadcasts_to_look_at ON broadcasts (look_ms, account_id, id)
  WHERE look_ms IS NOT NULL;
CREATE INDEX broadcasts_to_report ON broadcasts (report_ms) WHERE report_ms IS NOT NULL;
CREATE UNIQUE INDEX broadcasts_by_request ON broadcasts (account_id, request_id)
  WHERE request_id IS NOT NULL;
CREATE INDEX broadcasts_unfinished ON broadcasts (account_id) WHERE ended_ms IS NULL;
CREATE INDEX broadcast_recipients_due ON broadcast_recipients (account_id, broadcast_id, due_ms)
  WHERE state = 'held';
CREATE INDEX broadcast_recipients_unreported
  ON broadcast_recipients (account_id, broadcast_id, message_id)
  WHERE state = 'accepted' AND outcome IS NULL;
