-- name: add_refusals
INSERT INTO refusals (account_id, id, esim_tran_no, iccid, reason, request_id, created_ms)
SELECT * FROM unnest(
  $1::integer[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])

-- name: lock_refusal_day
-- Of several nodes one at a time counts a day.
INSERT INTO refusal_days AS d (account_id, day, listed, not_listed) VALUES ($1, $2, 0, 0)
ON CONFLICT (account_id, day) DO UPDATE SET listed = d.listed
RETURNING listed

-- name: count_refusals
UPDATE refusal_days SET listed = listed + $3, not_listed = not_listed + $4
WHERE account_id = $1 AND day = $2

-- name: list_refusals
SELECT account_id, id, esim_tran_no, iccid, reason, request_id, created_ms FROM refusals
WHERE account_id = $1 AND id < $2 AND created_ms >= $3 AND created_ms <= $4
  AND ($5::text IS NULL OR esim_tran_no = $5) AND ($6::text IS NULL OR iccid = $6)
  AND ($7::text IS NULL OR reason = $7)
ORDER BY id DESC LIMIT $8

-- name: unlisted_refusals
SELECT day, not_listed FROM refusal_days WHERE account_id = $1 AND not_listed > 0
ORDER BY day DESC LIMIT 100

-- name: retire_refusals
WITH old AS (
  SELECT account_id, id FROM refusals WHERE created_ms < $1
  ORDER BY created_ms LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM refusals AS r USING old WHERE r.account_id = old.account_id AND r.id = old.id
  RETURNING 1
)
SELECT count(*) FROM gone

-- name: retire_refusal_days
DELETE FROM refusal_days WHERE day < $1
