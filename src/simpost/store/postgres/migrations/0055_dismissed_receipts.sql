-- When a person dismissed a receipt that matches no part. It stays stored, and still finds its part.
ALTER TABLE receipts ADD COLUMN dismissed_ms bigint;
