-- How much of each quota was used in each period: counted in the transaction that commits a message.
CREATE TABLE quota_uses (
  account_id INTEGER NOT NULL,
  counter TEXT NOT NULL, -- what is counted, such as notice:26010100000001
  period TEXT NOT NULL, -- such as 2026-11-29
  used INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL, -- when the row may be deleted
  CONSTRAINT quota_uses_pk PRIMARY KEY (account_id, counter, period)
) STRICT, WITHOUT ROWID;

CREATE INDEX quota_uses_by_expiry ON quota_uses (expires_ms);
