-- name: quota_used
SELECT used FROM quota_uses WHERE account_id = ? AND counter = ? AND period = ?

-- name: set_quota_used
INSERT INTO quota_uses (account_id, counter, period, used, expires_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (account_id, counter, period) DO UPDATE SET used = excluded.used

-- name: forget_quotas
DELETE FROM quota_uses WHERE (account_id, counter, period) IN (
  SELECT account_id, counter, period FROM quota_uses WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?
)
