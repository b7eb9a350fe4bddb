ALTER TABLE receipts ADD COLUMN numbers TEXT;
CREATE INDEX receipts_by_message ON receipts (account_id, message_id)
  WHERE message_id IS NOT NULL;

CREATE TABLE receipt_forms (
  carrier TEXT NOT NULL,
  base TEXT NOT NULL,
  letters TEXT NOT NULL,
  width INTEGER NOT NULL,
  times INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  CONSTRAINT receipt_forms_pk PRIMARY KEY (carrier, base, letters, width)
) STRICT, WITHOUT ROWID;
