-- name: count_quotas
-- The beginning of `accept` for messages that use quotas: see `ACCEPT_AND_COUNT`. Its arrays are
-- short, too.
uses AS (
  SELECT coalesce(account_id, ($1::integer[])[1]) AS account_id, counter,
    coalesce(period, ($3::text[])[1]) AS period,
    coalesce(amount, ($4::bigint[])[1]) AS amount, coalesce(most, ($5::bigint[])[1]) AS most,
    coalesce(has_alarms, ($6::boolean[])[1]) AS has_alarms,
    coalesce(expires_ms, ($7::bigint[])[1]) AS expires_ms, place
  FROM unnest(
    $1::integer[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[],
    $7::bigint[]
  ) WITH ORDINALITY AS u (
    account_id, counter, period, amount, most, has_alarms, expires_ms, place)
), counted AS (
  INSERT INTO quota_uses AS q (account_id, counter, period, used, expires_ms)
  SELECT account_id, counter, period, amount, expires_ms FROM uses
  ON CONFLICT (account_id, counter, period) DO UPDATE SET used = q.used + excluded.used
  RETURNING account_id, counter, period, used
), counts AS MATERIALIZED (
  -- In the order of `uses`, which is that of their keys: a join would compare each with each.
  SELECT array_agg(used ORDER BY account_id, counter COLLATE "C", period COLLATE "C") AS used
  FROM counted
), before AS MATERIALIZED (
  -- What was used before each use: before the statement, and by the messages before it. Each
  -- message has a slice of it: a join would compare each message with each.
  SELECT array_agg(c.used[m.use] - coalesce(m.later, ($11::bigint[])[1]) ORDER BY m.place) AS used
  FROM counts AS c, unnest($10::integer[], $11::bigint[]) WITH ORDINALITY
    AS m (use, later, place)
)

-- name: check_counted
-- The end of it. Divides by zero, which undoes the statement, if a quota is reached, if an alarm
-- ($8: percents) must be raised, or if a request id ($9: how many) was used before.
SELECT 1 / bool_and(
  c.used[u.place] <= u.most AND (NOT u.has_alarms
    OR width_bucket(100 * (c.used[u.place] - u.amount)::bigint / u.most, $8::bigint[])
     = width_bucket(100 * c.used[u.place]::bigint / u.most, $8::bigint[])))::integer
FROM counts AS c, uses AS u
UNION ALL
SELECT 1 / (count(*) = $9)::integer FROM taken

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
FROM unnest($1::integer[], $2::text[], $3::text[], $4::bigint[])
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
