-- People who sign in to the console. The password itself is not stored.
CREATE TABLE console_users (
  name text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  account_id integer, -- the only account that the user sees; NULL: all
  password_digest text COLLATE "C" NOT NULL, -- Argon2id, a PHC string
  created_ms bigint NOT NULL,
  CONSTRAINT console_users_pk PRIMARY KEY (name)
);

-- Browsers that are signed in. The token itself is not stored.
CREATE TABLE console_sessions (
  digest bytea NOT NULL, -- SHA-256 of the token
  user_name text COLLATE "C" NOT NULL,
  created_ms bigint NOT NULL,
  seen_ms bigint NOT NULL,
  address text COLLATE "C" NOT NULL,
  CONSTRAINT console_sessions_pk PRIMARY KEY (digest)
);
CREATE INDEX console_sessions_by_user ON console_sessions (user_name, created_ms);

-- What users of the console changed and revealed. Never a text, never a number.
CREATE TABLE console_audit (
  id bytea NOT NULL,
  at_ms bigint NOT NULL,
  user_name text COLLATE "C" NOT NULL,
  account_id integer, -- NULL: the installation
  action text COLLATE "C" NOT NULL,
  target text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  CONSTRAINT console_audit_pk PRIMARY KEY (id)
);
CREATE INDEX console_audit_by_account ON console_audit (account_id, id);
CREATE INDEX console_audit_by_time ON console_audit (at_ms);
