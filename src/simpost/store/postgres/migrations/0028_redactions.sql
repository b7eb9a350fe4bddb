-- How far the texts of an account were erased: up to this id, for a category or `inbound`.
CREATE TABLE redactions (
  account_id integer NOT NULL,
  category text NOT NULL,
  up_to bytea NOT NULL,
  CONSTRAINT redactions_pk PRIMARY KEY (account_id, category)
);

-- Messages that were not sent yet when their turn came: their texts are erased later.
CREATE TABLE late_redactions (
  account_id integer NOT NULL,
  category text NOT NULL,
  message_id bytea NOT NULL,
  CONSTRAINT late_redactions_pk PRIMARY KEY (account_id, category, message_id)
);
