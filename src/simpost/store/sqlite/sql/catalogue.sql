-- Plans and eSIMs.

-- name: find_esim
SELECT e.esim_tran_no, e.iccid, e.msisdn, e.imsi, e.smdp_status, e.esim_status,
  coalesce(e.sms_status, p.sms_status) AS sms_status,
  coalesce(p.package_code, e.package_code) AS package_code,
  coalesce(p.slug, '') AS slug, e.retired_ms IS NOT NULL AS retired,
  coalesce(p.location, '') AS coverage, coalesce(r.country, '') AS country,
  coalesce(r.language, '') AS language, coalesce(r.choices, '') AS choices,
  coalesce(r.open_hours, '') AS open_hours
FROM esims AS e LEFT JOIN plans AS p ON p.package_code = coalesce(
  (SELECT package_code FROM plans WHERE package_code = e.package_code),
  (SELECT min(package_code) FROM plans WHERE slug = e.package_code AND slug <> '')
)
LEFT JOIN recipients AS r ON r.account_id = e.account_id AND r.esim_tran_no = e.esim_tran_no
WHERE e.esim_tran_no = ?1 AND e.account_id = ?2 AND (?3 IS NULL OR e.iccid = ?3)

-- name: newest_esim_of_iccid
SELECT esim_tran_no FROM esims WHERE account_id = ? AND iccid = ?
ORDER BY retired_ms IS NOT NULL, created_ms DESC, esim_tran_no DESC LIMIT 1

-- name: esims_of_number
SELECT esim_tran_no, retired_ms IS NOT NULL AS retired FROM esims INDEXED BY esims_by_msisdn
WHERE msisdn = ?2 AND msisdn <> '' AND account_id = ?1
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
WHERE {where}
ORDER BY e.created_ms, e.esim_tran_no LIMIT :limit OFFSET :offset

-- name: count_esims
SELECT count(*) FROM esims AS e WHERE {where}

-- name: save_esim
INSERT INTO esims (
  esim_tran_no, account_id, iccid, msisdn, imsi, order_no, package_code, sms_status, smdp_status,
  esim_status, created_ms, document
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (esim_tran_no) DO UPDATE SET
  iccid = excluded.iccid, msisdn = excluded.msisdn, imsi = excluded.imsi,
  order_no = excluded.order_no, package_code = excluded.package_code,
  sms_status = excluded.sms_status, smdp_status = excluded.smdp_status,
  esim_status = excluded.esim_status, created_ms = min(created_ms, excluded.created_ms),
  document = excluded.document
WHERE esims.account_id = excluded.account_id

-- name: save_plan
INSERT INTO plans (package_code, slug, sms_status, type, location, data_type, document)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (package_code) DO UPDATE SET
  slug = excluded.slug, sms_status = excluded.sms_status, type = excluded.type,
  location = excluded.location, data_type = excluded.data_type, document = excluded.document

-- name: list_plans
SELECT package_code, slug, sms_status, type, location, data_type, document, false AS retired
FROM plans
WHERE retired_ms IS NULL AND type = :type
  AND (:package_code IS NULL OR package_code = :package_code)
  AND (:slug IS NULL OR slug = :slug)
  AND (:data_types IS NULL OR data_type IN (SELECT value FROM json_each(:data_types)))
  AND CASE
    WHEN :location IS NULL THEN 1
    WHEN :location = '!GL' THEN location = '!GL' OR slug LIKE 'GL-%'
    WHEN :location = '!RG' THEN
      location = '!RG' OR (instr(location, ',') > 0 AND slug NOT LIKE 'GL-%')
    ELSE instr(',' || location || ',', ',' || :location || ',') > 0
  END
ORDER BY package_code

-- name: find_plan
SELECT package_code, slug, sms_status, type, location, data_type, document,
  retired_ms IS NOT NULL AS retired
FROM plans
WHERE package_code = ?1 OR (slug = ?1 AND slug <> '')
ORDER BY package_code <> ?1, retired_ms IS NOT NULL, package_code LIMIT 1

-- name: stored_esim
SELECT account_id, esim_tran_no, iccid, msisdn, imsi, order_no, package_code, sms_status,
  smdp_status, esim_status, created_ms, document, retired_ms IS NOT NULL AS retired
FROM esims WHERE esim_tran_no = ?

-- name: stored_plan
SELECT package_code, slug, sms_status, type, location, data_type, document,
  retired_ms IS NOT NULL AS retired
FROM plans WHERE package_code = ?

-- name: has_plan
SELECT 1 FROM plans WHERE package_code = ?1 OR (slug = ?1 AND slug <> '') LIMIT 1

-- name: search_esims
SELECT account_id, esim_tran_no, iccid, msisdn, imsi, order_no, package_code, sms_status,
  smdp_status, esim_status, created_ms, document, retired_ms IS NOT NULL AS retired
FROM esims AS e WHERE {where}
ORDER BY e.esim_tran_no LIMIT :limit

-- name: all_plans
SELECT package_code, slug, sms_status, type, location, data_type, document,
  retired_ms IS NOT NULL AS retired
FROM plans WHERE package_code > ? ORDER BY package_code LIMIT ?

-- name: retire_esim
UPDATE esims SET retired_ms = ?1
WHERE esim_tran_no = ?2 AND (retired_ms IS NULL) <> (?1 IS NULL)

-- name: retire_plan
UPDATE plans SET retired_ms = ?1
WHERE package_code = ?2 AND (retired_ms IS NULL) <> (?1 IS NULL)

-- name: delete_esim
DELETE FROM esims WHERE esim_tran_no = ?

-- name: delete_plan
DELETE FROM plans WHERE package_code = ?

-- name: list_prices
SELECT package_code, price, retail_price FROM prices WHERE account_id = ? ORDER BY package_code

-- name: save_price
INSERT INTO prices (account_id, package_code, price, retail_price) VALUES (?, ?, ?, ?)
ON CONFLICT (account_id, package_code) DO UPDATE SET
  price = excluded.price, retail_price = excluded.retail_price

-- name: delete_price
DELETE FROM prices WHERE account_id = ? AND package_code = ?

-- Accounts.

-- name: list_accounts
SELECT a.id, a.access_code, a.sealed_secret, a.name, a.dialect, a.access_code_only, a.ip_allow,
  a.requests_per_s, a.category, a.webhook, a.enabled, a.look_alikes, a.language,
  a.detect_codes, a.budgets, a.code_policy,
  coalesce((SELECT l.kept FROM event_logs AS l WHERE l.account_id = a.id), 0) AS events,
  coalesce(r.choices, '') AS choices, coalesce(r.open_hours, '') AS open_hours
FROM accounts AS a LEFT JOIN recipients AS r ON r.account_id = a.id AND r.esim_tran_no = ''
ORDER BY a.id

-- name: add_account
INSERT INTO accounts (
  access_code, sealed_secret, name, dialect, access_code_only, ip_allow, requests_per_s,
  category, webhook, enabled, look_alikes, language, detect_codes, budgets,
  code_policy
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
RETURNING id

-- name: change_account
UPDATE accounts SET
  sealed_secret = coalesce(?, sealed_secret),
  name = coalesce(?, name),
  dialect = coalesce(?, dialect),
  access_code_only = coalesce(?, access_code_only),
  ip_allow = coalesce(?, ip_allow),
  requests_per_s = coalesce(?, requests_per_s),
  category = coalesce(?, category),
  webhook = coalesce(?, webhook),
  enabled = coalesce(?, enabled),
  look_alikes = coalesce(?, look_alikes),
  language = coalesce(?, language),
  detect_codes = coalesce(?, detect_codes),
  budgets = coalesce(?, budgets),
  code_policy = coalesce(?, code_policy)
WHERE id = ?
RETURNING id

-- name: find_meta
SELECT value FROM meta WHERE name = ?

-- name: set_meta
INSERT INTO meta (name, value) VALUES (?, ?)

-- name: replace_meta
INSERT INTO meta (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: delete_meta
DELETE FROM meta WHERE name = ?
