-- A process that shares this database with others; it beats, and `serial` grows, while it lives.
CREATE TABLE nodes (
  name text NOT NULL,
  run bytea NOT NULL, -- of this process alone
  roles text NOT NULL, -- separated by commas
  version text NOT NULL,
  lease_s double precision NOT NULL, -- so long after its last beat it may own what it has
  started_ms bigint NOT NULL,
  beat_ms bigint NOT NULL, -- to be shown; nothing is decided by it
  serial bigint NOT NULL,
  report text NOT NULL, -- JSON: what it says of its carriers
  CONSTRAINT nodes_pk PRIMARY KEY (name)
);

-- Who has a thing that one node has at a time: a bind, or the duties of dispatch. A node's leases
-- are freed by the same transaction that removes the node.
CREATE TABLE leases (
  thing text NOT NULL,
  node text, -- NULL when it is free
  CONSTRAINT leases_pk PRIMARY KEY (thing)
);

-- What changed, for nodes that keep a copy.
CREATE TABLE changes (
  name text NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT changes_pk PRIMARY KEY (name)
);

-- The line break divides who tells (here nobody: all are to hear it) from what is told; no carrier
-- has a name with a blank.
CREATE FUNCTION tell_of_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changes AS c (name, version) VALUES ('accounts', 1)
  ON CONFLICT (name) DO UPDATE SET version = c.version + 1;
  PERFORM pg_notify('simpost_parts', E'\naccounts changed');
  RETURN NULL;
END $$;

CREATE TRIGGER accounts_changed AFTER INSERT OR UPDATE OR DELETE ON accounts
  FOR EACH STATEMENT EXECUTE FUNCTION tell_of_accounts();

-- The bucket that all nodes draw from for an account. Not logged: after a crash of the database it
-- is full, which is what a second of waiting would have made it.
CREATE UNLOGGED TABLE paces (
  account_id integer NOT NULL,
  level double precision NOT NULL,
  stamp_ms double precision NOT NULL,
  granted double precision NOT NULL, -- by the last draw
  CONSTRAINT paces_pk PRIMARY KEY (account_id)
);

-- Carriers that an operator told to send nothing, on all nodes.
CREATE TABLE orders (
  carrier text NOT NULL,
  unbind boolean NOT NULL,
  CONSTRAINT orders_pk PRIMARY KEY (carrier)
);
