-- Messages that a client of the SMPP port cuts itself, while parts are missing.
CREATE TABLE smpp_assemblies (
  account_id integer NOT NULL,
  message_id bytea NOT NULL, -- the message that the parts will be
  digest bytea NOT NULL, -- of what the parts have in common
  total integer NOT NULL,
  created_ms bigint NOT NULL,
  CONSTRAINT smpp_assemblies_pk PRIMARY KEY (account_id, message_id),
  CONSTRAINT smpp_assemblies_digest UNIQUE (account_id, digest)
);

CREATE INDEX smpp_assemblies_by_age ON smpp_assemblies (created_ms);

CREATE TABLE smpp_parts (
  account_id integer NOT NULL,
  message_id bytea NOT NULL,
  number integer NOT NULL,
  octets bytea NOT NULL, -- sealed
  encoding text NOT NULL,
  reference text NOT NULL, -- of the message, with what this part wants
  CONSTRAINT smpp_parts_pk PRIMARY KEY (account_id, message_id, number)
);
