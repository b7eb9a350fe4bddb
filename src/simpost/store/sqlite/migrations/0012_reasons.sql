-- Reasons and inbound states in the terms of docs/glossary.md.
CREATE TEMP TABLE renamed_reasons (old TEXT NOT NULL PRIMARY KEY, new TEXT NOT NULL);
INSERT INTO renamed_reasons (old, new) VALUES
  ('state_unknown', 'esim_state_unknown'),
  ('goes_in_circles', 'loop_detected'),
  ('returned', 'requeued'),
  ('unclear_answer', 'unclear_response'),
  ('no_answer', 'no_response'),
  ('repeats_used_up', 'repeats_exhausted'),
  ('not_repeated', 'expired_in_doubt'),
  ('validity_ended', 'validity_expired'),
  ('part_not_sent', 'sibling_part_failed');

UPDATE parts SET reason = r.new FROM renamed_reasons AS r WHERE reason = r.old;
UPDATE attempts SET reason = r.new FROM renamed_reasons AS r WHERE reason = r.old;
UPDATE requests SET reason = r.new FROM renamed_reasons AS r WHERE reason = r.old;
UPDATE receipts SET reason = r.new FROM renamed_reasons AS r WHERE reason = r.old;
UPDATE assemblies SET reason = r.new FROM renamed_reasons AS r WHERE reason = r.old;
UPDATE inbound SET reason = r.new FROM renamed_reasons AS r WHERE reason = r.old;
UPDATE refusals SET reason = r.new FROM renamed_reasons AS r WHERE reason = r.old;
UPDATE inbound SET state = 'forwarded' WHERE state = 'carried';
DROP TABLE renamed_reasons;
