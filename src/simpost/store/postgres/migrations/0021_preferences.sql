-- Categories of which the traveller decided, such as "promotion". The row of an account with an
-- empty esim_tran_no has the defaults for its eSIMs.
ALTER TABLE recipients ADD COLUMN own_choices text NOT NULL DEFAULT '';

-- How preferences changed, who changed them, and what the traveller said.
CREATE TABLE preference_changes (
  account_id integer NOT NULL,
  id bytea NOT NULL, -- UUIDv7
  esim_tran_no text NOT NULL, -- empty: the defaults of the account
  way text NOT NULL, -- api, cli, import, handset or link
  actor text NOT NULL, -- empty: the traveller
  words text NOT NULL,
  differences text NOT NULL, -- JSON: {"promotion": {"from": null, "to": false}}
  at_ms bigint NOT NULL,
  CONSTRAINT preference_changes_pk PRIMARY KEY (account_id, id)
);

CREATE INDEX preference_changes_by_esim ON preference_changes (account_id, esim_tran_no, id);

-- Texts that may mean "stop", for a person to read.
CREATE TABLE preference_flags (
  account_id integer NOT NULL,
  id bytea NOT NULL, -- of the inbound message
  esim_tran_no text NOT NULL,
  words text NOT NULL,
  at_ms bigint NOT NULL,
  CONSTRAINT preference_flags_pk PRIMARY KEY (account_id, id)
);

-- The nodes keep the defaults with their accounts.
CREATE TRIGGER defaults_changed AFTER INSERT OR UPDATE ON recipients
FOR EACH ROW WHEN (new.esim_tran_no = '') EXECUTE FUNCTION tell_of_accounts();
