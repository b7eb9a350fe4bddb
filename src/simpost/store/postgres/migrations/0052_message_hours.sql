-- Messages by hour of acceptance. A job counts them again while any of an hour is not final.
CREATE TABLE message_hours (
  account_id integer NOT NULL, -- 0: the sum of all accounts
  hour integer NOT NULL, -- hours since 1970
  counted_ms bigint NOT NULL,
  states text NOT NULL, -- JSON: how many are in each state
  delays text NOT NULL, -- JSON: deliveries by bucket of their delay
  CONSTRAINT message_hours_pk PRIMARY KEY (account_id, hour)
);

CREATE INDEX message_hours_by_time ON message_hours (hour);
