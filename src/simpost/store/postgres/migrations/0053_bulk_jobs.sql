-- One verb on many messages or deliveries of webhooks. Nothing is done before `due_ms`.
CREATE TABLE bulk_jobs (
  account_id integer NOT NULL,
  id bytea NOT NULL,
  verb text COLLATE "C" NOT NULL,
  selection text NOT NULL, -- JSON: ids or filters
  status text COLLATE "C" NOT NULL,
  begun_by text COLLATE "C" NOT NULL,
  ended_by text COLLATE "C" NOT NULL,
  created_ms bigint NOT NULL,
  due_ms bigint NOT NULL,
  look_ms bigint, -- when it has its next turn: also the end of a lease; NULL once it is over
  ended_ms bigint,
  place text COLLATE "C" NOT NULL, -- where noting items goes on
  is_noted integer NOT NULL,
  is_cut integer NOT NULL,
  total integer NOT NULL,
  done integer NOT NULL,
  skipped integer NOT NULL,
  failed integer NOT NULL,
  request_id text COLLATE "C", -- of the caller: a repeated request begins one job
  fingerprint bytea NOT NULL,
  CONSTRAINT bulk_jobs_pk PRIMARY KEY (account_id, id)
);

CREATE INDEX bulk_jobs_to_look_at ON bulk_jobs (look_ms) WHERE look_ms IS NOT NULL;
CREATE INDEX bulk_jobs_unfinished ON bulk_jobs (account_id) WHERE ended_ms IS NULL;
CREATE INDEX bulk_jobs_by_end ON bulk_jobs (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE UNIQUE INDEX bulk_jobs_by_request ON bulk_jobs (account_id, request_id)
  WHERE request_id IS NOT NULL;

CREATE TABLE bulk_job_items (
  account_id integer NOT NULL,
  job_id bytea NOT NULL,
  item text COLLATE "C" NOT NULL, -- id of a message, or endpoint/sequence of a delivery
  state text COLLATE "C" NOT NULL,
  reason text COLLATE "C" NOT NULL,
  detail text COLLATE "C" NOT NULL,
  CONSTRAINT bulk_job_items_pk PRIMARY KEY (account_id, job_id, item)
);

CREATE INDEX bulk_job_items_by_state ON bulk_job_items (account_id, job_id, state, item);
