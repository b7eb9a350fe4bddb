-- Categories of which the traveller decided, such as "promotion". The row of an account with an
-- empty esim_tran_no has the defaults for its eSIMs.
ALTER TABLE recipients ADD COLUMN own_choices TEXT NOT NULL DEFAULT '';

-- How preferences changed, who changed them, and what the traveller said.
CREATE TABLE preference_changes (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL, -- UUIDv7
  esim_tran_no TEXT NOT NULL, -- empty: the defaults of the account
  way TEXT NOT NULL, -- api, cli, import, handset or link
  actor TEXT NOT NULL, -- empty: the traveller
  words TEXT NOT NULL,
  differences TEXT NOT NULL, -- JSON: {"promotion": {"from": null, "to": false}}
  at_ms INTEGER NOT NULL,
  CONSTRAINT preference_changes_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX preference_changes_by_esim ON preference_changes (account_id, esim_tran_no, id);

-- Texts that may mean "stop", for a person to read.
CREATE TABLE preference_flags (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL, -- of the inbound message
  esim_tran_no TEXT NOT NULL,
  words TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  CONSTRAINT preference_flags_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
