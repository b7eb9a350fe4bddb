-- Texts that were refused before they became messages; never the text itself.
CREATE TABLE refusals (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL,
  esim_tran_no TEXT,
  iccid TEXT,
  reason TEXT NOT NULL,
  request_id TEXT,
  created_ms INTEGER NOT NULL,
  CONSTRAINT refusals_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX refusals_by_age ON refusals (created_ms);

-- How many refusals of a day are listed, and how many more there were.
CREATE TABLE refusal_days (
  account_id INTEGER NOT NULL,
  day INTEGER NOT NULL, -- since 1970, UTC
  listed INTEGER NOT NULL,
  not_listed INTEGER NOT NULL,
  CONSTRAINT refusal_days_pk PRIMARY KEY (account_id, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX refusal_days_by_day ON refusal_days (day);
