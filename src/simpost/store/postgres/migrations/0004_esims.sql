-- The eSIM of a message, in its first part beside the state of the message: one index has both.
-- Only ends are in it, so a message is written there once; what is open is looked for otherwise.
ALTER TABLE parts ADD COLUMN esim_tran_no text; -- NULL in all parts but the first

SET LOCAL enable_seqscan = on;
SET LOCAL enable_hashjoin = on;
UPDATE parts AS p SET esim_tran_no = m.esim_tran_no
FROM messages AS m
WHERE m.account_id = p.account_id AND m.id = p.message_id AND p.number = 1;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_hashjoin = off;

CREATE INDEX parts_by_esim ON parts (account_id, esim_tran_no, message_state, message_id)
  WHERE message_state >= 100;
