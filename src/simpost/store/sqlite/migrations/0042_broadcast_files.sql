-- Files with the eSIMs of a broadcast, and values of its template for each.
CREATE TABLE broadcast_files (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL, -- UUIDv7
  name TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  good INTEGER NOT NULL,
  last_line INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  is_stored INTEGER NOT NULL, -- 0 while its rows are written
  CONSTRAINT broadcast_files_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX broadcast_files_by_age ON broadcast_files (created_ms);

-- A row names an eSIM, or has the reason why it is refused.
CREATE TABLE broadcast_file_rows (
  account_id INTEGER NOT NULL,
  file_id BLOB NOT NULL,
  line INTEGER NOT NULL,
  esim_tran_no TEXT,
  reason TEXT,
  given TEXT NOT NULL, -- JSON, values of variables
  CONSTRAINT broadcast_file_rows_pk PRIMARY KEY (account_id, file_id, line)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX broadcast_file_rows_by_esim
  ON broadcast_file_rows (account_id, esim_tran_no, file_id) WHERE esim_tran_no IS NOT NULL;

ALTER TABLE broadcasts ADD COLUMN file_id BLOB;
