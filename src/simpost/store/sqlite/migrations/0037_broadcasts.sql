-- One template to many eSIMs. The counts change with the states of the recipients.
CREATE TABLE broadcasts (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL, -- UUIDv7
  name TEXT NOT NULL,
  template TEXT NOT NULL,
  category TEXT NOT NULL,
  template_values TEXT NOT NULL, -- JSON
  audience TEXT NOT NULL, -- JSON
  per_s INTEGER NOT NULL,
  start_ms INTEGER NOT NULL,
  not_after_ms INTEGER NOT NULL,
  status TEXT NOT NULL,
  pause_reason TEXT,
  actor TEXT NOT NULL,
  stop_percent INTEGER,
  most_parts INTEGER,
  total INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  held INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  cancelled INTEGER NOT NULL,
  parts INTEGER NOT NULL,
  place_ms INTEGER NOT NULL, -- how far its recipients are noted
  place TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  CONSTRAINT broadcasts_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX broadcasts_active ON broadcasts (start_ms)
  WHERE ended_ms IS NULL AND status <> 'paused';
CREATE INDEX broadcasts_by_end ON broadcasts (ended_ms) WHERE ended_ms IS NOT NULL;

-- One row for each eSIM of a broadcast: it is decided once.
CREATE TABLE broadcast_recipients (
  account_id INTEGER NOT NULL,
  broadcast_id BLOB NOT NULL,
  esim_tran_no TEXT NOT NULL,
  state TEXT NOT NULL,
  message_id BLOB,
  reason TEXT,
  parts INTEGER,
  at_ms INTEGER,
  CONSTRAINT broadcast_recipients_pk PRIMARY KEY (account_id, broadcast_id, esim_tran_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX broadcast_recipients_waiting
  ON broadcast_recipients (account_id, broadcast_id, esim_tran_no) WHERE state = 'waiting';
