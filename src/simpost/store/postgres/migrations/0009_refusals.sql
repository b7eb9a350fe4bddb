-- Texts that were refused before they became messages; never the text itself.
CREATE TABLE refusals (
  account_id integer NOT NULL,
  id bytea NOT NULL,
  esim_tran_no text,
  iccid text,
  reason text NOT NULL,
  request_id text,
  created_ms bigint NOT NULL,
  CONSTRAINT refusals_pk PRIMARY KEY (account_id, id)
);

CREATE INDEX refusals_by_age ON refusals (created_ms);

-- How many refusals of a day are listed, and how many more there were.
CREATE TABLE refusal_days (
  account_id integer NOT NULL,
  day integer NOT NULL, -- since 1970, UTC
  listed bigint NOT NULL,
  not_listed bigint NOT NULL,
  CONSTRAINT refusal_days_pk PRIMARY KEY (account_id, day)
);

CREATE INDEX refusal_days_by_day ON refusal_days (day);
