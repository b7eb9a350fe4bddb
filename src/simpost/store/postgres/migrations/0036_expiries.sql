-- When the clock has to notice next that the plan of an eSIM ends; NULL: no more.
ALTER TABLE esim_facts ADD COLUMN expiry_due_ms bigint;

CREATE INDEX esim_facts_by_expiry ON esim_facts (expiry_due_ms) WHERE expiry_due_ms IS NOT NULL;
