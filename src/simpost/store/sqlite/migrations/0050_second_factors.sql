-- Authenticators of console users. One without confirmed_ms does not count yet.
CREATE TABLE console_totp (
  user_name TEXT NOT NULL,
  secret TEXT NOT NULL, -- sealed
  created_ms INTEGER NOT NULL,
  confirmed_ms INTEGER,
  last_step INTEGER NOT NULL, -- of the last code that was used: no earlier one counts
  failures INTEGER NOT NULL, -- wrong codes since the last right one
  failed_ms INTEGER NOT NULL,
  CONSTRAINT console_totp_pk PRIMARY KEY (user_name)
) STRICT, WITHOUT ROWID;

-- Recovery codes that were not used. The codes themselves are not stored.
CREATE TABLE console_recovery_codes (
  user_name TEXT NOT NULL,
  digest BLOB NOT NULL, -- SHA-256
  CONSTRAINT console_recovery_codes_pk PRIMARY KEY (user_name, digest)
) STRICT, WITHOUT ROWID;
