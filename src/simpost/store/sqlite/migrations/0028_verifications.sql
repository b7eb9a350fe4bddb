-- One-time codes that show who holds an eSIM. `digest` and `code` are wiped when the state is final.
CREATE TABLE verifications (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL,
  esim_tran_no TEXT NOT NULL,
  purpose TEXT NOT NULL,
  session_key TEXT NOT NULL,
  state TEXT NOT NULL,
  digest BLOB, -- keyed, of the code
  code TEXT, -- sealed with the key `text_key`
  text_key TEXT,
  sends INTEGER NOT NULL,
  messages INTEGER NOT NULL, -- sends that have their message
  checks INTEGER NOT NULL,
  max_checks INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  resend_ms INTEGER,
  message_id BLOB, -- of the latest send
  ended_ms INTEGER,
  CONSTRAINT verifications_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX verifications_pending ON verifications (account_id, esim_tran_no, purpose)
  WHERE state = 'pending';
CREATE INDEX verifications_by_expiry ON verifications (expires_ms) WHERE state = 'pending';
CREATE INDEX verifications_by_end ON verifications (ended_ms) WHERE ended_ms IS NOT NULL;
