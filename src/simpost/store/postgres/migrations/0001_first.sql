-- The schema on PostgreSQL. Words and state codes are those of the embedded store.
--
-- Ids are the 16 octets of a UUIDv7, which begin with their time, so partitions by id are
-- partitions by time, and every lookup by id reads one. Texts of messages are octets (UTF-8),
-- since PostgreSQL takes no NUL in its text and a message may hold one.

CREATE TABLE meta (
  name text NOT NULL,
  value text NOT NULL,
  CONSTRAINT meta_pk PRIMARY KEY (name)
);

CREATE TABLE accounts (
  id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  access_code text NOT NULL,
  sealed_secret text NOT NULL,
  name text NOT NULL,
  dialect text NOT NULL,
  access_code_only boolean NOT NULL,
  ip_allow text NOT NULL, -- JSON list of networks
  requests_per_s double precision NOT NULL,
  category text NOT NULL,
  webhook text NOT NULL,
  enabled boolean NOT NULL,
  CONSTRAINT accounts_pk PRIMARY KEY (id),
  CONSTRAINT accounts_access_code_taken UNIQUE (access_code)
);

CREATE TABLE plans (
  package_code text NOT NULL,
  slug text NOT NULL,
  sms_status integer NOT NULL,
  type text NOT NULL,
  location text NOT NULL,
  data_type integer NOT NULL,
  document text NOT NULL, -- JSON, the documented fields as they came
  CONSTRAINT plans_pk PRIMARY KEY (package_code)
);

CREATE INDEX plans_by_slug ON plans (slug);

CREATE TABLE esims (
  esim_tran_no text NOT NULL,
  account_id integer NOT NULL,
  iccid text NOT NULL,
  msisdn text NOT NULL,
  imsi text NOT NULL,
  order_no text NOT NULL,
  package_code text NOT NULL, -- of its plan, or the plan's slug
  sms_status integer, -- NULL when only its plan knows
  smdp_status text NOT NULL,
  esim_status text NOT NULL,
  created_ms bigint NOT NULL,
  document text NOT NULL,
  CONSTRAINT esims_pk PRIMARY KEY (esim_tran_no)
);

CREATE INDEX esims_by_iccid ON esims (iccid, account_id, created_ms, esim_tran_no);
CREATE INDEX esims_by_order ON esims (account_id, order_no, created_ms);
CREATE INDEX esims_by_age ON esims (account_id, created_ms, esim_tran_no);
CREATE INDEX esims_by_msisdn ON esims (msisdn, account_id) WHERE msisdn <> '';

-- The last concatenation reference given to an eSIM (TS 23.040 9.2.3.24.8).
CREATE TABLE concatenations (
  account_id integer NOT NULL,
  esim_tran_no text NOT NULL,
  reference integer NOT NULL,
  CONSTRAINT concatenations_pk PRIMARY KEY (account_id, esim_tran_no)
);

-- What the customer sent. Written once; only its sender may change when it goes another way.
CREATE TABLE messages (
  account_id integer NOT NULL,
  id bytea NOT NULL,
  esim_tran_no text NOT NULL,
  iccid text NOT NULL,
  destination text NOT NULL,
  sender text NOT NULL,
  category text NOT NULL,
  encoding text NOT NULL,
  reference integer NOT NULL,
  part_count integer NOT NULL,
  created_ms bigint NOT NULL,
  expires_ms bigint NOT NULL,
  request_id text,
  text bytea NOT NULL,
  options text, -- JSON of what differs from the usual
  CONSTRAINT messages_pk PRIMARY KEY (account_id, id)
) PARTITION BY RANGE (id);

CREATE INDEX messages_by_esim ON messages (account_id, esim_tran_no, id);

-- What a carrier counts. `due_ms` is when the part is to be looked at again, NULL when it waits
-- for nothing; a leased part has an owner, and falls due when the lease ends. `message_state` is
-- the fold of all parts and stands in the first one only.
CREATE TABLE parts (
  account_id integer NOT NULL,
  message_id bytea NOT NULL,
  number integer NOT NULL,
  total integer NOT NULL,
  carrier text NOT NULL,
  priority integer NOT NULL,
  expires_ms bigint NOT NULL,
  state integer NOT NULL,
  message_state integer,
  reason text,
  owner text,
  due_ms bigint,
  attempt integer NOT NULL, -- number of the latest try, from its lease on; 0 before the first
  carrier_message_id text,
  carrier_code text,
  sent_ms bigint,
  final_ms bigint,
  updated_ms bigint NOT NULL,
  text bytea, -- NULL when it is the message's
  CONSTRAINT parts_pk PRIMARY KEY (account_id, message_id, number)
) PARTITION BY RANGE (message_id);

-- A part that waits is in the first two, one that is leased in the third, all others in none: they
-- are as large as what is to be done. In the order of claims, so that none of them sorts.
CREATE INDEX parts_waiting
  ON parts (carrier, priority, due_ms, expires_ms, account_id, message_id, number)
  WHERE owner IS NULL AND due_ms IS NOT NULL;
CREATE INDEX parts_ending ON parts (expires_ms) WHERE owner IS NULL AND due_ms IS NOT NULL;
CREATE INDEX parts_leased ON parts (owner, due_ms)
  WHERE owner IS NOT NULL AND due_ms IS NOT NULL;
CREATE INDEX parts_by_message_state ON parts (account_id, message_state, message_id)
  WHERE message_state IS NOT NULL;
-- Ended parts too: a receipt that comes again may come to another node, and is known by its part.
CREATE INDEX parts_by_carrier_id ON parts (carrier, carrier_message_id)
  WHERE carrier_message_id IS NOT NULL;

CREATE TABLE attempts (
  account_id integer NOT NULL,
  message_id bytea NOT NULL,
  part integer NOT NULL,
  number integer NOT NULL,
  carrier text NOT NULL,
  outcome text NOT NULL,
  reason text,
  carrier_message_id text,
  carrier_code text,
  started_ms bigint NOT NULL,
  ended_ms bigint NOT NULL,
  repeat boolean NOT NULL,
  CONSTRAINT attempts_pk PRIMARY KEY (account_id, message_id, part, number)
) PARTITION BY RANGE (message_id);

-- For ids of a time that no partition was made for: nothing is refused for want of one.
CREATE TABLE messages_rest PARTITION OF messages DEFAULT;
CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
CREATE TABLE attempts_rest PARTITION OF attempts DEFAULT;

-- Request ids, and what each was answered with: a message, or the reason of a refusal.
CREATE TABLE requests (
  account_id integer NOT NULL,
  request_id text NOT NULL,
  fingerprint bytea NOT NULL,
  message_id bytea,
  reason text,
  created_ms bigint NOT NULL,
  CONSTRAINT requests_pk PRIMARY KEY (account_id, request_id)
);

CREATE INDEX requests_by_age ON requests (created_ms);

-- Receipts that could not simply be applied; `standing` says why. The same receipt again only
-- counts up `times`.
CREATE TABLE receipts (
  carrier text NOT NULL,
  carrier_message_id text NOT NULL,
  state integer NOT NULL,
  standing text NOT NULL,
  reason text,
  carrier_code text,
  times integer NOT NULL,
  first_ms bigint NOT NULL,
  last_ms bigint NOT NULL,
  account_id integer,
  message_id bytea,
  number integer,
  numbers text, -- a line each
  CONSTRAINT receipts_pk PRIMARY KEY (carrier, carrier_message_id, state)
);

CREATE INDEX receipts_parked ON receipts (last_ms) WHERE standing = 'parked';
CREATE INDEX receipts_by_message ON receipts (account_id, message_id)
  WHERE message_id IS NOT NULL;
CREATE INDEX receipts_by_age ON receipts (last_ms);

CREATE TABLE receipt_forms (
  carrier text NOT NULL,
  base text NOT NULL,
  letters text NOT NULL,
  width integer NOT NULL,
  times bigint NOT NULL,
  first_ms bigint NOT NULL,
  last_ms bigint NOT NULL,
  CONSTRAINT receipt_forms_pk PRIMARY KEY (carrier, base, letters, width)
);

-- Messages that come in, by what makes their parts one. Until it is kept it waits for parts; from
-- then on, for some minutes, it is there to be known when it comes again.
CREATE TABLE assemblies (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  carrier text NOT NULL,
  source text NOT NULL,
  destination text NOT NULL,
  kind text NOT NULL,
  reference bigint NOT NULL,
  total integer NOT NULL,
  link bytea NOT NULL, -- the connection over which it came last
  first_ms bigint NOT NULL,
  last_ms bigint NOT NULL,
  inbound_id bytea, -- NULL until it is kept
  reason text, -- of its refusal
  CONSTRAINT assemblies_pk PRIMARY KEY (id)
);

CREATE INDEX assemblies_by_reference
  ON assemblies (carrier, source, destination, kind, reference, total, id);
CREATE INDEX assemblies_open ON assemblies (first_ms) WHERE inbound_id IS NULL;
CREATE INDEX assemblies_kept ON assemblies (last_ms) WHERE inbound_id IS NOT NULL;

CREATE TABLE incoming_parts (
  assembly bigint NOT NULL,
  number integer NOT NULL,
  encoding text NOT NULL,
  octets bytea NOT NULL, -- without the header, septets one an octet
  for_application boolean NOT NULL,
  received_ms bigint NOT NULL,
  CONSTRAINT incoming_parts_pk PRIMARY KEY (assembly, number)
);

-- Messages that came in, whole or as far as they came. Written once and never changed.
CREATE TABLE inbound (
  account_id integer NOT NULL, -- 0 when it is nobody's
  id bytea NOT NULL,
  esim_tran_no text, -- NULL when the eSIM is not known
  carrier text NOT NULL,
  source text NOT NULL,
  destination text NOT NULL,
  state text NOT NULL,
  reason text,
  encoding text NOT NULL,
  text bytea NOT NULL, -- hex digits when the encoding is binary; empty when it was refused
  part_count integer NOT NULL,
  missing text, -- JSON list of the numbers of parts that never came; NULL when it is whole
  message_id bytea, -- as which it is carried
  received_ms bigint NOT NULL,
  CONSTRAINT inbound_pk PRIMARY KEY (account_id, id)
);

CREATE INDEX inbound_by_esim ON inbound (account_id, esim_tran_no, id);
