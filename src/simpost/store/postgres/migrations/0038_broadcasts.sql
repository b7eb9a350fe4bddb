-- One template to many eSIMs. The counts change with the states of the recipients.
CREATE TABLE broadcasts (
  account_id integer NOT NULL,
  id bytea NOT NULL, -- UUIDv7
  name text NOT NULL,
  template text NOT NULL,
  category text NOT NULL,
  template_values text NOT NULL, -- JSON
  audience text NOT NULL, -- JSON
  per_s integer NOT NULL,
  start_ms bigint NOT NULL,
  not_after_ms bigint NOT NULL,
  status text NOT NULL,
  pause_reason text,
  actor text NOT NULL,
  stop_percent integer,
  most_parts integer,
  total integer NOT NULL,
  accepted integer NOT NULL,
  held integer NOT NULL,
  refused integer NOT NULL,
  cancelled integer NOT NULL,
  parts integer NOT NULL,
  place_ms bigint NOT NULL, -- how far its recipients are noted
  place text NOT NULL,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  ended_ms bigint,
  CONSTRAINT broadcasts_pk PRIMARY KEY (account_id, id)
);

CREATE INDEX broadcasts_active ON broadcasts (start_ms)
  WHERE ended_ms IS NULL AND status <> 'paused';
CREATE INDEX broadcasts_by_end ON broadcasts (ended_ms) WHERE ended_ms IS NOT NULL;

-- One row for each eSIM of a broadcast: it is decided once.
CREATE TABLE broadcast_recipients (
  account_id integer NOT NULL,
  broadcast_id bytea NOT NULL,
  esim_tran_no text NOT NULL,
  state text NOT NULL,
  message_id bytea,
  reason text,
  parts integer,
  at_ms bigint,
  CONSTRAINT broadcast_recipients_pk PRIMARY KEY (account_id, broadcast_id, esim_tran_no)
);

CREATE INDEX broadcast_recipients_waiting
  ON broadcast_recipients (account_id, broadcast_id, esim_tran_no) WHERE state = 'waiting';
