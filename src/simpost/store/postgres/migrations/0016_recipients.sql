-- The traveller behind an eSIM: where they are and what they want. Absent: nothing is known.
CREATE TABLE recipients (
  account_id integer NOT NULL,
  esim_tran_no text NOT NULL,
  country text NOT NULL, -- ISO 3166-1 Alpha-2 of the last known country, or empty
  language text NOT NULL, -- BCP 47 tag, or empty
  choices text NOT NULL, -- such as "notice=yes promotion=no"; a category not in it has no choice
  open_hours text NOT NULL, -- such as "08:00-20:00", or "always"; empty: those of the country
  CONSTRAINT recipients_pk PRIMARY KEY (account_id, esim_tran_no)
);
