-- Bearer keys of accounts. The key itself is not stored.
CREATE TABLE api_keys (
  account_id integer NOT NULL,
  id text COLLATE "C" NOT NULL, -- public: part of the key
  name text NOT NULL,
  digest bytea NOT NULL, -- SHA-256 of the key
  scopes text NOT NULL, -- separated by blanks
  created_ms bigint NOT NULL,
  expires_ms bigint,
  last_used_ms bigint,
  CONSTRAINT api_keys_pk PRIMARY KEY (account_id, id),
  CONSTRAINT api_keys_id UNIQUE (id)
);

-- Nodes reload keys with the accounts. Not for an UPDATE: that only says when a key was used.
CREATE TRIGGER api_keys_changed AFTER INSERT OR DELETE ON api_keys
  FOR EACH STATEMENT EXECUTE FUNCTION tell_of_accounts();
