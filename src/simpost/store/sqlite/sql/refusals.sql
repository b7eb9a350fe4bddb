-- name: add_refusal
INSERT INTO refusals (account_id, id, esim_tran_no, iccid, reason, request_id, created_ms)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: refusals_listed
SELECT listed FROM refusal_days WHERE account_id = ? AND day = ?

-- name: count_refusals
INSERT INTO refusal_days (account_id, day, listed, not_listed) VALUES (?, ?, ?, ?)
ON CONFLICT (account_id, day) DO UPDATE SET
  listed = listed + excluded.listed, not_listed = not_listed + excluded.not_listed

-- name: list_refusals
SELECT account_id, id, esim_tran_no, iccid, reason, request_id, created_ms FROM refusals
WHERE account_id = ?1 AND id < ?2 AND created_ms >= ?3 AND created_ms <= ?4
  AND (?5 IS NULL OR esim_tran_no = ?5) AND (?6 IS NULL OR iccid = ?6)
  AND (?7 IS NULL OR reason = ?7)
ORDER BY id DESC LIMIT ?8

-- name: unlisted_refusals
SELECT day, not_listed FROM refusal_days WHERE account_id = ? AND not_listed > 0
ORDER BY day DESC LIMIT 100

-- name: retire_refusals
DELETE FROM refusals WHERE (account_id, id) IN (
  SELECT account_id, id FROM refusals WHERE created_ms < ? ORDER BY created_ms LIMIT ?
)

-- name: retire_refusal_days
DELETE FROM refusal_days WHERE day < ?
