-- Names of templates. A deleted name keeps its number, so that versions are never used twice.
CREATE TABLE templates (
  account_id integer NOT NULL,
  name text COLLATE "C" NOT NULL,
  version integer NOT NULL, -- the latest
  deleted_ms bigint,
  CONSTRAINT templates_pk PRIMARY KEY (account_id, name)
);

-- Versions never change.
CREATE TABLE template_versions (
  account_id integer NOT NULL,
  name text COLLATE "C" NOT NULL,
  version integer NOT NULL,
  content text NOT NULL, -- JSON: texts by language, and variables
  created_ms bigint NOT NULL,
  CONSTRAINT template_versions_pk PRIMARY KEY (account_id, name, version)
);
