-- The whole schema of the embedded store, as it stands after all migrations.
--
-- Ids are the 16 octets of a UUIDv7, so a table clustered by (account_id, id) grows at its end.
-- Times are milliseconds since 1970-01-01 UTC. A state is a number whose tens are its rank:
-- 10 accepted, 20 scheduled, 21 held, 30 sending, 40 in doubt, 50 sent,
-- 100 delivered, 101 failed, 102 expired, 103 rejected, 104 cancelled.

CREATE TABLE meta (
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  CONSTRAINT meta_pk PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  id INTEGER NOT NULL,
  access_code TEXT NOT NULL,
  sealed_secret TEXT NOT NULL,
  name TEXT NOT NULL,
  dialect TEXT NOT NULL,
  access_code_only INTEGER NOT NULL,
  ip_allow TEXT NOT NULL, -- JSON list of networks
  requests_per_s REAL NOT NULL,
  category TEXT NOT NULL,
  webhook TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  look_alikes INTEGER NOT NULL DEFAULT 0, -- in texts, where they save parts
  CONSTRAINT accounts_pk PRIMARY KEY (id),
  CONSTRAINT accounts_access_code_taken UNIQUE (access_code)
) STRICT;

CREATE TABLE plans (
  package_code TEXT NOT NULL,
  slug TEXT NOT NULL,
  sms_status INTEGER NOT NULL,
  type TEXT NOT NULL,
  location TEXT NOT NULL,
  data_type INTEGER NOT NULL,
  document TEXT NOT NULL, -- JSON, the documented fields as they came
  retired_ms INTEGER, -- since when it is sold no more
  CONSTRAINT plans_pk PRIMARY KEY (package_code)
) STRICT, WITHOUT ROWID;

CREATE INDEX plans_by_slug ON plans (slug);

CREATE TABLE esims (
  esim_tran_no TEXT NOT NULL,
  account_id INTEGER NOT NULL,
  iccid TEXT NOT NULL,
  msisdn TEXT NOT NULL,
  imsi TEXT NOT NULL,
  order_no TEXT NOT NULL,
  package_code TEXT NOT NULL, -- of its plan, or the plan's slug
  sms_status INTEGER, -- NULL when only its plan knows
  smdp_status TEXT NOT NULL,
  esim_status TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  document TEXT NOT NULL,
  retired_ms INTEGER, -- since when sends to it are refused
  CONSTRAINT esims_pk PRIMARY KEY (esim_tran_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX esims_by_iccid ON esims (account_id, iccid, created_ms);
CREATE INDEX esims_by_order ON esims (account_id, order_no, created_ms);
CREATE INDEX esims_by_age ON esims (account_id, created_ms, esim_tran_no);
CREATE INDEX esims_by_msisdn ON esims (msisdn, account_id) WHERE msisdn <> '';
CREATE INDEX esims_by_imsi ON esims (imsi) WHERE imsi <> '';

-- The last concatenation reference given to an eSIM (TS 23.040 9.2.3.24.8).
CREATE TABLE concatenations (
  account_id INTEGER NOT NULL,
  esim_tran_no TEXT NOT NULL,
  reference INTEGER NOT NULL,
  CONSTRAINT concatenations_pk PRIMARY KEY (account_id, esim_tran_no)
) STRICT, WITHOUT ROWID;

-- What the customer sent. Written once and never changed: what becomes of it stands in parts.
CREATE TABLE messages (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL,
  esim_tran_no TEXT NOT NULL,
  iccid TEXT NOT NULL,
  destination TEXT NOT NULL,
  sender TEXT NOT NULL,
  category TEXT NOT NULL,
  encoding TEXT NOT NULL,
  reference INTEGER NOT NULL,
  part_count INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  request_id TEXT,
  text TEXT NOT NULL, -- hex digits when the encoding is binary
  options TEXT, -- JSON, how it is sent beside its text; NULL when as usual
  CONSTRAINT messages_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_by_esim ON messages (account_id, esim_tran_no, id);

-- What a carrier counts. `due_ms` is when the part is to be looked at again, NULL when it waits
-- for nothing; a leased part has an owner, and falls due when the lease ends. `message_state` is
-- the fold of all parts and stands in the first one only.
CREATE TABLE parts (
  account_id INTEGER NOT NULL,
  message_id BLOB NOT NULL,
  number INTEGER NOT NULL,
  total INTEGER NOT NULL,
  carrier TEXT NOT NULL,
  priority INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  state INTEGER NOT NULL,
  message_state INTEGER,
  reason TEXT,
  owner TEXT,
  due_ms INTEGER,
  attempt INTEGER NOT NULL, -- number of the latest try, from its lease on; 0 before the first
  carrier_message_id TEXT,
  carrier_code TEXT,
  sent_ms INTEGER,
  final_ms INTEGER,
  updated_ms INTEGER NOT NULL,
  text TEXT, -- NULL when it is the message's
  CONSTRAINT parts_pk PRIMARY KEY (account_id, message_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX parts_due ON parts (owner, carrier, priority, due_ms, expires_ms)
  WHERE due_ms IS NOT NULL;
CREATE INDEX parts_by_message_state ON parts (account_id, message_state, message_id)
  WHERE message_state IS NOT NULL;
-- Only parts that still wait for a receipt: the index is as large as what is in flight, so carrier
-- ids may be as random as they like.
CREATE INDEX parts_by_carrier_id ON parts (carrier, carrier_message_id)
  WHERE carrier_message_id IS NOT NULL AND final_ms IS NULL;
CREATE INDEX parts_in_doubt ON parts (carrier) WHERE state = 40;

CREATE TABLE attempts (
  account_id INTEGER NOT NULL,
  message_id BLOB NOT NULL,
  part INTEGER NOT NULL,
  number INTEGER NOT NULL,
  carrier TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT,
  carrier_message_id TEXT,
  carrier_code TEXT,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  repeat INTEGER NOT NULL,
  CONSTRAINT attempts_pk PRIMARY KEY (account_id, message_id, part, number)
) STRICT, WITHOUT ROWID;

-- Request ids, and what each was answered with: a message, or the reason of a refusal.
CREATE TABLE requests (
  account_id INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  message_id BLOB,
  reason TEXT,
  created_ms INTEGER NOT NULL,
  CONSTRAINT requests_pk PRIMARY KEY (account_id, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_by_age ON requests (created_ms);

-- Receipts that could not simply be applied. `standing` says why: parked (no part had this id
-- yet), matched (parked, and applied later), late (the part had ended), duplicate (said nothing
-- new), ambiguous (two open parts had this id). The same receipt again only counts up `times`.
CREATE TABLE receipts (
  carrier TEXT NOT NULL,
  carrier_message_id TEXT NOT NULL,
  state INTEGER NOT NULL,
  standing TEXT NOT NULL,
  reason TEXT,
  carrier_code TEXT,
  times INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  account_id INTEGER,
  message_id BLOB,
  number INTEGER,
  numbers TEXT, -- those the receipt names, one a line; NULL when it names none
  text_id TEXT, -- of its text, where that is not the one in the TLV
  CONSTRAINT receipts_pk PRIMARY KEY (carrier, carrier_message_id, state)
) STRICT, WITHOUT ROWID;

CREATE INDEX receipts_parked ON receipts (last_ms) WHERE standing = 'parked';
CREATE INDEX receipts_ambiguous ON receipts (last_ms) WHERE standing = 'ambiguous';
CREATE INDEX receipts_by_message ON receipts (account_id, message_id)
  WHERE message_id IS NOT NULL;
CREATE INDEX receipts_by_text_id ON receipts (carrier, text_id) WHERE text_id IS NOT NULL;

-- How a carrier was seen to write the ids of its answers in its receipts.
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
  raw BLOB, -- as it came, in MessagePack; NULL of before schema 0007
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
  raw BLOB, -- its parts as they came, in MessagePack; NULL of before schema 0007, and if refused
  CONSTRAINT inbound_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX inbound_by_esim ON inbound (account_id, esim_tran_no, id);

-- Texts that were refused before they became messages; never the text itself.
CREATE TABLE refusals (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL,
  esim_tran_no TEXT,
  iccid TEXT,
  reason TEXT NOT NULL,
  request_id TEXT,
  created_ms INTEGER NOT NULL,
  CONSTRAINT refusals_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX refusals_by_age ON refusals (created_ms);

-- How many refusals of a day are listed, and how many more there were.
CREATE TABLE refusal_days (
  account_id INTEGER NOT NULL,
  day INTEGER NOT NULL, -- since 1970, UTC
  listed INTEGER NOT NULL,
  not_listed INTEGER NOT NULL,
  CONSTRAINT refusal_days_pk PRIMARY KEY (account_id, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX refusal_days_by_day ON refusal_days (day);

-- What an account pays for a plan, in USD x 10,000.
CREATE TABLE prices (
  account_id INTEGER NOT NULL,
  package_code TEXT NOT NULL,
  price INTEGER NOT NULL,
  retail_price INTEGER NOT NULL,
  CONSTRAINT prices_pk PRIMARY KEY (account_id, package_code)
) STRICT, WITHOUT ROWID;

-- What happened, in the order in which it was committed: written once and never changed.
CREATE TABLE events (
  account_id INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  type TEXT NOT NULL, -- such as message.delivered
  subject TEXT NOT NULL, -- the id of what it is about, as the API writes it
  at_ms INTEGER NOT NULL,
  data TEXT NOT NULL, -- JSON object; never a text, a phone number or a secret
  CONSTRAINT events_pk PRIMARY KEY (account_id, sequence)
) STRICT, WITHOUT ROWID;

-- The accounts whose events are or were kept. `deleted_to` is the highest sequence number that is
-- no longer kept.
CREATE TABLE event_logs (
  account_id INTEGER NOT NULL,
  kept INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL,
  deleted_to INTEGER NOT NULL,
  CONSTRAINT event_logs_pk PRIMARY KEY (account_id)
) STRICT;

-- What the event of a message says, of the message as it is at this moment.
CREATE VIEW message_events AS
SELECT p.account_id, p.message_id,
  'message.' || CASE p.message_state
    WHEN 10 THEN 'accepted' WHEN 20 THEN 'scheduled' WHEN 21 THEN 'held' WHEN 30 THEN 'sending'
    WHEN 40 THEN 'in_doubt' WHEN 50 THEN 'sent' WHEN 100 THEN 'delivered' WHEN 101 THEN 'failed'
    WHEN 102 THEN 'expired' WHEN 103 THEN 'rejected' WHEN 104 THEN 'cancelled' END AS type,
  substr(lower(hex(p.message_id)), 1, 8) || '-' || substr(lower(hex(p.message_id)), 9, 4) || '-'
    || substr(lower(hex(p.message_id)), 13, 4) || '-' || substr(lower(hex(p.message_id)), 17, 4)
    || '-' || substr(lower(hex(p.message_id)), 21) AS subject,
  iif(p.total = 1, p.updated_ms, (
    SELECT max(s.updated_ms) FROM parts AS s
    WHERE s.account_id = p.account_id AND s.message_id = p.message_id)) AS at_ms,
  json_object(
    'carrier', p.carrier,
    'reason', iif(p.total = 1, p.reason, (
      SELECT s.reason FROM parts AS s
      WHERE s.account_id = p.account_id AND s.message_id = p.message_id
        AND s.state = p.message_state ORDER BY s.number LIMIT 1)),
    'parts', p.total,
    'deliveredParts', iif(p.total = 1, p.state = 100, (
      SELECT count(*) FROM parts AS s
      WHERE s.account_id = p.account_id AND s.message_id = p.message_id AND s.state = 100))
  ) AS data
FROM parts AS p WHERE p.number = 1;

-- The one place where events of messages are written: whatever sets `message_state` comes by here.
CREATE TRIGGER message_accepted AFTER INSERT ON parts
WHEN new.message_state IS NOT NULL
  AND EXISTS (SELECT 1 FROM event_logs WHERE account_id = new.account_id AND kept)
BEGIN
  UPDATE event_logs SET last_sequence = last_sequence + 1 WHERE account_id = new.account_id;
  INSERT INTO events (account_id, sequence, type, subject, at_ms, data)
  SELECT l.account_id, l.last_sequence, e.type, e.subject, e.at_ms, e.data
  FROM event_logs AS l CROSS JOIN message_events AS e
    ON e.account_id = l.account_id AND e.message_id = new.message_id
  WHERE l.account_id = new.account_id;
END;

CREATE TRIGGER message_changed AFTER UPDATE OF message_state ON parts
WHEN new.message_state IS NOT old.message_state
  AND EXISTS (SELECT 1 FROM event_logs WHERE account_id = new.account_id AND kept)
BEGIN
  UPDATE event_logs SET last_sequence = last_sequence + 1 WHERE account_id = new.account_id;
  INSERT INTO events (account_id, sequence, type, subject, at_ms, data)
  SELECT l.account_id, l.last_sequence, e.type, e.subject, e.at_ms, e.data
  FROM event_logs AS l CROSS JOIN message_events AS e
    ON e.account_id = l.account_id AND e.message_id = new.message_id
  WHERE l.account_id = new.account_id;
END;
