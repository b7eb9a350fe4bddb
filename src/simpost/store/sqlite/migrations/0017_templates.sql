-- Names of templates. A deleted name keeps its number, so that versions are never used twice.
CREATE TABLE templates (
  account_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL, -- the latest
  deleted_ms INTEGER,
  CONSTRAINT templates_pk PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;

-- Versions never change.
CREATE TABLE template_versions (
  account_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  content TEXT NOT NULL, -- JSON: texts by language, and variables
  created_ms INTEGER NOT NULL,
  CONSTRAINT template_versions_pk PRIMARY KEY (account_id, name, version)
) STRICT;
