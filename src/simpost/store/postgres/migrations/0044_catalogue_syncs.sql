-- Copies of suppliers' catalogues: the last pull of each source, and what was saved of it.
CREATE TABLE catalogue_syncs (
  name text NOT NULL, -- of the source in the configuration
  applied_ms bigint,
  full_ms bigint,
  started_ms bigint NOT NULL,
  ended_ms bigint, -- null while the pull runs
  lease_ms bigint NOT NULL,
  is_dry boolean NOT NULL,
  problem text NOT NULL,
  report text, -- JSON
  CONSTRAINT catalogue_syncs_pk PRIMARY KEY (name)
);

-- eSIMs that a source listed at any time, so that those of others are never called missing.
CREATE TABLE listed_esims (
  source text NOT NULL,
  esim_tran_no text NOT NULL,
  missing_ms bigint,
  CONSTRAINT listed_esims_pk PRIMARY KEY (source, esim_tran_no)
);
