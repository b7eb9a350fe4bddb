-- Plans and eSIMs.

-- name: find_esims
-- By number, or the newest with that ICCID; by both only if they agree. `+ 0` and OFFSET 0 force the
-- planner to use the key: it keeps the plan that it made when the table was small.
SELECT n.place, e.esim_tran_no, e.iccid, e.msisdn, e.imsi, e.smdp_status, e.esim_status,
  coalesce(e.sms_status, p.sms_status) AS sms_status,
  coalesce(p.package_code, e.package_code) AS package_code,
  coalesce(p.slug, '') AS slug, e.retired_ms IS NOT NULL AS retired,
  coalesce(p.location, '') AS coverage, coalesce(r.country, '') AS country,
  coalesce(r.language, '') AS language, coalesce(r.choices, '') AS choices,
  coalesce(r.open_hours, '') AS open_hours
FROM unnest($1::integer[], $2::integer[], $3::text[], $4::text[])
  AS n (place, account_id, esim_tran_no, iccid)
CROSS JOIN LATERAL (
  SELECT * FROM esims AS k
  WHERE k.account_id + 0 = n.account_id AND (n.iccid IS NULL OR k.iccid = n.iccid)
    AND k.esim_tran_no = coalesce(n.esim_tran_no, (
      SELECT i.esim_tran_no FROM esims AS i
      WHERE i.iccid = n.iccid AND i.account_id + 0 = n.account_id
      ORDER BY i.retired_ms IS NOT NULL, i.created_ms DESC, i.esim_tran_no DESC LIMIT 1
    ))
  OFFSET 0
) AS e
LEFT JOIN plans AS p ON p.package_code = coalesce(
  (SELECT c.package_code FROM plans AS c WHERE c.package_code = e.package_code),
  (SELECT min(s.package_code) FROM plans AS s WHERE s.slug = e.package_code AND s.slug <> '')
)
LEFT JOIN recipients AS r ON r.account_id = e.account_id AND r.esim_tran_no = e.esim_tran_no

-- name: esims_of_number
SELECT esim_tran_no, retired_ms IS NOT NULL AS retired FROM esims
WHERE msisdn = $2 AND msisdn <> '' AND account_id = $1
ORDER BY retired_ms IS NOT NULL, created_ms DESC LIMIT 2

-- name: query_esims
SELECT e.esim_tran_no, e.iccid, e.msisdn, e.imsi, e.order_no, e.package_code,
  coalesce(e.sms_status, p.sms_status, 0) AS sms_status, e.smdp_status, e.esim_status,
  e.created_ms, e.document,
  e.retired_ms IS NOT NULL AS retired
FROM esims AS e LEFT JOIN plans AS p ON p.package_code = coalesce(
  (SELECT package_code FROM plans WHERE package_code = e.package_code),
  (SELECT min(package_code) FROM plans WHERE slug = e.package_code AND slug <> '')
)
WHERE e.account_id = $1
  AND ($2::text IS NULL OR e.esim_tran_no = $2) AND ($3::text IS NULL OR e.iccid = $3)
  AND ($4::text IS NULL OR e.order_no = $4)
  AND ($5::bigint IS NULL OR e.created_ms >= $5) AND ($6::bigint IS NULL OR e.created_ms <= $6)
ORDER BY e.created_ms, e.esim_tran_no LIMIT $7 OFFSET $8

-- name: count_esims
SELECT count(*) FROM esims AS e
WHERE e.account_id = $1
  AND ($2::text IS NULL OR e.esim_tran_no = $2) AND ($3::text IS NULL OR e.iccid = $3)
  AND ($4::text IS NULL OR e.order_no = $4)
  AND ($5::bigint IS NULL OR e.created_ms >= $5) AND ($6::bigint IS NULL OR e.created_ms <= $6)

-- name: save_esims
INSERT INTO esims AS e (
  esim_tran_no, account_id, iccid, msisdn, imsi, order_no, package_code, sms_status, smdp_status,
  esim_status, created_ms, document)
SELECT n.esim_tran_no, $1, n.iccid, n.msisdn, n.imsi, n.order_no, n.package_code, n.sms_status,
  n.smdp_status, n.esim_status, n.created_ms, n.document
FROM unnest(
  $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::integer[],
  $9::text[], $10::text[], $11::bigint[], $12::text[]
) AS n (
  esim_tran_no, iccid, msisdn, imsi, order_no, package_code, sms_status, smdp_status,
  esim_status, created_ms, document
)
ON CONFLICT (esim_tran_no) DO UPDATE SET
  iccid = excluded.iccid, msisdn = excluded.msisdn, imsi = excluded.imsi,
  order_no = excluded.order_no, package_code = excluded.package_code,
  sms_status = excluded.sms_status, smdp_status = excluded.smdp_status,
  esim_status = excluded.esim_status, created_ms = least(e.created_ms, excluded.created_ms),
  document = excluded.document
WHERE e.account_id = excluded.account_id
RETURNING e.esim_tran_no

-- name: save_plans
INSERT INTO plans (package_code, slug, sms_status, type, location, data_type, document)
SELECT * FROM unnest(
  $1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::integer[], $7::text[])
ON CONFLICT (package_code) DO UPDATE SET
  slug = excluded.slug, sms_status = excluded.sms_status, type = excluded.type,
  location = excluded.location, data_type = excluded.data_type, document = excluded.document

-- name: list_plans
SELECT package_code, slug, sms_status, type, location, data_type, document, false AS retired
FROM plans
WHERE retired_ms IS NULL AND type = $1
  AND ($2::text IS NULL OR package_code = $2)
  AND ($3::text IS NULL OR slug = $3)
  AND ($4::integer[] IS NULL OR data_type = ANY ($4))
  AND CASE
    WHEN $5::text IS NULL THEN true
    WHEN $5 = '!GL' THEN location = '!GL' OR slug LIKE 'GL-%'
    WHEN $5 = '!RG' THEN
      location = '!RG' OR (strpos(location, ',') > 0 AND slug NOT LIKE 'GL-%')
    ELSE strpos(',' || location || ',', ',' || $5 || ',') > 0
  END
ORDER BY package_code COLLATE "C"

-- name: plans_version
-- `xmin` is the transaction that wrote a row last: a changed or replaced row increases the sum, and
-- an added or deleted row changes the count.
SELECT count(*) AS plans, coalesce(sum(xmin::text::bigint), 0)::bigint AS changes FROM plans

-- name: find_plan
SELECT package_code, slug, sms_status, type, location, data_type, document,
  retired_ms IS NOT NULL AS retired
FROM plans
WHERE package_code = $1 OR (slug = $1 AND slug <> '')
ORDER BY package_code <> $1, retired_ms IS NOT NULL, package_code COLLATE "C" LIMIT 1

-- name: stored_esims
SELECT account_id, esim_tran_no, iccid, msisdn, imsi, order_no, package_code, sms_status,
  smdp_status, esim_status, created_ms, document, retired_ms IS NOT NULL AS retired
FROM esims WHERE esim_tran_no = ANY ($1::text[])
ORDER BY esim_tran_no COLLATE "C" FOR UPDATE

-- name: stored_plans
SELECT package_code, slug, sms_status, type, location, data_type, document,
  retired_ms IS NOT NULL AS retired
FROM plans WHERE package_code = ANY ($1::text[]) ORDER BY package_code COLLATE "C" FOR UPDATE

-- name: reserve_esims
-- Reserves the key of a new row: a second import of the key waits here, then reads the first one's row.
INSERT INTO esims (
  esim_tran_no, account_id, iccid, msisdn, imsi, order_no, package_code, sms_status, smdp_status,
  esim_status, created_ms, document)
SELECT n, $2, '', '', '', '', '', NULL, '', '', 9223372036854775807, '' FROM unnest($1::text[]) AS n
ON CONFLICT (esim_tran_no) DO NOTHING
RETURNING esim_tran_no

-- name: reserve_plans
INSERT INTO plans (package_code, slug, sms_status, type, location, data_type, document)
SELECT n, '', 0, '', '', 0, '' FROM unnest($1::text[]) AS n
ON CONFLICT (package_code) DO NOTHING
RETURNING package_code

-- name: known_plans
SELECT n AS name FROM unnest($1::text[]) AS n
WHERE EXISTS (SELECT 1 FROM plans AS p WHERE p.package_code = n OR (p.slug = n AND n <> ''))

-- name: search_esims
SELECT account_id, esim_tran_no, iccid, msisdn, imsi, order_no, package_code, sms_status,
  smdp_status, esim_status, created_ms, document, retired_ms IS NOT NULL AS retired
FROM esims AS e
WHERE ($1::integer IS NULL OR account_id = $1)
  AND ($6::text IS NULL OR EXISTS (
    SELECT 1 FROM esim_tags AS t
    WHERE t.account_id = e.account_id AND t.esim_tran_no = e.esim_tran_no AND t.tag = $6))
  AND ($2::text IS NULL OR esim_tran_no = $2 OR iccid = $2 OR imsi = $2 OR order_no = $2
    OR (msisdn = $2 AND msisdn <> ''))
  AND ($3::boolean IS NULL OR (retired_ms IS NOT NULL) = $3)
  AND esim_tran_no COLLATE "C" > $4 COLLATE "C"
ORDER BY esim_tran_no COLLATE "C" LIMIT $5

-- name: all_plans
SELECT package_code, slug, sms_status, type, location, data_type, document,
  retired_ms IS NOT NULL AS retired
FROM plans WHERE package_code COLLATE "C" > $1 COLLATE "C"
ORDER BY package_code COLLATE "C" LIMIT $2

-- name: retire_esims
UPDATE esims SET retired_ms = $1::bigint
WHERE esim_tran_no = ANY ($2::text[]) AND (retired_ms IS NULL) <> ($1::bigint IS NULL)
RETURNING esim_tran_no

-- name: retire_plans
UPDATE plans SET retired_ms = $1::bigint
WHERE package_code = ANY ($2::text[]) AND (retired_ms IS NULL) <> ($1::bigint IS NULL)
RETURNING package_code

-- name: delete_esim
DELETE FROM esims WHERE esim_tran_no = $1 RETURNING esim_tran_no

-- name: delete_plan
DELETE FROM plans WHERE package_code = $1 RETURNING package_code

-- name: list_prices
SELECT package_code, price, retail_price FROM prices WHERE account_id = $1 ORDER BY package_code

-- name: known_codes
SELECT package_code FROM plans WHERE package_code = ANY ($1::text[])

-- name: save_prices
INSERT INTO prices (account_id, package_code, price, retail_price)
SELECT $1::integer, n.package_code, n.price, n.retail_price
FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS n (package_code, price, retail_price)
ON CONFLICT (account_id, package_code) DO UPDATE SET
  price = excluded.price, retail_price = excluded.retail_price

-- name: delete_prices
DELETE FROM prices WHERE account_id = $1::integer AND package_code = ANY ($2::text[])

-- Accounts.

-- name: list_accounts
SELECT a.id, a.access_code, a.sealed_secret, a.name, a.dialect, a.access_code_only, a.ip_allow,
  a.requests_per_s, a.category, a.webhook, a.enabled, a.look_alikes, a.language,
  a.detect_codes, a.budgets, a.code_policy,
  coalesce((SELECT l.kept FROM event_logs AS l WHERE l.account_id = a.id), false) AS events,
  coalesce(r.choices, '') AS choices, coalesce(r.open_hours, '') AS open_hours
FROM accounts AS a LEFT JOIN recipients AS r ON r.account_id = a.id AND r.esim_tran_no = ''
ORDER BY a.id

-- name: add_account
INSERT INTO accounts (
  access_code, sealed_secret, name, dialect, access_code_only, ip_allow, requests_per_s,
  category, webhook, enabled, look_alikes, language, detect_codes, budgets,
  code_policy
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
RETURNING id

-- name: change_account
UPDATE accounts SET
  sealed_secret = coalesce($1, sealed_secret),
  name = coalesce($2, name),
  dialect = coalesce($3, dialect),
  access_code_only = coalesce($4, access_code_only),
  ip_allow = coalesce($5, ip_allow),
  requests_per_s = coalesce($6, requests_per_s),
  category = coalesce($7, category),
  webhook = coalesce($8, webhook),
  enabled = coalesce($9, enabled),
  look_alikes = coalesce($10, look_alikes),
  language = coalesce($11, language),
  detect_codes = coalesce($12, detect_codes),
  budgets = coalesce($13, budgets),
  code_policy = coalesce($14, code_policy)
WHERE id = $15
RETURNING id

-- name: find_meta
SELECT value FROM meta WHERE name = $1

-- name: set_meta
INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
