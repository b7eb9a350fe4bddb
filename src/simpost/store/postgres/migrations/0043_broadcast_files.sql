-- Files with the eSIMs of a broadcast, and values of its template for each.
CREATE TABLE broadcast_files (
  account_id integer NOT NULL,
  id bytea NOT NULL, -- UUIDv7
  name text NOT NULL,
  row_count integer NOT NULL,
  good integer NOT NULL,
  last_line integer NOT NULL,
  created_ms bigint NOT NULL,
  is_stored integer NOT NULL, -- 0 while its rows are written
  CONSTRAINT broadcast_files_pk PRIMARY KEY (account_id, id)
);

CREATE INDEX broadcast_files_by_age ON broadcast_files (created_ms);

-- A row names an eSIM, or has the reason why it is refused.
CREATE TABLE broadcast_file_rows (
  account_id integer NOT NULL,
  file_id bytea NOT NULL,
  line integer NOT NULL,
  esim_tran_no text,
  reason text,
  given text NOT NULL, -- JSON, values of variables
  CONSTRAINT broadcast_file_rows_pk PRIMARY KEY (account_id, file_id, line)
);

CREATE UNIQUE INDEX broadcast_file_rows_by_esim
  ON broadcast_file_rows (account_id, esim_tran_no, file_id) WHERE esim_tran_no IS NOT NULL;

ALTER TABLE broadcasts ADD COLUMN file_id bytea;
