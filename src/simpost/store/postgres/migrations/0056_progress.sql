-- When a job last got further: one that is due and does not is stuck, although it is leased again
-- and again.
ALTER TABLE bulk_jobs ADD COLUMN progress_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN progress_ms bigint NOT NULL DEFAULT 0;
