-- The caller's own string for a message, by which it can find the message again.
ALTER TABLE messages ADD COLUMN caller_reference TEXT;
ALTER TABLE refusals ADD COLUMN caller_reference TEXT;

CREATE INDEX messages_by_reference ON messages (account_id, caller_reference, id)
  WHERE caller_reference IS NOT NULL;
