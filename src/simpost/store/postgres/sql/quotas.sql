-- name: lock_quotas
-- The counts of the keys; other transactions that use them wait until this one has ended.
INSERT INTO quota_uses AS q (account_id, counter, period, used, expires_ms)
SELECT account_id, counter, period, 0, expires_ms
FROM unnest($1::integer[], $2::text[], $3::text[], $4::bigint[])
  AS n (account_id, counter, period, expires_ms)
ON CONFLICT (account_id, counter, period) DO UPDATE SET used = q.used
RETURNING account_id, counter, period, used

-- name: set_quotas_used
UPDATE quota_uses AS q SET used = n.used
FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[])
  AS n (account_id, counter, period, used)
WHERE q.account_id = n.account_id AND q.counter = n.counter AND q.period = n.period

-- name: forget_quotas
WITH old AS (
  SELECT account_id, counter, period FROM quota_uses WHERE expires_ms < $1
  ORDER BY expires_ms LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM quota_uses AS q USING old
  WHERE q.account_id = old.account_id AND q.counter = old.counter AND q.period = old.period
  RETURNING 1
)
SELECT count(*) FROM gone
