-- Bearer keys of accounts. The key itself is not stored.
CREATE TABLE api_keys (
  account_id INTEGER NOT NULL,
  id TEXT NOT NULL, -- public: part of the key
  name TEXT NOT NULL,
  digest BLOB NOT NULL, -- SHA-256 of the key
  scopes TEXT NOT NULL, -- separated by blanks
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER,
  last_used_ms INTEGER,
  CONSTRAINT api_keys_pk PRIMARY KEY (account_id, id),
  CONSTRAINT api_keys_id UNIQUE (id)
) STRICT, WITHOUT ROWID;
