-- The traveller behind an eSIM: where they are and what they want. Absent: nothing is known.
CREATE TABLE recipients (
  account_id INTEGER NOT NULL,
  esim_tran_no TEXT NOT NULL,
  country TEXT NOT NULL, -- ISO 3166-1 Alpha-2 of the last known country, or empty
  language TEXT NOT NULL, -- BCP 47 tag, or empty
  choices TEXT NOT NULL, -- such as "notice=yes promotion=no"; a category not in it has no choice
  open_hours TEXT NOT NULL, -- such as "08:00-20:00", or "always"; empty: those of the country
  CONSTRAINT recipients_pk PRIMARY KEY (account_id, esim_tran_no)
) STRICT, WITHOUT ROWID;
