-- Requests of an administrator to erase the texts and numbers of the traveller behind an eSIM.
CREATE TABLE erasures (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL, -- UUIDv7
  esim_tran_no TEXT NOT NULL,
  actor TEXT NOT NULL,
  begun_ms INTEGER NOT NULL, -- what came later is not erased
  ended_ms INTEGER, -- NULL while there may be something to erase
  counts TEXT NOT NULL, -- JSON: {"messages": 3}
  CONSTRAINT erasures_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX erasures_open ON erasures (begun_ms) WHERE ended_ms IS NULL;
CREATE INDEX erasures_by_esim ON erasures (account_id, esim_tran_no, id);

-- When the text and the numbers of a row were erased for its traveller.
ALTER TABLE messages ADD COLUMN forgotten_ms INTEGER;
ALTER TABLE inbound ADD COLUMN forgotten_ms INTEGER;
ALTER TABLE preference_changes ADD COLUMN forgotten_ms INTEGER;
ALTER TABLE preference_flags ADD COLUMN forgotten_ms INTEGER;
