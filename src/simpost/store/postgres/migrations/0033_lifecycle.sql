-- What suppliers and accounts reported of eSIMs, one row each; the history of an eSIM.
CREATE TABLE lifecycle_events (
  account_id integer NOT NULL,
  id bytea NOT NULL, -- UUIDv7, by arrival
  esim_tran_no text COLLATE "C" NOT NULL, -- empty while the eSIM is unknown
  address text COLLATE "C" NOT NULL, -- of a parked event: ICCID, esimTranNo or orderNo; otherwise empty
  source text NOT NULL,
  digest bytea NOT NULL, -- what makes two deliveries the same event
  kind text NOT NULL,
  outcome text NOT NULL, -- applied, unchanged, late, parked, unknown_esim or conflict
  at_ms bigint NOT NULL,
  received_ms bigint NOT NULL,
  document text NOT NULL, -- JSON of the event in its normal form
  CONSTRAINT lifecycle_events_pk PRIMARY KEY (account_id, id)
);

CREATE UNIQUE INDEX lifecycle_events_once ON lifecycle_events (account_id, digest);
CREATE INDEX lifecycle_events_by_esim ON lifecycle_events (account_id, esim_tran_no, id);
CREATE INDEX lifecycle_events_by_age ON lifecycle_events (received_ms);
CREATE INDEX lifecycle_events_parked ON lifecycle_events (account_id, address, id)
  WHERE outcome = 'parked';

-- The facts that the events of an eSIM left. The profile's state, the status of the order and the
-- country are in `esims` and `recipients`, too, where decisions read them.
CREATE TABLE esim_facts (
  account_id integer NOT NULL,
  esim_tran_no text COLLATE "C" NOT NULL,
  facts text NOT NULL, -- JSON of EsimFacts
  expires_ms bigint, -- when the plan ends
  updated_ms bigint NOT NULL,
  CONSTRAINT esim_facts_pk PRIMARY KEY (account_id, esim_tran_no)
);

-- Changes of facts, each at most once: automations start on them. `handled_ms` is NULL until that
-- was decided.
CREATE TABLE esim_transitions (
  account_id integer NOT NULL,
  id bytea NOT NULL, -- UUIDv7
  esim_tran_no text COLLATE "C" NOT NULL,
  transition text NOT NULL,
  occurrence text NOT NULL, -- empty for what happens once to an eSIM
  at_ms bigint NOT NULL,
  noted_ms bigint NOT NULL,
  source text NOT NULL,
  country text NOT NULL,
  event_id bytea NOT NULL, -- of lifecycle_events
  handled_ms bigint,
  CONSTRAINT esim_transitions_pk PRIMARY KEY (account_id, id)
);

CREATE UNIQUE INDEX esim_transitions_once
  ON esim_transitions (account_id, esim_tran_no, transition, occurrence);
CREATE INDEX esim_transitions_by_age ON esim_transitions (noted_ms);
CREATE INDEX esim_transitions_open ON esim_transitions (id) WHERE handled_ms IS NULL;

-- The one place where the events of eSIMs are written.
CREATE FUNCTION note_esim_transitions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO unsequenced_events (account_id, event_count, events)
  SELECT n.account_id, count(*), array_agg(ROW(
    'esim.' || n.transition, n.esim_tran_no, n.at_ms,
    json_build_object('source', n.source, 'country', nullif(n.country, ''))::text
  )::account_event ORDER BY n.id)
  FROM new_transitions AS n
  JOIN event_logs AS l ON l.account_id = n.account_id AND l.kept
  GROUP BY n.account_id;
  RETURN NULL;
END $$;

CREATE TRIGGER esims_changed AFTER INSERT ON esim_transitions
  REFERENCING NEW TABLE AS new_transitions
  FOR EACH STATEMENT EXECUTE FUNCTION note_esim_transitions();

-- Where suppliers report to: a URL with a secret token for each.
CREATE TABLE lifecycle_sources (
  account_id integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  kind text NOT NULL, -- such as esimgo
  name text NOT NULL,
  digest bytea NOT NULL, -- SHA-256 of the token
  sealed_secret text, -- of signatures
  ip_allow text NOT NULL, -- JSON list of networks
  mapping text, -- JSON, of the kind `mapping`
  created_ms bigint NOT NULL,
  last_event_ms bigint,
  last_test_ms bigint,
  CONSTRAINT lifecycle_sources_pk PRIMARY KEY (account_id, id),
  CONSTRAINT lifecycle_sources_digest UNIQUE (digest)
);

-- Deliveries that were not understood, for the account to look at.
CREATE TABLE lifecycle_errors (
  account_id integer NOT NULL,
  id bytea NOT NULL, -- UUIDv7
  source_id text NOT NULL,
  digest bytea NOT NULL, -- of source and body
  reason text NOT NULL,
  body bytea NOT NULL, -- its beginning
  received_ms bigint NOT NULL,
  CONSTRAINT lifecycle_errors_pk PRIMARY KEY (account_id, id)
);

CREATE UNIQUE INDEX lifecycle_errors_once ON lifecycle_errors (account_id, digest);
CREATE INDEX lifecycle_errors_by_age ON lifecycle_errors (received_ms);

-- Nodes reload sources with the accounts. Not for an UPDATE: that only says when one was used.
CREATE TRIGGER lifecycle_sources_changed AFTER INSERT OR DELETE ON lifecycle_sources
  FOR EACH STATEMENT EXECUTE FUNCTION tell_of_accounts();
