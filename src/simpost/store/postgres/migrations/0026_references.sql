-- The caller's own string for a message, by which it can find the message again. In the order of
-- octets, so that a prefix is a range of the index.
ALTER TABLE messages ADD COLUMN caller_reference text COLLATE "C";
ALTER TABLE refusals ADD COLUMN caller_reference text COLLATE "C";

CREATE INDEX messages_by_reference ON messages (account_id, caller_reference, id)
  WHERE caller_reference IS NOT NULL;
