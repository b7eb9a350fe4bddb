-- Requests of an administrator to erase the texts and numbers of the traveller behind an eSIM.
CREATE TABLE erasures (
  account_id integer NOT NULL,
  id bytea NOT NULL, -- UUIDv7
  esim_tran_no text NOT NULL,
  actor text NOT NULL,
  begun_ms bigint NOT NULL, -- what came later is not erased
  ended_ms bigint, -- NULL while there may be something to erase
  counts text NOT NULL, -- JSON: {"messages": 3}
  CONSTRAINT erasures_pk PRIMARY KEY (account_id, id)
);

CREATE INDEX erasures_open ON erasures (begun_ms) WHERE ended_ms IS NULL;
CREATE INDEX erasures_by_esim ON erasures (account_id, esim_tran_no, id);

-- When the text and the numbers of a row were erased for its traveller.
ALTER TABLE messages ADD COLUMN forgotten_ms bigint;
ALTER TABLE inbound ADD COLUMN forgotten_ms bigint;
ALTER TABLE preference_changes ADD COLUMN forgotten_ms bigint;
ALTER TABLE preference_flags ADD COLUMN forgotten_ms bigint;
