-- What the administrator stopped. 0 or '' in a column of the key: any.
CREATE TABLE stops (
  account_id INTEGER NOT NULL,
  category TEXT NOT NULL,
  country TEXT NOT NULL, -- ISO 3166-1 Alpha-2
  codes INTEGER NOT NULL, -- whether one-time codes are stopped, too
  reason TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  CONSTRAINT stops_pk PRIMARY KEY (account_id, category, country)
) STRICT, WITHOUT ROWID;
