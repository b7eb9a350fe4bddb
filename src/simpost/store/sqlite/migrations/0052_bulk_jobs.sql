-- One verb on many messages or deliveries of webhooks. Nothing is done before `due_ms`.
CREATE TABLE bulk_jobs (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL,
  verb TEXT NOT NULL,
  selection TEXT NOT NULL, -- JSON: ids or filters
  status TEXT NOT NULL,
  begun_by TEXT NOT NULL,
  ended_by TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  look_ms INTEGER, -- when it has its next turn: also the end of a lease; NULL once it is over
  ended_ms INTEGER,
  place TEXT NOT NULL, -- where noting items goes on
  is_noted INTEGER NOT NULL,
  is_cut INTEGER NOT NULL,
  total INTEGER NOT NULL,
  done INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  request_id TEXT, -- of the caller: a repeated request begins one job
  fingerprint BLOB NOT NULL,
  CONSTRAINT bulk_jobs_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX bulk_jobs_to_look_at ON bulk_jobs (look_ms) WHERE look_ms IS NOT NULL;
CREATE INDEX bulk_jobs_unfinished ON bulk_jobs (account_id) WHERE ended_ms IS NULL;
CREATE INDEX bulk_jobs_by_end ON bulk_jobs (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE UNIQUE INDEX bulk_jobs_by_request ON bulk_jobs (account_id, request_id)
  WHERE request_id IS NOT NULL;

CREATE TABLE bulk_job_items (
  account_id INTEGER NOT NULL,
  job_id BLOB NOT NULL,
  item TEXT NOT NULL, -- id of a message, or endpoint/sequence of a delivery
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  CONSTRAINT bulk_job_items_pk PRIMARY KEY (account_id, job_id, item)
) STRICT, WITHOUT ROWID;

CREATE INDEX bulk_job_items_by_state ON bulk_job_items (account_id, job_id, state, item);
