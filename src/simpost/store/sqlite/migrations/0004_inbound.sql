CREATE INDEX esims_by_msisdn ON esims (msisdn, account_id) WHERE msisdn <> '';

-- Messages that come in, by what makes their parts one. Until it is kept it waits for parts; from
-- then on, for some minutes, it is there to be known when it comes again.
CREATE TABLE assemblies (
  id INTEGER NOT NULL,
  carrier TEXT NOT NULL,
  source TEXT NOT NULL,
  destination TEXT NOT NULL,
  kind TEXT NOT NULL,
  reference INTEGER NOT NULL,
  total INTEGER NOT NULL,
  link BLOB NOT NULL, -- the connection over which it came last
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  inbound_id BLOB, -- NULL until it is kept
  reason TEXT, -- of its refusal
  CONSTRAINT assemblies_pk PRIMARY KEY (id)
) STRICT;

CREATE INDEX assemblies_by_reference
  ON assemblies (carrier, source, destination, kind, reference, total, id);
CREATE INDEX assemblies_open ON assemblies (first_ms) WHERE inbound_id IS NULL;
CREATE INDEX assemblies_kept ON assemblies (last_ms) WHERE inbound_id IS NOT NULL;

CREATE TABLE incoming_parts (
  assembly INTEGER NOT NULL,
  number INTEGER NOT NULL,
  encoding TEXT NOT NULL,
  octets BLOB NOT NULL, -- without the header, septets one an octet
  for_application INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  CONSTRAINT incoming_parts_pk PRIMARY KEY (assembly, number)
) STRICT, WITHOUT ROWID;

-- Messages that came in, whole or as far as they came. Written once and never changed.
CREATE TABLE inbound (
  account_id INTEGER NOT NULL, -- 0 when it is nobody's
  id BLOB NOT NULL,
  esim_tran_no TEXT, -- NULL when the eSIM is not known
  carrier TEXT NOT NULL,
  source TEXT NOT NULL,
  destination TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  encoding TEXT NOT NULL,
  text TEXT NOT NULL, -- hex digits when the encoding is binary; empty when it was refused
  part_count INTEGER NOT NULL,
  missing TEXT, -- JSON list of the numbers of parts that never came; NULL when it is whole
  message_id BLOB, -- as which it is carried
  received_ms INTEGER NOT NULL,
  CONSTRAINT inbound_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX inbound_by_esim ON inbound (account_id, esim_tran_no, id);
