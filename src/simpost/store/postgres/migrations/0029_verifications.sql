-- One-time codes that show who holds an eSIM. `digest` and `code` are wiped when the state is final.
CREATE TABLE verifications (
  account_id integer NOT NULL,
  id bytea NOT NULL,
  esim_tran_no text NOT NULL,
  purpose text NOT NULL,
  session_key text NOT NULL,
  state text NOT NULL,
  digest bytea, -- keyed, of the code
  code text, -- sealed with the key `text_key`
  text_key text,
  sends integer NOT NULL,
  messages integer NOT NULL, -- sends that have their message
  checks integer NOT NULL,
  max_checks integer NOT NULL,
  created_ms bigint NOT NULL,
  expires_ms bigint NOT NULL,
  resend_ms bigint,
  message_id bytea, -- of the latest send
  ended_ms bigint,
  CONSTRAINT verifications_pk PRIMARY KEY (account_id, id)
);

CREATE UNIQUE INDEX verifications_pending ON verifications (account_id, esim_tran_no, purpose)
  WHERE state = 'pending';
CREATE INDEX verifications_by_expiry ON verifications (expires_ms) WHERE state = 'pending';
CREATE INDEX verifications_by_end ON verifications (ended_ms) WHERE ended_ms IS NOT NULL;
