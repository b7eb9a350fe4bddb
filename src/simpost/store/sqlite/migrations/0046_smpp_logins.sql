-- With what clients of accounts bind by SMPP. The password itself is not stored. Events of the
-- account up to `cursor` were acknowledged, or are none of the login's.
CREATE TABLE smpp_logins (
  account_id INTEGER NOT NULL,
  system_id TEXT NOT NULL,
  salt BLOB NOT NULL,
  digest BLOB NOT NULL, -- scrypt of the password
  created_ms INTEGER NOT NULL,
  ip_allow TEXT NOT NULL, -- JSON array of networks
  cursor INTEGER NOT NULL,
  owner TEXT NOT NULL, -- the node that sends receipts now
  lease_ms INTEGER NOT NULL,
  CONSTRAINT smpp_logins_pk PRIMARY KEY (account_id, system_id),
  CONSTRAINT smpp_logins_system_id UNIQUE (system_id)
) STRICT, WITHOUT ROWID;
