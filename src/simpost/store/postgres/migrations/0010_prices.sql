-- What an account pays for a plan, in USD x 10,000.
CREATE TABLE prices (
  account_id integer NOT NULL,
  package_code text NOT NULL,
  price bigint NOT NULL,
  retail_price bigint NOT NULL,
  CONSTRAINT prices_pk PRIMARY KEY (account_id, package_code)
);
