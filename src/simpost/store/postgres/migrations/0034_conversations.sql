-- The texts of an eSIM that people answer, in episodes. One of an eSIM is not closed.
CREATE TABLE conversations (
  account_id integer NOT NULL,
  id bytea NOT NULL,
  esim_tran_no text NOT NULL,
  status text NOT NULL,
  assignee text NOT NULL,
  tags text NOT NULL, -- each between line feeds
  unread integer NOT NULL,
  own_number text NOT NULL, -- that the eSIM wrote to
  opened_ms bigint NOT NULL,
  updated_ms bigint NOT NULL,
  unanswered_ms bigint, -- of the first text without a reply
  reply_due_ms bigint,
  first_reply_ms bigint,
  closed_ms bigint,
  failed_id bytea, -- the reply whose failure reopened it
  asked_ms bigint, -- when the eSIM was asked what it meant
  watched_id bytea, -- the last reply, until its end is known
  look_ms bigint, -- when to look at it
  CONSTRAINT conversations_pk PRIMARY KEY (account_id, id)
);

CREATE UNIQUE INDEX conversations_current ON conversations (account_id, esim_tran_no)
  WHERE status <> 'closed';
CREATE INDEX conversations_by_esim ON conversations (account_id, esim_tran_no, id);
CREATE INDEX conversations_by_status ON conversations (account_id, status, id);
CREATE INDEX conversations_by_update ON conversations (updated_ms);
CREATE INDEX conversations_watched ON conversations (look_ms) WHERE watched_id IS NOT NULL;
CREATE INDEX conversations_due ON conversations (reply_due_ms) WHERE reply_due_ms IS NOT NULL;

CREATE TABLE conversation_notes (
  account_id integer NOT NULL,
  id bytea NOT NULL,
  conversation_id bytea NOT NULL,
  author text NOT NULL,
  words text NOT NULL, -- sealed with the key `text_key`
  text_key text,
  at_ms bigint NOT NULL,
  redacted_ms bigint,
  forgotten_ms bigint,
  CONSTRAINT conversation_notes_pk PRIMARY KEY (account_id, id)
);

CREATE INDEX conversation_notes_of ON conversation_notes (account_id, conversation_id, id);
