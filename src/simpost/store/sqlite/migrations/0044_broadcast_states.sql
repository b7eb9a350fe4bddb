-- Recipients are listed by state; those that wait are taken from the same index.
DROP INDEX broadcast_recipients_waiting;
CREATE INDEX broadcast_recipients_by_state
  ON broadcast_recipients (account_id, broadcast_id, state, esim_tran_no);
