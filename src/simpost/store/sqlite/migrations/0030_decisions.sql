-- What was kept of decisions, as JSON of `DecisionRecord`: NULL where nothing had to be kept.
-- Of a message that was sent at once, and of a refusal, one record; of a held message one line for
-- each decision.
ALTER TABLE messages ADD COLUMN decision TEXT;
ALTER TABLE held_messages ADD COLUMN decisions TEXT;
ALTER TABLE refusals ADD COLUMN decision TEXT;
