-- Messages that a transition of an eSIM starts.
CREATE TABLE automations (
  account_id integer NOT NULL,
  name text NOT NULL,
  started_by text NOT NULL, -- the transition
  template text NOT NULL,
  category text NOT NULL,
  template_values text NOT NULL, -- JSON
  delay_s integer NOT NULL,
  not_after_s integer NOT NULL,
  enabled integer NOT NULL,
  changed_ms bigint NOT NULL,
  CONSTRAINT automations_pk PRIMARY KEY (account_id, name)
);

CREATE INDEX automations_by_start ON automations (account_id, started_by);

-- What became of an automation for one transition.
CREATE TABLE automation_runs (
  account_id integer NOT NULL,
  id bytea NOT NULL, -- UUIDv7
  automation text NOT NULL,
  esim_tran_no text NOT NULL,
  occurrence text NOT NULL,
  started_by text NOT NULL,
  country text NOT NULL,
  at_ms bigint NOT NULL,
  due_ms bigint NOT NULL,
  late_ms bigint NOT NULL,
  state text NOT NULL,
  message_id bytea,
  reason text,
  ended_ms bigint,
  CONSTRAINT automation_runs_pk PRIMARY KEY (account_id, id)
);

CREATE UNIQUE INDEX automation_runs_once
  ON automation_runs (account_id, automation, esim_tran_no, occurrence);
CREATE INDEX automation_runs_by_state ON automation_runs (account_id, automation, state);
CREATE INDEX automation_runs_by_id ON automation_runs (account_id, automation, id);
CREATE INDEX automation_runs_due ON automation_runs (due_ms) WHERE state = 'waiting';
CREATE INDEX automation_runs_by_end ON automation_runs (ended_ms) WHERE ended_ms IS NOT NULL;
