-- What an account pays for a plan, in USD x 10,000.
CREATE TABLE prices (
  account_id INTEGER NOT NULL,
  package_code TEXT NOT NULL,
  price INTEGER NOT NULL,
  retail_price INTEGER NOT NULL,
  CONSTRAINT prices_pk PRIMARY KEY (account_id, package_code)
) STRICT, WITHOUT ROWID;
