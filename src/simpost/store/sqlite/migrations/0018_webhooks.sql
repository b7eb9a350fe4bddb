-- URLs that receive the events of an account. Events up to `cursor` were accepted at their first
-- attempt, are not wanted, or have a row in webhook_deliveries.
CREATE TABLE webhook_endpoints (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL,
  digest BLOB NOT NULL, -- of what it receives, and where
  url TEXT NOT NULL,
  description TEXT NOT NULL,
  format TEXT NOT NULL,
  types TEXT NOT NULL, -- JSON array
  categories TEXT NOT NULL, -- JSON array
  batch INTEGER NOT NULL, -- most events in one request
  state TEXT NOT NULL,
  sealed_secret TEXT NOT NULL,
  sealed_old_secret TEXT,
  old_secret_until_ms INTEGER,
  created_ms INTEGER NOT NULL,
  cursor INTEGER NOT NULL,
  failures INTEGER NOT NULL, -- since the last request that was accepted
  failing_since_ms INTEGER,
  noticed_ms INTEGER, -- when its account was told last that it fails
  recovered_ms INTEGER, -- and that it works again
  next_ms INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  exhausted INTEGER NOT NULL,
  skipped INTEGER NOT NULL, -- events that were deleted before they could be delivered
  owner TEXT NOT NULL, -- the node that has leased it, or had
  lease_ms INTEGER NOT NULL, -- when the lease ends or ended
  CONSTRAINT webhook_endpoints_pk PRIMARY KEY (account_id, id),
  CONSTRAINT webhook_endpoints_once UNIQUE (account_id, digest)
) STRICT, WITHOUT ROWID;

-- Events that an endpoint did not accept at the first attempt, and events to be sent again.
CREATE TABLE webhook_deliveries (
  account_id INTEGER NOT NULL,
  endpoint_id BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  data TEXT NOT NULL,
  state TEXT NOT NULL,
  due_ms INTEGER, -- NULL once it is final
  attempts TEXT NOT NULL, -- JSON array
  updated_ms INTEGER NOT NULL,
  CONSTRAINT webhook_deliveries_pk PRIMARY KEY (account_id, endpoint_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (account_id, endpoint_id, due_ms)
  WHERE due_ms IS NOT NULL;
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (updated_ms) WHERE due_ms IS NULL;

-- Adds an event, if its account keeps events.
CREATE VIEW added_events AS SELECT account_id, type, subject, at_ms, data FROM events;

CREATE TRIGGER event_added INSTEAD OF INSERT ON added_events
WHEN EXISTS (SELECT 1 FROM event_logs WHERE account_id = new.account_id AND kept)
BEGIN
  UPDATE event_logs SET last_sequence = last_sequence + 1 WHERE account_id = new.account_id;
  INSERT INTO events (account_id, sequence, type, subject, at_ms, data)
  SELECT account_id, last_sequence, new.type, new.subject, new.at_ms, new.data
  FROM event_logs WHERE account_id = new.account_id;
END;
