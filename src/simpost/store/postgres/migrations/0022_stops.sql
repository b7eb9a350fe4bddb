-- What the administrator stopped. 0 or '' in a column of the key: any.
CREATE TABLE stops (
  account_id integer NOT NULL,
  category text NOT NULL,
  country text NOT NULL, -- ISO 3166-1 Alpha-2
  codes boolean NOT NULL, -- whether one-time codes are stopped, too
  reason text NOT NULL,
  since_ms bigint NOT NULL,
  CONSTRAINT stops_pk PRIMARY KEY (account_id, category, country)
);

-- Nodes read stops again together with accounts.
CREATE TRIGGER stops_changed AFTER INSERT OR UPDATE OR DELETE ON stops
  FOR EACH STATEMENT EXECUTE FUNCTION tell_of_accounts();
