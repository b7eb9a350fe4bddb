-- Messages that a transition of an eSIM starts.
CREATE TABLE automations (
  account_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  started_by TEXT NOT NULL, -- the transition
  template TEXT NOT NULL,
  category TEXT NOT NULL,
  template_values TEXT NOT NULL, -- JSON
  delay_s INTEGER NOT NULL,
  not_after_s INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  CONSTRAINT automations_pk PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX automations_by_start ON automations (account_id, started_by);

-- What became of an automation for one transition.
CREATE TABLE automation_runs (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL, -- UUIDv7
  automation TEXT NOT NULL,
  esim_tran_no TEXT NOT NULL,
  occurrence TEXT NOT NULL,
  started_by TEXT NOT NULL,
  country TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  late_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  message_id BLOB,
  reason TEXT,
  ended_ms INTEGER,
  CONSTRAINT automation_runs_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX automation_runs_once
  ON automation_runs (account_id, automation, esim_tran_no, occurrence);
CREATE INDEX automation_runs_by_state ON automation_runs (account_id, automation, state);
CREATE INDEX automation_runs_by_id ON automation_runs (account_id, automation, id);
CREATE INDEX automation_runs_due ON automation_runs (due_ms) WHERE state = 'waiting';
CREATE INDEX automation_runs_by_end ON automation_runs (ended_ms) WHERE ended_ms IS NOT NULL;
