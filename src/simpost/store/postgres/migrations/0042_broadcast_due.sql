-- Recipients that are due at one moment are paged by their esimTranNo.
DROP INDEX broadcast_recipients_due;
CREATE INDEX broadcast_recipients_due
  ON broadcast_recipients (account_id, broadcast_id, due_ms, esim_tran_no) WHERE state = 'held';
