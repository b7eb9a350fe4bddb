-- Messages that a client of the SMPP port cuts itself, while parts are missing.
CREATE TABLE smpp_assemblies (
  account_id INTEGER NOT NULL,
  message_id BLOB NOT NULL, -- the message that the parts will be
  digest BLOB NOT NULL, -- of what the parts have in common
  total INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  CONSTRAINT smpp_assemblies_pk PRIMARY KEY (account_id, message_id),
  CONSTRAINT smpp_assemblies_digest UNIQUE (account_id, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX smpp_assemblies_by_age ON smpp_assemblies (created_ms);

CREATE TABLE smpp_parts (
  account_id INTEGER NOT NULL,
  message_id BLOB NOT NULL,
  number INTEGER NOT NULL,
  octets BLOB NOT NULL, -- sealed
  encoding TEXT NOT NULL,
  reference TEXT NOT NULL, -- of the message, with what this part wants
  CONSTRAINT smpp_parts_pk PRIMARY KEY (account_id, message_id, number)
) STRICT, WITHOUT ROWID;
