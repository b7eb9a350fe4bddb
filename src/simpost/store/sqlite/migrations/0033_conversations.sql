-- The texts of an eSIM that people answer, in episodes. One of an eSIM is not closed.
CREATE TABLE conversations (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL,
  esim_tran_no TEXT NOT NULL,
  status TEXT NOT NULL,
  assignee TEXT NOT NULL,
  tags TEXT NOT NULL, -- each between line feeds
  unread INTEGER NOT NULL,
  own_number TEXT NOT NULL, -- that the eSIM wrote to
  opened_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  unanswered_ms INTEGER, -- of the first text without a reply
  reply_due_ms INTEGER,
  first_reply_ms INTEGER,
  closed_ms INTEGER,
  failed_id BLOB, -- the reply whose failure reopened it
  asked_ms INTEGER, -- when the eSIM was asked what it meant
  watched_id BLOB, -- the last reply, until its end is known
  look_ms INTEGER, -- when to look at it
  CONSTRAINT conversations_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX conversations_current ON conversations (account_id, esim_tran_no)
  WHERE status <> 'closed';
CREATE INDEX conversations_by_esim ON conversations (account_id, esim_tran_no, id);
CREATE INDEX conversations_by_status ON conversations (account_id, status, id);
CREATE INDEX conversations_by_update ON conversations (updated_ms);
CREATE INDEX conversations_watched ON conversations (look_ms) WHERE watched_id IS NOT NULL;
CREATE INDEX conversations_due ON conversations (reply_due_ms) WHERE reply_due_ms IS NOT NULL;

CREATE TABLE conversation_notes (
  account_id INTEGER NOT NULL,
  id BLOB NOT NULL,
  conversation_id BLOB NOT NULL,
  author TEXT NOT NULL,
  words TEXT NOT NULL, -- sealed with the key `text_key`
  text_key TEXT,
  at_ms INTEGER NOT NULL,
  redacted_ms INTEGER,
  forgotten_ms INTEGER,
  CONSTRAINT conversation_notes_pk PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX conversation_notes_of ON conversation_notes (account_id, conversation_id, id);
