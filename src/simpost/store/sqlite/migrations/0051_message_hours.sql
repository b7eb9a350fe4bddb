-- Messages by hour of acceptance. A job counts them again while any of an hour is not final.
CREATE TABLE message_hours (
  account_id INTEGER NOT NULL, -- 0: the sum of all accounts
  hour INTEGER NOT NULL, -- hours since 1970
  counted_ms INTEGER NOT NULL,
  states TEXT NOT NULL, -- JSON: how many are in each state
  delays TEXT NOT NULL, -- JSON: deliveries by bucket of their delay
  CONSTRAINT message_hours_pk PRIMARY KEY (account_id, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_hours_by_time ON message_hours (hour);
