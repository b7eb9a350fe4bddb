-- Copies of suppliers' catalogues: the last pull of each source, and what was saved of it.
CREATE TABLE catalogue_syncs (
  name TEXT NOT NULL, -- of the source in the configuration
  applied_ms INTEGER,
  full_ms INTEGER,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER, -- null while the pull runs
  lease_ms INTEGER NOT NULL,
  is_dry INTEGER NOT NULL,
  problem TEXT NOT NULL,
  report TEXT, -- JSON
  CONSTRAINT catalogue_syncs_pk PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

-- eSIMs that a source listed at any time, so that those of others are never called missing.
CREATE TABLE listed_esims (
  source TEXT NOT NULL,
  esim_tran_no TEXT NOT NULL,
  missing_ms INTEGER,
  CONSTRAINT listed_esims_pk PRIMARY KEY (source, esim_tran_no)
) STRICT, WITHOUT ROWID;
