-- People who sign in to the console. The password itself is not stored.
CREATE TABLE console_users (
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  account_id INTEGER, -- the only account that the user sees; NULL: all
  password_digest TEXT NOT NULL, -- Argon2id, a PHC string
  created_ms INTEGER NOT NULL,
  CONSTRAINT console_users_pk PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

-- Browsers that are signed in. The token itself is not stored.
CREATE TABLE console_sessions (
  digest BLOB NOT NULL, -- SHA-256 of the token
  user_name TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL,
  address TEXT NOT NULL,
  CONSTRAINT console_sessions_pk PRIMARY KEY (digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX console_sessions_by_user ON console_sessions (user_name, created_ms);

-- What users of the console changed and revealed. Never a text, never a number.
CREATE TABLE console_audit (
  id BLOB NOT NULL,
  at_ms INTEGER NOT NULL,
  user_name TEXT NOT NULL,
  account_id INTEGER, -- NULL: the installation
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  address TEXT NOT NULL,
  CONSTRAINT console_audit_pk PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX console_audit_by_account ON console_audit (account_id, id);
CREATE INDEX console_audit_by_time ON console_audit (at_ms);
