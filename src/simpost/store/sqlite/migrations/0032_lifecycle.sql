-- What suppliers and accounts reported of eSIMs, one row each; the history of an eSIM.
CREATE TABLE lifecycle_events (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL, -- UUIDv7, by arrival
  esim_tran_no TEXT NOT NULL, -- empty while the eSIM is unknown
  address TEXT NOT NULL, -- of a parked event: ICCID, esimTranNo or orderNo; otherwise empty
  source TEXT NOT NULL,
  digest BLOB NOT NULL, -- what makes two deliveries the same event
  kind TEXT NOT NULL,
  outcome TEXT NOT NULL, -- applied, unchanged, late, parked, unknown_esim or conflict
  at_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  document TEXT NOT NULL, -- JSON of the event in its normal form
  CONSTRAINT lifecycle_events_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX lifecycle_events_once ON lifecycle_events (account_id, digest);
CREATE INDEX lifecycle_events_by_esim ON lifecycle_events (account_id, esim_tran_no, id);
CREATE INDEX lifecycle_events_by_age ON lifecycle_events (received_ms);
CREATE INDEX lifecycle_events_parked ON lifecycle_events (account_id, address, id)
  WHERE outcome = 'parked';

-- The facts that the events of an eSIM left. The profile's state, the status of the order and the
-- country are in `esims` and `recipients`, too, where decisions read them.
CREATE TABLE esim_facts (
  account_id INTEGER NOT NULL,
  esim_tran_no TEXT NOT NULL,
  facts TEXT NOT NULL, -- JSON of EsimFacts
  expires_ms INTEGER, -- when the plan ends
  updated_ms INTEGER NOT NULL,
  CONSTRAINT esim_facts_pk PRIMARY KEY (account_id, esim_tran_no)
) STRICT, WITHOUT ROWID;

-- Changes of facts, each at most once: automations start on them. `handled_ms` is NULL until that
-- was decided.
CREATE TABLE esim_transitions (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL, -- UUIDv7
  esim_tran_no TEXT NOT NULL,
  transition TEXT NOT NULL,
  occurrence TEXT NOT NULL, -- empty for what happens once to an eSIM
  at_ms INTEGER NOT NULL,
  noted_ms INTEGER NOT NULL,
  source TEXT NOT NULL,
  country TEXT NOT NULL,
  event_id BLOB NOT NULL, -- of lifecycle_events
  handled_ms INTEGER,
  CONSTRAINT esim_transitions_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX esim_transitions_once
  ON esim_transitions (account_id, esim_tran_no, transition, occurrence);
CREATE INDEX esim_transitions_by_age ON esim_transitions (noted_ms);
CREATE INDEX esim_transitions_open ON esim_transitions (id) WHERE handled_ms IS NULL;

-- The one place where the events of eSIMs are written.
CREATE TRIGGER esim_changed AFTER INSERT ON esim_transitions
WHEN EXISTS (SELECT 1 FROM event_logs WHERE account_id = new.account_id AND kept)
BEGIN
  INSERT INTO added_events (account_id, type, subject, at_ms, data) VALUES (
    new.account_id, 'esim.' || new.transition, new.esim_tran_no, new.at_ms,
    json_object('source', new.source, 'country', nullif(new.country, '')));
END;

-- Where suppliers report to: a URL with a secret token for each.
CREATE TABLE lifecycle_sources (
  account_id INTEGER NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL, -- such as esimgo
  name TEXT NOT NULL,
  digest BLOB NOT NULL, -- SHA-256 of the token
  sealed_secret TEXT, -- of signatures
  ip_allow TEXT NOT NULL, -- JSON list of networks
  mapping TEXT, -- JSON, of the kind `mapping`
  created_ms INTEGER NOT NULL,
  last_event_ms INTEGER,
  last_test_ms INTEGER,
  CONSTRAINT lifecycle_sources_pk PRIMARY KEY (account_id, id),
  CONSTRAINT lifecycle_sources_digest UNIQUE (digest)
) STRICT, WITHOUT ROWID;

-- Deliveries that were not understood, for the account to look at.
CREATE TABLE lifecycle_errors (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL, -- UUIDv7
  source_id TEXT NOT NULL,
  digest BLOB NOT NULL, -- of source and body
  reason TEXT NOT NULL,
  body BLOB NOT NULL, -- its beginning
  received_ms INTEGER NOT NULL,
  CONSTRAINT lifecycle_errors_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX lifecycle_errors_once ON lifecycle_errors (account_id, digest);
CREATE INDEX lifecycle_errors_by_age ON lifecycle_errors (received_ms);
