-- URLs that receive the events of an account. Events up to `cursor` were accepted at their first
-- attempt, are not wanted, or have a row in webhook_deliveries.
CREATE TABLE webhook_endpoints (
  account_id integer NOT NULL,
  id bytea NOT NULL,
  digest bytea NOT NULL, -- of what it receives, and where
  url text NOT NULL,
  description text NOT NULL,
  format text NOT NULL,
  types text NOT NULL, -- JSON array
  categories text NOT NULL, -- JSON array
  batch integer NOT NULL, -- most events in one request
  state text NOT NULL,
  sealed_secret text NOT NULL,
  sealed_old_secret text,
  old_secret_until_ms bigint,
  created_ms bigint NOT NULL,
  cursor bigint NOT NULL,
  failures integer NOT NULL, -- since the last request that was accepted
  failing_since_ms bigint,
  noticed_ms bigint, -- when its account was told last that it fails
  recovered_ms bigint, -- and that it works again
  next_ms bigint NOT NULL,
  delivered bigint NOT NULL,
  exhausted bigint NOT NULL,
  skipped bigint NOT NULL, -- events that were deleted before they could be delivered
  owner text NOT NULL, -- the node that has leased it, or had
  lease_ms bigint NOT NULL, -- when the lease ends or ended
  CONSTRAINT webhook_endpoints_pk PRIMARY KEY (account_id, id),
  CONSTRAINT webhook_endpoints_once UNIQUE (account_id, digest)
);

-- Events that an endpoint did not accept at the first attempt, and events to be sent again.
CREATE TABLE webhook_deliveries (
  account_id integer NOT NULL,
  endpoint_id bytea NOT NULL,
  sequence bigint NOT NULL,
  type text NOT NULL,
  subject text NOT NULL,
  at_ms bigint NOT NULL,
  data text NOT NULL,
  state text NOT NULL,
  due_ms bigint, -- NULL once it is final
  attempts text NOT NULL, -- JSON array
  updated_ms bigint NOT NULL,
  CONSTRAINT webhook_deliveries_pk PRIMARY KEY (account_id, endpoint_id, sequence)
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (account_id, endpoint_id, due_ms)
  WHERE due_ms IS NOT NULL;
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (updated_ms) WHERE due_ms IS NULL;

-- Adds an event, if its account keeps events.
CREATE VIEW added_events AS SELECT account_id, type, subject, at_ms, data FROM events;

CREATE FUNCTION add_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO unsequenced_events (account_id, event_count, events)
  SELECT new.account_id, 1, ARRAY[ROW(new.type, new.subject, new.at_ms, new.data)::account_event]
  FROM event_logs AS l WHERE l.account_id = new.account_id AND l.kept;
  RETURN new;
END $$;

CREATE TRIGGER event_added INSTEAD OF INSERT ON added_events
FOR EACH ROW EXECUTE FUNCTION add_event();
