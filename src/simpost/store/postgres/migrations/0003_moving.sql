-- The move that brought an embedded store here; one at most, and never a second.
CREATE TABLE moves (
  id bytea NOT NULL, -- the same stands in the file
  started_ms bigint NOT NULL,
  compared_ms bigint, -- when both sides had the same counts
  finished_ms bigint, -- from then on the database may be served
  CONSTRAINT moves_pk PRIMARY KEY (id)
);

-- How far it came, written together with the rows themselves.
CREATE TABLE move_steps (
  table_name text NOT NULL,
  after bytea, -- key of the last row that came, as MessagePack
  row_count bigint NOT NULL,
  is_done boolean NOT NULL,
  CONSTRAINT move_steps_pk PRIMARY KEY (table_name)
);
